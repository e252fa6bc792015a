import type { Clock } from "../../base/clock.ts";

/** Does work in order, a limited amount in each turn of the event loop: thousands of clients that come or go at once delay no stream. */
export class Turns {
  readonly #clock: Pick<Clock, "soon">;
  readonly #limit: number;
  readonly #waiting: (() => void)[] = [];
  /** Number of pieces of work done in this turn. */
  #done = 0;
  #isScheduled = false;

  /** `limit`: maximum number of pieces of work in a turn. */
  constructor(clock: Pick<Clock, "soon">, limit: number) {
    this.#clock = clock;
    this.#limit = limit;
  }

  /** Whether no work waits. */
  get idle(): boolean {
    return this.#waiting.length === 0;
  }

  /** Does the work now, or in one of the next turns, behind the work that waits. */
  add(work: () => void): void {
    this.#schedule();
    if (this.#waiting.length > 0 || this.#done >= this.#limit) {
      this.#waiting.push(work);
      return;
    }
    this.#done++;
    work();
  }

  /** Does at once all that waits. */
  flush(): void {
    for (const work of this.#waiting.splice(0)) work();
  }

  #schedule(): void {
    if (this.#isScheduled) return;
    this.#isScheduled = true;
    this.#clock.soon(() => this.#nextTurn());
  }

  #nextTurn(): void {
    this.#isScheduled = false;
    const due = this.#waiting.splice(0, this.#limit);
    this.#done = due.length;
    if (due.length > 0) this.#schedule();
    for (const work of due) work();
  }
}
