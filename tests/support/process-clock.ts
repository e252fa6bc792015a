import type { Timer } from "../../src/base/clock.ts";
import { FakeClock } from "./fake-clock.ts";

/** One process's view of a clock that several share: when the process is gone, nothing of it runs any more. */
export class ProcessClock extends FakeClock {
  readonly #shared: FakeClock;

  constructor(shared: FakeClock) {
    super();
    this.#shared = shared;
  }

  /** The process is killed. */
  end(): void {
    this.isOver = true;
    this.timers = 0;
  }

  override now(): number {
    return this.#shared.now();
  }

  override wall(): number {
    return this.#shared.wall();
  }

  override after(delayMs: number, run: () => void): Timer {
    return this.#shared.add(delayMs, undefined, run, this);
  }

  override every(periodMs: number, run: () => void): Timer {
    return this.#shared.add(periodMs, periodMs, run, this);
  }

  override soon(run: () => void): void {
    this.#shared.soon(() => {
      if (!this.isOver) run();
    });
  }
}
