import { createHash } from "node:crypto";
import type { Clock } from "../../base/clock.ts";
import type { GuardResult } from "../../live/ports/access.ts";

/** Maximum number of answers in the cache. */
const MAX_ANSWERS = 4096;

interface Kept {
  /** The decision alone: an answer's data, up to 64 KB, is needed for on_forward only. */
  readonly result: GuardResult;
  /** The configuration with which the back end was asked. */
  readonly config: object;
  /** Monotonic ms. */
  readonly until: number;
}

/** Answers of back ends that are used again for a configured time. */
export class AnswerCache {
  readonly #clock: Pick<Clock, "now">;
  /** By the question's hash, as clients decide the length of a question; oldest answer first. */
  readonly #answers = new Map<string, Kept>();

  constructor(clock: Pick<Clock, "now">) {
    this.#clock = clock;
  }

  /** The cached answer to this question; undefined if it has expired or `config` has changed since, or without a question. */
  find(question: string | undefined, config: object): { readonly result: GuardResult } | undefined {
    const kept = question === undefined ? undefined : this.#answers.get(hashed(question));
    return kept?.config === config && kept.until > this.#clock.now() ? kept : undefined;
  }

  keep(question: string | undefined, config: object, result: GuardResult, seconds: number): void {
    if (question === undefined) return;
    const key = hashed(question);
    this.#answers.delete(key);
    if (this.#answers.size >= MAX_ANSWERS) this.#answers.delete(this.#answers.keys().next().value ?? "");
    this.#answers.set(key, { result, config, until: this.#clock.now() + seconds * 1000 });
  }
}

function hashed(question: string): string {
  return createHash("sha256").update(question).digest("base64");
}
