import type { Clock } from "../../base/clock.ts";
import type { Log, LogFields } from "../../base/log.ts";

/** For each rule, at most this many lines in each window of this length, then one line for the remaining refusals. */
const LINES = 10;
const WINDOW_MS = 10_000;

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

interface Count {
  /** Since the start. */
  total: number;
  /** In the window; 0 between windows. */
  count: number;
}

/** Counts refusals by rule, and logs each of them unless there are many: a flood costs a few lines. */
export class Refusals {
  readonly #clock: Clock;
  readonly #log: Log;
  readonly #rules = new Map<string, Count>();

  constructor(clock: Clock, log: Log) {
    this.#clock = clock;
    this.#log = log;
  }

  /** Refusals since the start, by rule. */
  get totals(): ReadonlyMap<string, number> {
    return new Map([...this.#rules].map(([rule, { total }]) => [rule, total]));
  }

  add({ rule, log, message, fields, level = "warn" }: RefusedClient): void {
    const counts = this.#rules.get(rule) ?? { total: 0, count: 0 };
    this.#rules.set(rule, counts);
    if (counts.count === 0) this.#clock.after(WINDOW_MS, () => this.#endWindow(rule, counts, level));
    counts.total++;
    counts.count++;
    if (counts.count <= LINES || level === "debug") log[level](message, fields);
  }

  /** Logs the number of refusals without a line of their own. The next refusal by the rule begins a new window. */
  #endWindow(rule: string, counts: Count, level: "warn" | "debug"): void {
    if (counts.count > LINES && level === "warn")
      this.#log.warn("more clients refused", { reason: rule, refused: counts.count - LINES });
    counts.count = 0;
  }
}
