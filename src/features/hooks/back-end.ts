import type { Clock } from "../../base/clock.ts";
import type { Log } from "../../base/log.ts";
import type { HookReport } from "../../live/ports/report.ts";
import { DialLimiter } from "../../relay/dial-limiter.ts";
import type { HookResult } from "./answer.ts";
import type { HookEvent } from "./events.ts";

/** Maximum number of calls under way, 64 in total; notifications that hang must not delay decisions. */
const MAX_DECISIONS = 48;
const MAX_NOTIFICATIONS = 16;
/** An outage is logged at most once in this time, ms, however often it begins again. */
const LOG_MS = 60_000;

/** Results of the calls of one event. */
interface Counts {
  readonly allowed: number;
  readonly refused: number;
  readonly failed: number;
  readonly dropped: number;
  readonly waiting: number;
}

const NO_COUNTS: Counts = { allowed: 0, refused: 0, failed: 0, dropped: 0, waiting: 0 };

/** One host that is called: limits the calls under way, counts their results, and logs outages of the host. */
export class BackEnd {
  /** Scheme, host and port. */
  readonly label: string;
  readonly decisions = new DialLimiter(() => MAX_DECISIONS);
  readonly notifications = new DialLimiter(() => MAX_NOTIFICATIONS);
  /** Its notifications that are not delivered yet. */
  readonly undelivered = { count: 0, bytes: 0 };
  readonly #clock: Pick<Clock, "now" | "wall">;
  readonly #log: Log;
  readonly #counts = new Map<HookEvent, Counts>();
  #lastError: string | undefined;
  #failingSince: number | undefined;
  /** When the outage was last logged, monotonic ms, and the number of failures since. */
  #loggedAt = Number.NEGATIVE_INFINITY;
  #unlogged = 0;
  /** Whether the log has its failure, and not yet its recovery. */
  #loggedFailing = false;
  #dropsLoggedAt = Number.NEGATIVE_INFINITY;
  #unloggedDrops = 0;

  constructor(label: string, clock: Pick<Clock, "now" | "wall">, log: Log) {
    this.label = label;
    this.#clock = clock;
    this.#log = log;
  }

  /** Whether no call is under way or waits. */
  get idle(): boolean {
    return [...this.#counts.values()].every(({ waiting }) => waiting === 0);
  }

  reports(): HookReport[] {
    const common = { to: this.label, lastError: this.#lastError, failingSince: this.#failingSince };
    return [...this.#counts].map(([event, counts]) => ({ event, ...counts, ...common }));
  }

  /** Counts a call that begins to wait (1), or is over (-1). */
  waits(event: HookEvent, more: 1 | -1): void {
    this.#count(event, "waiting", more);
  }

  /** Counts the result of a call. */
  settled(event: HookEvent, result: HookResult): void {
    this.#count(event, result.kind, 1);
    if (result.kind === "failed") this.#failed(event, result.problem);
    else this.#answered();
  }

  /** Counts a notification that was given up. */
  dropped(event: HookEvent): void {
    this.#count(event, "dropped", 1);
    this.#unloggedDrops++;
    const now = this.#clock.now();
    if (now - this.#dropsLoggedAt < LOG_MS) return;
    this.#log.warn("hook notifications dropped", { hook: event, to: this.label, dropped: this.#unloggedDrops });
    this.#dropsLoggedAt = now;
    this.#unloggedDrops = 0;
  }

  #failed(event: HookEvent, error: string): void {
    this.#lastError = error;
    this.#failingSince ??= this.#clock.wall();
    this.#unlogged++;
    const now = this.#clock.now();
    if (now - this.#loggedAt < LOG_MS) return;
    this.#log.warn("hook fails", { hook: event, to: this.label, error, failures: this.#unlogged });
    this.#loggedAt = now;
    this.#unlogged = 0;
    this.#loggedFailing = true;
  }

  #answered(): void {
    this.#failingSince = undefined;
    this.#lastError = undefined;
    if (!this.#loggedFailing) return;
    this.#loggedFailing = false;
    const [failures, dropped] = [this.#unlogged || undefined, this.#unloggedDrops || undefined];
    this.#log.info("hook answers again", { to: this.label, failures, dropped });
    this.#unloggedDrops = 0;
  }

  #count(event: HookEvent, name: keyof Counts, more: number): void {
    const counts = this.#counts.get(event) ?? NO_COUNTS;
    this.#counts.set(event, { ...counts, [name]: counts[name] + more });
  }
}
