/** How long to wait before trying again. Jitter spreads the waits, so that clients that failed together don't return together. */
export interface BackoffPolicy {
  readonly firstMs: number;
  readonly factor: number;
  readonly maxMs: number;
}

/** Exponential backoff with jitter of a quarter either way. `random` gives numbers in [0, 1). */
export class Backoff {
  readonly #policy: BackoffPolicy;
  readonly #random: () => number;
  #attempt = 0;

  constructor(policy: BackoffPolicy, random: () => number) {
    this.#policy = policy;
    this.#random = random;
  }

  /** Failures in a row. */
  get attempt(): number {
    return this.#attempt;
  }

  /** Counts a failure and returns the wait before the next try, ms. */
  next(): number {
    const { firstMs, factor, maxMs } = this.#policy;
    const base = Math.min(maxMs, firstMs * factor ** this.#attempt);
    this.#attempt++;
    return this.#spread(base);
  }

  /** Counts a failure and returns a wait of about `ms`, with jitter. For a failure that a quick retry will not mend. */
  nextSlow(ms: number): number {
    this.#attempt++;
    return this.#spread(ms);
  }

  /** The last try succeeded: the wait after the next failure is short again. */
  reset(): void {
    this.#attempt = 0;
  }

  #spread(ms: number): number {
    return ms * (0.75 + this.#random() * 0.5);
  }
}
