import type { Clock } from "../../base/clock.ts";
import type { HookResult } from "./answer.ts";

/** Maximum number of answers in the cache. */
const MAX_ANSWERS = 4096;

interface Kept {
  readonly result: HookResult;
  /** The configuration with which the back end was asked. */
  readonly config: object;
  /** Monotonic ms. */
  readonly until: number;
}

/** Answers of back ends that are used again for a configured time. */
export class AnswerCache {
  readonly #clock: Pick<Clock, "now">;
  /** Oldest answer first. */
  readonly #answers = new Map<string, Kept>();

  constructor(clock: Pick<Clock, "now">) {
    this.#clock = clock;
  }

  /** The cached answer to this question; undefined if it has expired or `config` has changed since. */
  find(question: string, config: object): HookResult | undefined {
    const kept = this.#answers.get(question);
    return kept?.config === config && kept.until > this.#clock.now() ? kept.result : undefined;
  }

  keep(question: string, config: object, result: HookResult, seconds: number): void {
    this.#answers.delete(question);
    if (this.#answers.size >= MAX_ANSWERS) this.#answers.delete(this.#answers.keys().next().value ?? "");
    this.#answers.set(question, { result, config, until: this.#clock.now() + seconds * 1000 });
  }
}
