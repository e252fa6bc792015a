import type { Timer } from "../../src/base/clock.ts";
import { type Flushable, Flusher } from "../../src/live/readers/flusher.ts";
import { FakeClock } from "./fake-clock.ts";
import { rethrow } from "./faults.ts";

/** A stream whose flush takes `costMs`, in steps of a millisecond. */
export class Stub implements Flushable {
  readonly latency: number | "auto";
  queued = false;
  dueAt = 0;
  wake: Timer | undefined;
  costMs: number;
  /** When flushes began. */
  readonly begun: number[] = [];
  finished = 0;
  slices = 0;
  readonly #clock: FakeClock;
  #left = 0;

  constructor(clock: FakeClock, latency: number | "auto" = "auto", costMs = 0) {
    this.#clock = clock;
    this.latency = latency;
    this.costMs = costMs;
  }

  beginFlush(): void {
    this.begun.push(this.#clock.now());
    this.#left = this.costMs;
  }

  runFlush(until: number): boolean {
    this.slices++;
    while (this.#left > 0) {
      if (this.#clock.now() >= until) return true;
      this.#clock.spend(1);
      this.#left--;
    }
    this.finished++;
    return false;
  }
}

/** A flusher by a clock that stands still. */
export function flusherStage() {
  const clock = new FakeClock();
  return { clock, flusher: new Flusher(clock, rethrow) };
}
