/** Answers to pings that are remembered: of the last minute. */
const MAX_SAMPLES = 60;
/** The current ping is the median of this many answers. */
const RECENT = 3;

/**
 * How long packets take from one server to the next: half of the shortest ping, as the clocks of two machines differ. What a
 * ping takes longer than that, it has waited in the queue of the media, so that counts whole.
 */
export class LinkDelay {
  /** Pings, ms, oldest first. */
  readonly #samples: number[] = [];

  /** A ping was answered after this time. */
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
