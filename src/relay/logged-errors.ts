/** Maximum number of different errors that one outage logs, as a peer can invent new ones without end. */
const MAX_LOGGED = 8;

/** The errors logged since a relay last ran, so that servers that fail in turn are logged once each. */
export class LoggedErrors {
  readonly #logged = new Set<string>();

  /** Whether to log the error; it then counts as logged. */
  isNew(error: string): boolean {
    if (this.#logged.has(error) || this.#logged.size >= MAX_LOGGED) return false;
    this.#logged.add(error);
    return true;
  }

  /** The relay runs again: the next errors belong to another outage. */
  clear(): void {
    this.#logged.clear();
  }
}
