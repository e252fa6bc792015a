/** Samples are taken this far apart, ms. */
export const SAMPLE_MS = 10_000;
/** They are kept for 30 s, so that rates are of the last 30 to 40 s. */
const SAMPLES = 4;
const FIELDS = 4;

/** Numbers that only grow, at one time. */
export interface Counters {
  readonly received: number;
  readonly sent: number;
  readonly frames: number;
}

/** A rate for each of some counters, per second. */
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
    this.#samples.set([now, received, sent, frames], at);
  }

  /** Since the oldest sample that is kept. */
  rates(now: number, { received, sent, frames }: Counters): Rates {
    const at = this.#count < SAMPLES ? 0 : (this.#count % SAMPLES) * FIELDS;
    const [then = 0, receivedThen = 0, sentThen = 0, framesThen = 0] = this.#samples.subarray(at, at + FIELDS);
    const seconds = Math.max(1, (now - then) / 1000);
    const rate = (value: number, before: number) => Math.max(0, value - before) / seconds;
    return { received: rate(received, receivedThen), sent: rate(sent, sentThen), frames: rate(frames, framesThen) };
  }
}
