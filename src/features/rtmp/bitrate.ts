const SECONDS = 10;
/** Who has been over the limit has to fall below this share of it before that is told again. */
const SETTLED = 0.9;

/** A publisher's bitrate over the last ten seconds, looked at once a second. */
export class BitrateWatch {
  /** The totals of bytes at the last looks, oldest first. */
  readonly #totals: number[] = [0];
  #over = false;

  /**
   * `bytes`: received so far. Over the limit (kbit/s; 0 is none) is who has sent more than ten seconds of it within ten
   * seconds, so that a burst at the start is no offence. The kbit/s when that begins, once; undefined else.
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
