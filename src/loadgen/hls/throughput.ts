/** After this many seconds of loading, a measurement counts half; the two averages follow changes faster and slower. */
const HALF_LIVES = [3, 9] as const;
/** Minimum time that a file counts with, ms: a file that comes in one read of the socket seems to take no time. */
const LEAST_MS = 5;

/** How fast one viewer's connection is: the lesser of two moving averages, so that it falls fast and rises slowly. */
export class Throughput {
  readonly #sums = HALF_LIVES.map((half) => ({ half, bits: 0, seconds: 0 }));

  /** Bits a second; undefined before the first measurement. */
  get bps(): number | undefined {
    if (this.#sums[0]?.seconds === 0) return undefined;
    return this.#sums.reduce((least, { bits, seconds }) => Math.min(least, bits / seconds), Number.POSITIVE_INFINITY);
  }

  /** Adds a file that took `ms` from its first byte to its last. */
  add(bytes: number, ms: number): void {
    const seconds = Math.max(ms, LEAST_MS) / 1000;
    for (const sum of this.#sums) {
      const kept = 0.5 ** (seconds / sum.half);
      sum.bits = sum.bits * kept + bytes * 8;
      sum.seconds = sum.seconds * kept + seconds;
    }
  }
}
