import type { Timer } from "../../base/clock.ts";

/** A question to whoever decides; `answer` is called once, now or later, and not after `cancel`. */
export type Question<Answer> = (answer: (answer: Answer) => void) => Pick<Timer, "cancel">;

/** What requests of one connection wait for, by who asks: the guards, or a busy name. */
export class Decisions<Asker> {
  readonly #waits = new Map<Asker, Pick<Timer, "cancel">>();
  readonly #attempt: (work: () => void) => void;

  /** `attempt` runs what an answer leads to: the client's words go on in there that waited for it, and may be a breach. */
  constructor(attempt: (work: () => void) => void) {
    this.#attempt = attempt;
  }

  /** Those that wait. */
  get waiting(): ReadonlyMap<Asker, unknown> {
    return this.#waits;
  }

  /** Asks, and goes on with the answer. */
  ask<Answer>(asker: Asker, question: Question<Answer>, goOn: (answer: Answer) => void): void {
    let answered = false;
    const wait = question((answer) => {
      answered = true;
      this.#waits.delete(asker);
      this.#attempt(() => goOn(answer));
    });
    if (!answered) this.#waits.set(asker, wait);
  }

  /** The client wants the answer no longer. */
  cancel(asker: Asker): void {
    this.#waits.get(asker)?.cancel();
    this.#waits.delete(asker);
  }
}
