/** Different errors of one outage that get a line each. A peer can invent ever new ones. */
const MAX_TOLD = 8;

/** The errors logged since a relay last ran, so that servers that fail in turn are logged once each. */
export class LoggedErrors {
  readonly #told = new Set<string>();

  /** Whether to log the error; it then counts as logged. */
  isNew(error: string): boolean {
    if (this.#told.has(error) || this.#told.size >= MAX_TOLD) return false;
    this.#told.add(error);
    return true;
  }

  /** The relay runs again: the next errors belong to another outage. */
  clear(): void {
    this.#told.clear();
  }
}
