import type { Clock } from "../base/clock.ts";
import { LoggedErrors } from "./logged-errors.ts";

const MINUTE_MS = 60_000;
/** An outage is logged again when it has lasted this long, and then each hour. */
const REMINDERS_MS = [MINUTE_MS, 5 * MINUTE_MS, 15 * MINUTE_MS] as const;
const HOUR_MS = 60 * MINUTE_MS;

/** The state of an outage, for a log line. */
export interface OutageReport {
  /** When it began, as an ISO date. */
  readonly since: string;
  readonly outage_seconds: number;
  readonly attempts: number;
}

/** The time in which a relay should run and does not: its duration, and when it is logged again. */
export class Outage {
  readonly #clock: Clock;
  readonly #logged = new LoggedErrors();
  #beganAt: number | undefined;
  #since = "";
  #attempts = 0;
  #reminders = 0;

  constructor(clock: Clock) {
    this.#clock = clock;
  }

  /** An attempt failed, or a running one was lost. Returns what to log: "new" for a new error, or a report when the next is due. */
  failed(error: string): "new" | OutageReport | undefined {
    const now = this.#clock.now();
    if (this.#beganAt === undefined) {
      this.#beganAt = now;
      this.#since = new Date(this.#clock.wall()).toISOString();
    }
    this.#attempts++;
    if (this.#logged.isNew(error)) return "new";
    if (now - this.#beganAt < this.#nextReminderMs) return undefined;
    while (now - this.#beganAt >= this.#nextReminderMs) this.#reminders++;
    return { since: this.#since, outage_seconds: this.#seconds, attempts: this.#attempts };
  }

  /** Whether there is an outage now. */
  get lasts(): boolean {
    return this.#beganAt !== undefined;
  }

  /** How long the outage has lasted, in seconds; undefined for less than one. */
  get seconds(): number | undefined {
    return this.#beganAt === undefined || this.#seconds === 0 ? undefined : this.#seconds;
  }

  /** The relay runs: the outage in seconds; undefined when it took less than one. */
  end(): number | undefined {
    const { seconds } = this;
    this.#beganAt = undefined;
    this.#attempts = 0;
    this.#reminders = 0;
    this.#logged.clear();
    return seconds;
  }

  get #seconds(): number {
    return Math.round((this.#clock.now() - (this.#beganAt ?? 0)) / 1000);
  }

  get #nextReminderMs(): number {
    return REMINDERS_MS[this.#reminders] ?? HOUR_MS * (this.#reminders - REMINDERS_MS.length + 1);
  }
}
