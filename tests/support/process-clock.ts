import type { Timer } from "../../src/base/clock.ts";
import { FakeClock } from "./fake-clock.ts";

/** One process's view of a clock that several share: when the process is gone, nothing of it runs any more. */
export class ProcessClock extends FakeClock {
  readonly #shared: FakeClock;
  readonly #own = new Set<Timer>();
  #ended = false;

  constructor(shared: FakeClock) {
    super();
    this.#shared = shared;
  }

  /** The process is killed. */
  end(): void {
    this.#ended = true;
    for (const timer of this.#own) timer.cancel();
    this.#own.clear();
  }

  override now(): number {
    return this.#shared.now();
  }

  override wall(): number {
    return this.#shared.wall();
  }

  override after(delayMs: number, run: () => void): Timer {
    if (this.#ended) return { cancel: () => undefined };
    const timer = this.#shared.after(delayMs, () => {
      this.#own.delete(timer);
      run();
    });
    return this.#keep(timer);
  }

  override every(periodMs: number, run: () => void): Timer {
    return this.#ended ? { cancel: () => undefined } : this.#keep(this.#shared.every(periodMs, run));
  }

  override soon(run: () => void): void {
    this.#shared.soon(() => {
      if (!this.#ended) run();
    });
  }

  /** Timers of the process that wait. */
  override get timers(): number {
    return this.#own.size;
  }

  #keep(timer: Timer): Timer {
    this.#own.add(timer);
    return {
      cancel: () => {
        this.#own.delete(timer);
        timer.cancel();
      },
    };
  }
}
