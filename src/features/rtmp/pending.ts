import type { Timer } from "../../base/clock.ts";

/** A question that may take time; `answer` is called once, now or later, and not after `cancel`. */
export type Question<Answer> = (answer: (answer: Answer) => void) => Pick<Timer, "cancel">;

/** A request of a client that waits for its answer. */
export class Pending {
  #wait: Pick<Timer, "cancel"> | undefined;

  /** Asks, and calls `proceed` with the answer. */
  ask<Answer>(question: Question<Answer>, proceed: (answer: Answer) => void): void {
    let answered = false;
    const wait = question((answer) => {
      answered = true;
      this.#wait = undefined;
      proceed(answer);
    });
    if (!answered) this.#wait = wait;
  }

  /** The client no longer waits for the answer. */
  cancel(): void {
    this.#wait?.cancel();
    this.#wait = undefined;
  }
}
