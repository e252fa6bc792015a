/** Changes of less than this, ms and as a share, are not told. */
const MIN_CHANGE_MS = 5;
const MIN_CHANGE = 0.05;

/** What another server was told of the age of a stream's packets. */
export class ToldAge {
  #told: number | undefined;

  /** Whether an age (ms; undefined: unknown) is to be told, as it has changed noticeably; it counts as told then. */
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
