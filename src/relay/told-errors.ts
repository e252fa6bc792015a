/** So many different errors of one outage get a line each. A peer can make up ever new ones. */
const MAX_TOLD = 8;

/** The errors that were logged since a relay last ran, so that places that fail in turn, each in its own way, are told once. */
export class ToldErrors {
  readonly #told = new Set<string>();

  /** Whether the error deserves a line; it then counts as told. */
  isNew(error: string): boolean {
    if (this.#told.has(error) || this.#told.size >= MAX_TOLD) return false;
    this.#told.add(error);
    return true;
  }

  /** The relay runs again: the next errors are those of another outage. */
  clear(): void {
    this.#told.clear();
  }
}
