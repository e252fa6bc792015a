import type { Clock, Timer } from "../../base/clock.ts";

const PERIOD_MS = 250;

/** Upper bounds of the histogram's buckets, seconds. */
export const delayBounds: readonly number[] = [0.002, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1];

/** Measures how late a timer runs, which is how long the event loop makes others wait. It begins with the first scrape of metrics. */
export class LoopDelay {
  readonly counts: number[] = Array.from({ length: delayBounds.length + 1 }, () => 0);
  /** Sum of all delays, seconds. */
  sum = 0;
  readonly #clock: Clock;
  #timer: Timer | undefined;

  constructor(clock: Clock) {
    this.#clock = clock;
  }

  /** Begins to measure, unless it already does; a server without scrapes has no such timer. */
  start(): void {
    if (this.#timer !== undefined) return;
    const clock = this.#clock;
    let due = clock.now() + PERIOD_MS;
    this.#timer = clock.every(PERIOD_MS, () => {
      const now = clock.now();
      this.#add(Math.max(0, now - due) / 1000);
      due = now + PERIOD_MS;
    });
  }

  stop(): void {
    this.#timer?.cancel();
  }

  #add(seconds: number): void {
    const at = delayBounds.findIndex((bound) => seconds <= bound);
    const index = at < 0 ? delayBounds.length : at;
    this.counts[index] = (this.counts[index] ?? 0) + 1;
    this.sum += seconds;
  }
}
