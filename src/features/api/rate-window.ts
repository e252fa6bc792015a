/** Samples are taken this far apart, ms. */
export const SAMPLE_MS = 10_000;
/** Number of samples that are kept: the oldest is 30 to 40 s old, the time over which rates are measured. */
const SAMPLES = 4;
const FIELDS = 4;

/** The values of counters, which only grow, at one time. */
export interface Counters {
  readonly received: number;
  readonly sent: number;
  readonly frames: number;
}

/** The rates of the counters, per second. */
export interface Rates {
  readonly received: number;
  readonly sent: number;
  readonly frames: number;
}

/** The samples of one client or stream, oldest first in a ring. */
export class RateWindow {
  readonly #samples = new Float64Array(SAMPLES * FIELDS);
  #count = 0;

  /** `since`: when all counters were 0, monotonic ms. */
  constructor(since: number) {
    this.add(since, { received: 0, sent: 0, frames: 0 });
  }

  add(now: number, { received, sent, frames }: Counters): void {
    const at = (this.#count % SAMPLES) * FIELDS;
    this.#count++;
    const samples = this.#samples;
    samples[at] = now;
    samples[at + 1] = received;
    samples[at + 2] = sent;
    samples[at + 3] = frames;
  }

  /** The rates since the oldest sample that is kept. */
  rates(now: number, { received, sent, frames }: Counters): Rates {
    const at = this.#count < SAMPLES ? 0 : (this.#count % SAMPLES) * FIELDS;
    const samples = this.#samples;
    const seconds = Math.max(1, (now - (samples[at] ?? 0)) / 1000);
    return {
      received: Math.max(0, received - (samples[at + 1] ?? 0)) / seconds,
      sent: Math.max(0, sent - (samples[at + 2] ?? 0)) / seconds,
      frames: Math.max(0, frames - (samples[at + 3] ?? 0)) / seconds,
    };
  }
}
