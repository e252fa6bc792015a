import type { Clock, Timer } from "../../base/clock.ts";
import { Round } from "../../base/round.ts";

/** The result of waiting for a playlist: there is one, the stream can't be carried, or it took too long. */
export type WaitResult = "listed" | "refused" | "late";

interface Waiting {
  /** The list must get beyond this version. */
  readonly version: number;
  readonly notify: (what: WaitResult) => void;
}

/** Requests that wait for a newer version of a stream's list. */
export class ListWaits {
  readonly #clock: Clock;
  readonly #waiting = new Set<Waiting>();

  constructor(clock: Clock) {
    this.#clock = clock;
  }

  get size(): number {
    return this.#waiting.size;
  }

  /** Calls `notify` once, when the list has got beyond `version`, or after `maxMs`. */
  add(version: number, maxMs: number, notify: (what: WaitResult) => void): { cancel(): void } {
    const end = (timer: Timer) => {
      timer.cancel();
      return this.#waiting.delete(waiting);
    };
    const done = (what: WaitResult) => {
      if (end(timer)) notify(what);
    };
    const timer = this.#clock.after(maxMs, () => done("late"));
    const waiting: Waiting = { version, notify: done };
    this.#waiting.add(waiting);
    return { cancel: () => end(timer) };
  }

  /**
   * Notifies the requests that wait for this version or an earlier one; all requests if no version is given. Thousands are
   * notified over several turns.
   */
  notify(what: WaitResult, version = Number.POSITIVE_INFINITY): void {
    const due = [...this.#waiting].filter((waiting) => version > waiting.version);
    new Round(this.#clock, due, (waiting) => waiting.notify(what)).begin();
  }
}
