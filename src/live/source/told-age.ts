/** Changes smaller than the greater of these, in ms and as a share of the age, are not sent. */
const MIN_CHANGE_MS = 5;
const MIN_CHANGE = 0.05;

/** The age of a stream's packets that another server was last sent. */
export class ToldAge {
  #told: number | undefined;

  /** Whether an age (ms; undefined: unknown) has changed so much that it has to be sent; it then counts as sent. */
  isNews(ms: number | undefined): boolean {
    const told = this.#told;
    const isSame =
      ms === undefined || told === undefined
        ? ms === told
        : Math.abs(ms - told) < Math.max(MIN_CHANGE_MS, told * MIN_CHANGE);
    if (!isSame) this.#told = ms;
    return !isSame;
  }
}
