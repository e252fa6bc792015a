import type { Clock } from "../../base/clock.ts";
import { LineLimit } from "../../base/line-limit.ts";
import type { Log, LogFields } from "../../base/log.ts";

/** A client that a rule refused or disconnected. */
export interface RefusedClient {
  /** The rule that it is counted by: a key of the configuration, a guard's name. */
  readonly rule: string;
  /** The log for its own line. */
  readonly log: Log;
  readonly message: string;
  readonly fields: LogFields;
  /** The level of its line; "debug" for refusals that are normal every day. */
  readonly level?: "warn" | "debug";
}

interface Rule {
  /** Refusals since the start. */
  total: number;
  readonly lines: LineLimit;
}

/** Counts refusals by rule, and logs each of them unless there are many: a flood costs a few lines. */
export class Refusals {
  readonly #clock: Clock;
  readonly #log: Log;
  readonly #rules = new Map<string, Rule>();

  constructor(clock: Clock, log: Log) {
    this.#clock = clock;
    this.#log = log;
  }

  /** Refusals since the start, by rule. */
  get totals(): ReadonlyMap<string, number> {
    return new Map([...this.#rules].map(([rule, { total }]) => [rule, total]));
  }

  add({ rule, log, message, fields, level = "warn" }: RefusedClient): void {
    const known = this.#rules.get(rule) ?? this.#newRule(rule);
    known.total++;
    if (level === "debug" || known.lines.take()) log[level](message, fields);
  }

  #newRule(reason: string): Rule {
    const logRest = (refused: number) => this.#log.warn("more clients refused", { reason, refused });
    const rule: Rule = { total: 0, lines: new LineLimit(this.#clock, logRest) };
    this.#rules.set(reason, rule);
    return rule;
  }
}
