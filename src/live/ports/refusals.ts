import type { Clock } from "../../base/clock.ts";
import type { Log, LogFields } from "../../base/log.ts";

/** Of each kind, so many lines and then one for all others, in each of these times. */
const LINES = 10;
const WINDOW_MS = 10_000;

/** One client that was refused or disconnected for a rule. */
export interface RefusedClient {
  /** For the counters: a key of the configuration, a guard's name. */
  readonly kind: string;
  /** Where it is told in a line of its own. */
  readonly log: Log;
  readonly message: string;
  readonly fields: LogFields;
}

interface Kind {
  /** Since the start. */
  total: number;
  /** In the window; 0 between windows. */
  count: number;
}

/** Counts refusals by kind, and logs each of them unless there are many: a flood costs a few lines. */
export class Refusals {
  readonly #clock: Clock;
  readonly #log: Log;
  readonly #kinds = new Map<string, Kind>();

  constructor(clock: Clock, log: Log) {
    this.#clock = clock;
    this.#log = log;
  }

  /** Refusals since the start, by kind. */
  get totals(): ReadonlyMap<string, number> {
    return new Map([...this.#kinds].map(([kind, { total }]) => [kind, total]));
  }

  add({ kind, log, message, fields }: RefusedClient): void {
    const counts = this.#kinds.get(kind) ?? { total: 0, count: 0 };
    this.#kinds.set(kind, counts);
    if (counts.count === 0) this.#clock.after(WINDOW_MS, () => this.#endWindow(kind, counts));
    counts.total++;
    counts.count++;
    if (counts.count <= LINES) log.warn(message, fields);
  }

  /** Tells of those that were left out. The next refusal of the kind begins a new window. */
  #endWindow(kind: string, counts: Kind): void {
    if (counts.count > LINES) this.#log.warn("more clients refused", { reason: kind, refused: counts.count - LINES });
    counts.count = 0;
  }
}
