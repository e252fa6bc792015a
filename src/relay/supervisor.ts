import { Backoff, type BackoffPolicy } from "../base/backoff.ts";
import type { Clock, Timer } from "../base/clock.ts";
import type { Log, LogFields } from "../base/log.ts";
import type { RelayProgress } from "../live/ports/report.ts";
import { Outage } from "./outage.ts";
import type { RelayLogLimit } from "./relay-log-limit.ts";

/*
 * stopped ──start──> connecting ──connected──> running       any ──stop──> stopped
 * connecting | running ──fail──> waiting ──retry time──> connecting
 */
/** A relay's state, as data for logs, the API and metrics. Times are wall-clock ms. */
export type RelayStatus =
  | { readonly state: "stopped" }
  | {
      readonly state: "connecting";
      readonly since: number;
      readonly attempt: number;
      readonly lastError: string | undefined;
    }
  | { readonly state: "running"; readonly since: number; readonly server: string }
  | {
      readonly state: "waiting";
      readonly since: number;
      readonly attempt: number;
      readonly nextRetryAt: number;
      readonly lastError: string;
    };

/**
 * What a failure means for the next attempt: `lost`, it is made after the backoff's wait; `refused`, the other side said no: the
 * same, but after several refusals in a row attempts are rare; `elsewhere`, it is made at once, at another server.
 */
export type Failure = "lost" | "refused" | "elsewhere";

/** Callbacks for the outcome of an attempt. After `failed`, its other calls are ignored. */
export interface AttemptReport {
  running(server: string): void;
  failed(error: string, how: Failure): void;
}

/** One attempt, from dialling to its end. */
export interface Attempt {
  abort(): void;
}

/** What differs between a supervisor's relays. */
export interface SupervisorOptions {
  readonly clock: Clock;
  readonly random: () => number;
  readonly log: Log;
  /** The relay's fields for each of its log lines; read for each. */
  readonly fields: Readonly<Record<string, string>>;
  /** The relay's name in its log lines: "forward". */
  readonly what: string;
  /** Limits the lines about its server, shared by all relays; undefined for what is no server. */
  readonly logLimit?: RelayLogLimit | undefined;
  begin(report: AttemptReport): Attempt;
}

/** Attempts at another server are spread over this time, so that a dead server's relays don't all reach another at once. */
const ELSEWHERE_MS = 100;
const POLICY: BackoffPolicy = { firstMs: 500, factor: 2, maxMs: 5000 };
/** A target that keeps refusing is asked this rarely. */
const REFUSED_MS = 30_000;
/** Shorter sessions count as brief: after `FLAPPING_SESSIONS` in a row, the next is logged only once it has lasted this long. */
const SETTLED_MS = 5000;
const FLAPPING_SESSIONS = 2;
/** Refusals in a row that are retried with the usual backoff, as the target may still hold a dead connection of ours. */
const HASTY_REFUSALS = 5;

/**
 * Keeps one outgoing connection alive: dial, run, fail, wait, again, forever. It decides when to retry. Each change is logged
 * once, and so is each error of an outage; a long outage is logged again at growing intervals.
 */
export class Supervisor {
  readonly #options: SupervisorOptions;
  readonly #backoff: Backoff;
  #status: RelayStatus = { state: "stopped" };
  #attempt: Attempt | undefined;
  #retry: Timer | undefined;
  /** Mark of the attempt under way: once it is `over`, calls from that attempt are ignored. */
  #current = { over: true };
  /** When the newest attempt began, monotonic ms. */
  #triedAt = 0;
  #runningSince = 0;
  /** Refusals in a row; a different failure or a success resets them. */
  #refusals = 0;
  /** Brief sessions in a row. */
  #brief = 0;
  #settling: Timer | undefined;
  #lastError: string | undefined;
  /** When the current outage began, Unix ms. */
  #failingSince: number | undefined;
  readonly #outage: Outage;

  constructor(options: SupervisorOptions) {
    this.#options = options;
    this.#backoff = new Backoff(POLICY, options.random);
    this.#outage = new Outage(options.clock);
  }

  get status(): RelayStatus {
    return this.#status;
  }

  /** The same for reports. */
  get progress(): RelayProgress {
    const status = this.#status;
    return {
      state: status.state,
      since: "since" in status ? status.since : 0,
      attempt: "attempt" in status ? status.attempt : 0,
      nextRetryAt: status.state === "waiting" ? status.nextRetryAt : undefined,
      lastError: this.#lastError,
      failingSince: this.#failingSince,
    };
  }

  start(): void {
    if (this.#status.state === "stopped") this.#connect();
  }

  /** The other side may accept now what it refused: a waiting relay retries soon, as after a first failure. */
  retrySoon(): void {
    const status = this.#status;
    if (status.state !== "waiting") return;
    const { clock } = this.#options;
    const waitMs = Math.max(0, this.#triedAt + POLICY.firstMs - clock.now());
    const nextRetryAt = clock.wall() + waitMs;
    if (nextRetryAt >= status.nextRetryAt) return;
    this.#refusals = 0;
    this.#status = { ...status, nextRetryAt };
    this.#retry?.cancel();
    this.#retry = clock.after(waitMs, () => this.#connect());
  }

  /** The operator wants the next attempt now. */
  retryNow(): void {
    if (this.#status.state !== "waiting") return;
    this.#refusals = 0;
    this.#retry?.cancel();
    this.#connect();
  }

  /** Ends the running session without notifying the other side. */
  stop(): void {
    this.#retry?.cancel();
    this.#settling?.cancel();
    this.#current.over = true;
    this.#status = { state: "stopped" };
    this.#failingSince = undefined;
    const attempt = this.#attempt;
    this.#attempt = undefined;
    attempt?.abort();
  }

  /** Leaves the running session alone: it is no longer reported, and nothing is retried. */
  detach(): void {
    this.#attempt = undefined;
    this.stop();
  }

  /** Writes a line of the relay, at level debug when the target's other relays have written many of its kind. */
  log(level: "info" | "warn", event: string, details: LogFields): void {
    const { log, logLimit, what, fields } = this.#options;
    const { stream, ...server } = fields;
    const message = `${what} ${event}`;
    const shown = logLimit?.take({ level, message, server, log }) ?? true;
    log[shown ? level : "debug"](message, { ...fields, ...details });
  }

  #connect(): void {
    const { clock, begin } = this.#options;
    this.#triedAt = clock.now();
    this.#status = {
      state: "connecting",
      since: clock.wall(),
      attempt: this.#backoff.attempt + 1,
      lastError: this.#lastError,
    };
    const current = { over: false };
    this.#current = current;
    const report: AttemptReport = {
      running: (server) => {
        if (!current.over && this.#status.state === "connecting") this.#onRunning(server);
      },
      failed: (error, how) => {
        if (current.over) return;
        current.over = true;
        this.#onFailed(error, how);
      },
    };
    const attempt = begin(report);
    // An attempt may have failed before it was returned.
    if (!current.over) this.#attempt = attempt;
  }

  #onRunning(server: string): void {
    const { clock, log, what, fields } = this.#options;
    this.#status = { state: "running", since: clock.wall(), server };
    this.#runningSince = clock.now();
    this.#failingSince = undefined;
    const attempt = this.#backoff.attempt + 1;
    const recovered = () => {
      this.#lastError = undefined;
      const recovers = this.#outage.lasts;
      const outage_seconds = this.#outage.end();
      const details = { server: server || undefined, outage_seconds, attempt };
      // Many streams that begin have a line each; many that recover are one event.
      if (recovers) this.log("info", "running", details);
      else log.info(`${what} running`, { ...fields, ...details });
    };
    if (this.#brief < FLAPPING_SESSIONS) {
      recovered();
      return;
    }
    log.debug(`${what} running`, { ...fields, server: server || undefined, attempt });
    this.#settling = clock.after(SETTLED_MS, () => {
      this.#brief = 0;
      recovered();
    });
  }

  #onFailed(error: string, how: Failure): void {
    const { clock, log, what, fields } = this.#options;
    this.#settling?.cancel();
    this.#failingSince ??= clock.wall();
    const ran = this.#status.state === "running";
    const ranMs = ran ? clock.now() - this.#runningSince : 0;
    if (ranMs > POLICY.firstMs) {
      this.#backoff.reset();
      this.#refusals = 0;
    }
    // Some servers let every client in and close at once: that counts as a refusal.
    if (how !== "elsewhere")
      this.#refusals = how === "refused" || (ran && ranMs <= POLICY.firstMs) ? this.#refusals + 1 : 0;
    if (ran) this.#brief = ranMs < SETTLED_MS ? this.#brief + 1 : 0;
    const waitMs = this.#waitAfter(how);
    const { attempt } = this.#backoff;
    const retry_ms = Math.round(waitMs);
    // It is no outage when one of several servers does not answer: another is tried.
    const report = how === "elsewhere" && !ran ? undefined : this.#outage.failed(error);
    if (report === undefined) log.debug(`${what} failed again`, { ...fields, error, attempt, retry_ms });
    else if (report === "new") this.log("warn", ran ? "lost" : "failed", { error, retry_ms });
    else this.log("warn", "still failing", { error, ...report, retry_ms });
    this.#lastError = error;
    this.#attempt = undefined;
    this.#status = {
      state: "waiting",
      since: clock.wall(),
      attempt,
      nextRetryAt: clock.wall() + waitMs,
      lastError: error,
    };
    this.#retry = clock.after(waitMs, () => this.#connect());
  }

  #waitAfter(how: Failure): number {
    if (how === "elsewhere") return this.#options.random() * ELSEWHERE_MS;
    return this.#refusals > HASTY_REFUSALS ? this.#backoff.nextSlow(REFUSED_MS) : this.#backoff.next();
  }
}
