import type { Timer } from "../../base/clock.ts";
import type { NetStream } from "../../rtmp/net-stream.ts";

/** A question to whoever decides; `answer` is called once, now or later, and not after `cancel`. */
export type Question<Answer> = (answer: (answer: Answer) => void) => Pick<Timer, "cancel">;

/** What publishes and plays of one connection wait for: the guards, or a busy name. */
export class Decisions {
  readonly #waits = new Map<NetStream, Pick<Timer, "cancel">>();
  readonly #attempt: (work: () => void) => void;

  /** `attempt` runs what an answer leads to: the client's words go on in there that waited for it, and may be a breach. */
  constructor(attempt: (work: () => void) => void) {
    this.#attempt = attempt;
  }

  /** Streams that wait. */
  get waiting(): ReadonlyMap<NetStream, unknown> {
    return this.#waits;
  }

  /** Asks, and goes on with the answer. */
  ask<Answer>(net: NetStream, question: Question<Answer>, goOn: (answer: Answer) => void): void {
    let answered = false;
    const wait = question((answer) => {
      answered = true;
      this.#waits.delete(net);
      this.#attempt(() => goOn(answer));
    });
    if (!answered) this.#waits.set(net, wait);
  }

  /** The client wants the answer no longer. */
  cancel(net: NetStream): void {
    this.#waits.get(net)?.cancel();
    this.#waits.delete(net);
  }
}
