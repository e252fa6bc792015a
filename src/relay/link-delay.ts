/** Round trips that are kept, one a second: those of the last minute. */
const MAX_SAMPLES = 60;
/** The current round trip is the median of the last ones, this many. */
const RECENT = 3;

/**
 * How long packets take from one server to the next, by the round trips of pings, as the clocks of two machines differ: half of the
 * shortest round trip, plus all that the current one takes longer, since it waited that long in the queue of the media.
 */
export class LinkDelay {
  /** Round trips, ms, oldest first. */
  readonly #samples: number[] = [];

  /** Adds the round trip of a ping. */
  add(ms: number): void {
    this.#samples.push(ms);
    if (this.#samples.length > MAX_SAMPLES) this.#samples.shift();
  }

  /** Undefined before the first answer. */
  get ms(): number | undefined {
    const recent = this.#samples.slice(-RECENT).sort((a, b) => a - b);
    const now = recent[recent.length >> 1];
    if (now === undefined) return undefined;
    const shortest = Math.min(...this.#samples);
    return shortest / 2 + now - shortest;
  }
}
