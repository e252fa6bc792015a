const SECONDS = 10;
/** A publisher that was over the limit is reported again only after falling below this share of it. */
const SETTLED = 0.9;

/** A publisher's bitrate over the last ten seconds, checked once a second. */
export class BitrateWatch {
  /** The totals of bytes at the last checks, oldest first. */
  readonly #totals: number[] = [0];
  #over = false;

  /**
   * `bytes`: received so far. A publisher is over the limit (kbit/s; 0 is none) when it has sent more than ten seconds of it
   * within ten seconds, so a burst at the start is allowed. Returns the kbit/s once, when that begins.
   */
  look(bytes: number, limit: number): number | undefined {
    this.#totals.push(bytes);
    if (this.#totals.length > SECONDS + 1) this.#totals.shift();
    const kbps = ((bytes - (this.#totals[0] ?? 0)) * 8) / 1000 / SECONDS;
    const before = this.#over;
    this.#over = limit > 0 && kbps > (before ? limit * SETTLED : limit);
    return this.#over && !before ? Math.round(kbps) : undefined;
  }
}
