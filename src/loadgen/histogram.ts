// Hot: record runs for each frame of each player.

/** Each doubling is cut into this many equal buckets, so that a value is off by at most 1/32, 3 %. */
const STEPS = 32;
const STEP_BITS = 5;
const MAX_VALUE = 0x7fffffff;
const BUCKETS = (31 - STEP_BITS + 1) * STEPS;

/** Counts of whole numbers from 0 to 2^31 - 1 (microseconds: 35 minutes) in buckets of equal relative width. Of fixed size. */
export class Histogram {
  readonly #buckets = new Uint32Array(BUCKETS);
  count = 0;
  /** Exact. */
  max = 0;

  /** Counts a value; values out of range count as the nearest in range. */
  record(value: number): void {
    const whole = value >= MAX_VALUE ? MAX_VALUE : value > 0 ? Math.trunc(value) : 0;
    const shift = Math.max(0, 31 - STEP_BITS - Math.clz32(whole));
    const bucket = shift * STEPS + (whole >>> shift);
    this.#buckets[bucket] = (this.#buckets[bucket] ?? 0) + 1;
    this.count++;
    if (whole > this.max) this.max = whole;
  }

  /** The value that a share `fraction` (0 to 1) of all values does not exceed; undefined when nothing is counted. */
  percentile(fraction: number): number | undefined {
    if (this.count === 0) return undefined;
    let left = Math.max(1, Math.ceil(this.count * fraction));
    for (let bucket = 0; bucket < BUCKETS; bucket++) {
      left -= this.#buckets[bucket] ?? 0;
      if (left <= 0) return Math.min(this.max, largestIn(bucket));
    }
    return this.max;
  }

  /** Adds all that another one counted. */
  add(other: Histogram): void {
    for (let bucket = 0; bucket < BUCKETS; bucket++)
      this.#buckets[bucket] = (this.#buckets[bucket] ?? 0) + (other.#buckets[bucket] ?? 0);
    this.count += other.count;
    this.max = Math.max(this.max, other.max);
  }

  clear(): void {
    this.#buckets.fill(0);
    this.count = 0;
    this.max = 0;
  }
}

function largestIn(bucket: number): number {
  const shift = Math.max(0, Math.floor(bucket / STEPS) - 1);
  return (bucket - shift * STEPS + 1) * 2 ** shift - 1;
}
