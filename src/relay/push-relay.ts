import type { Log } from "../base/log.ts";
import type { RelayReport } from "../live/ports/report.ts";
import type { SourceEnd } from "../live/source/source.ts";
import type { Stream } from "../live/stream.ts";
import { streamLabel } from "../live/streams.ts";
import type { ConnectionTarget } from "./client-connection.ts";
import type { DialLimiter } from "./dial-limiter.ts";
import { HandshakeChoice } from "./handshake-choice.ts";
import { LoggedErrors } from "./logged-errors.ts";
import { Push, type PushContext, type PushTotals } from "./push.ts";
import { type Redirect, type Redirected, Redirects } from "./redirects.ts";
import type { RelayLogLimit } from "./relay-log-limit.ts";
import { type Attempt, type AttemptReport, type Failure, type RelayStatus, Supervisor } from "./supervisor.ts";

/** What differs between kinds of pushing relays. */
export interface PushRelayOptions {
  readonly context: PushContext;
  /** Numbers in [0, 1), for the jitter of retries. */
  readonly random: () => number;
  /** The relay's name in its log lines: "forward". */
  readonly what: string;
  readonly log: Log;
  /** Limits the log's lines about each target, shared by all relays. */
  readonly logLimit: RelayLogLimit;
  /** Its id in the log. */
  readonly id: string;
  /** The stream's key. */
  readonly key: string;
  /** Undefined before the stream is published: the target is asked whether it accepts it, and `carry` sets the stream later. */
  readonly stream: Stream | undefined;
  /** Where the next attempt goes. */
  next(): PushDestination;
}

/**
 * The outcome of an attempt: `unreachable`, the server does not respond at all; `refused`, it refused; `failed`, it answered
 * our handshake and then closed, or did not answer the request; `lost`, it ran and broke.
 */
export type PushOutcome = "unreachable" | "refused" | "failed" | "lost";

/** The destination of one attempt, and callbacks for its outcome. */
export interface PushDestination {
  readonly target: ConnectionTarget;
  /** The target for the log. */
  readonly to: string;
  /** Its permit is held until the server has answered our handshake. */
  readonly dialLimiter?: DialLimiter | undefined;
  /** The handshake that the server accepts, if other relays go there, too. */
  readonly handshake?: HandshakeChoice | undefined;
  reached?(): void;
  /** Decides what the outcome means for the next attempt. `description`: the server's sentence when it refused, else `""`. */
  over?(outcome: PushOutcome, error: string, description: string): Failure;
}

/** Sends one stream to one target at a time, while the stream is published. */
export class PushRelay {
  /** The stream's key. */
  readonly key: string;
  readonly id: string;
  #paused = false;
  #stream: Stream | undefined;
  readonly #clock: PushContext["clock"];
  readonly #what: string;
  readonly #log: Log;
  readonly #label: string;
  readonly #supervisor: Supervisor;
  readonly #since: number;
  readonly #past: PushTotals = { bytes: 0, dropped: 0 };
  #push: Push | undefined;
  /** Whether an earlier attempt has sent packets of the stream. */
  #delivered = false;
  /** Whether the stream has ended before the target received any packet. */
  missed = false;
  /** Frees the attempt's dial permit, or gives up waiting for one. */
  #releasePermit: () => void = () => undefined;
  #destination: PushDestination | undefined;
  readonly #redirects = new Redirects();
  /** Redirects logged since the relay last ran. */
  readonly #logged = new LoggedErrors();
  /** For a target that no other relay uses. */
  readonly #handshake = new HandshakeChoice();

  constructor(options: PushRelayOptions) {
    const { context, random, what, log, logLimit, key, id, stream } = options;
    this.key = key;
    this.id = id;
    this.#stream = stream;
    this.#clock = context.clock;
    this.#what = what;
    this.#log = log;
    this.#label = streamLabel(key);
    const fields = () => this.#fields;
    this.#since = context.clock.now();
    this.#supervisor = new Supervisor({
      clock: context.clock,
      random,
      log,
      what,
      logLimit,
      get fields() {
        return fields();
      },
      begin: (report) => this.#begin(options, report),
    });
  }

  /** State, attempt, last error and next retry. */
  get status(): RelayStatus {
    return this.#supervisor.status;
  }

  /** The target for the log. */
  get to(): string {
    return this.#destination?.to ?? "";
  }

  /** The host of the target of the last attempt, "" before the first. */
  get host(): string {
    return this.#destination?.target.host ?? "";
  }

  /** Whether it has failed since it last ran. */
  get failing(): boolean {
    const { status } = this.#supervisor;
    return status.state === "waiting" || (status.state === "connecting" && status.lastError !== undefined);
  }

  /** How far the target is behind, ms. */
  get lagMs(): number {
    return this.#push?.lagMs ?? 0;
  }

  get totals(): PushTotals {
    const { bytes, dropped } = this.#push?.totals ?? { bytes: 0, dropped: 0 };
    return { bytes: this.#past.bytes + bytes, dropped: this.#past.dropped + dropped };
  }

  /** Its state for reports. */
  report(): RelayReport {
    const { failing, lagMs, to, id, key } = this;
    const { progress } = this.#supervisor;
    const running = progress.state === "running";
    const state = this.#paused ? "paused" : progress.state;
    return { id, stream: key, flow: "push", to, running, failing, lagMs, ...this.totals, ...progress, state };
  }

  start(): void {
    if (!this.#paused) this.#supervisor.start();
  }

  /** Ends the session, if there is one, and makes no attempts until `resume`. */
  pause(): void {
    if (this.#paused) return;
    this.#paused = true;
    this.#supervisor.detach();
    this.#releasePermit();
    this.#keepTotals();
    const push = this.#push;
    this.#push = undefined;
    const ended = () => undefined;
    if (push !== undefined && !closeGently(push, "withdrawn", ended)) push.closeAfterFlush(ended);
    this.#log.info(`${this.#what} paused`, this.#fields);
  }

  /** Continues after `pause`. */
  resume(): void {
    if (!this.#paused) return;
    this.#paused = false;
    this.#log.info(`${this.#what} resumed`, this.#fields);
    this.#supervisor.start();
  }

  /** Makes the next attempt now. */
  retryNow(): void {
    this.#supervisor.retryNow();
  }

  /**
   * The stream has ended, or no longer goes to this target (`withdrawn`). The target is sent its end, unless the publisher
   * was lost: then the connection is only closed. `gone` is called once, when the connection is closed.
   */
  stop(how: SourceEnd | "withdrawn", gone: () => void): void {
    const ended = () => {
      const seconds = Math.round((this.#clock.now() - this.#since) / 1000);
      this.missed = how !== "withdrawn" && !this.#delivered && !(this.#push?.delivered ?? false);
      const fields = { ...this.#fields, seconds, ...this.totals };
      if (this.missed) this.#log.warn(`${this.#what} ended before the target got any of the stream`, fields);
      else this.#log.info(`${this.#what} ended`, fields);
      gone();
    };
    this.#supervisor.detach();
    this.#releasePermit();
    const push = this.#push;
    if (push === undefined) ended();
    else if (!closeGently(push, how, ended)) push.closeAfterFlush(ended);
  }

  /** The stream that the target was asked to accept is published. */
  carry(stream: Stream): void {
    this.#stream = stream;
    this.#push?.carry(stream);
  }

  /** The target is alive again: a waiting attempt is made soon. */
  retrySoon(): void {
    this.#supervisor.retrySoon();
  }

  /** The stream now comes through other servers: the target must know, and may accept it if it refused it as a loop. */
  announceHops(): void {
    this.#push?.announceHops();
    this.#supervisor.retrySoon();
  }

  /** After `stop`: the stream is published again, and another relay sends it to the target. */
  abort(): void {
    this.#push?.abort();
  }

  get #fields(): Readonly<Record<string, string>> {
    return { to: this.to, stream: this.#label };
  }

  #begin({ context, next }: PushRelayOptions, report: AttemptReport): Attempt {
    this.#keepTotals();
    const destination = this.#nextDestination(next);
    this.#destination = destination;
    this.#push = undefined;
    let released = false;
    let permit: { release(): void } | undefined;
    const release = () => {
      released = true;
      permit?.release();
    };
    this.#releasePermit = release;
    const admitted = () => {
      this.#push = this.#open(context, destination, release, report);
    };
    if (destination.dialLimiter === undefined) admitted();
    else {
      permit = destination.dialLimiter.acquire({
        admitted,
        rejected: (error) => report.failed(error, destination.over?.("unreachable", error, "") ?? "lost"),
      });
      // `acquire` may have admitted and ended this attempt already.
      if (released) permit.release();
    }
    return {
      abort: () => {
        release();
        this.#push?.abort();
      },
    };
  }

  #nextDestination(next: () => PushDestination): PushDestination {
    const before = this.#destination;
    const redirected = this.#redirects.take();
    if (before === undefined || redirected === undefined) return next();
    const target = redirectedTo(before.target, redirected);
    return { ...before, target, to: redirected.tcUrl, dialLimiter: undefined, handshake: undefined };
  }

  #open(context: PushContext, destination: PushDestination, release: () => void, report: AttemptReport): Push {
    let answered = false;
    let ran = false;
    const handshake = destination.handshake ?? this.#handshake;
    // No callback is called inside the constructor.
    const push: Push = new Push(context, destination.target, this.#stream, handshake, {
      answered: () => {
        answered = true;
        release();
      },
      running: (server) => {
        ran = true;
        this.#redirects.reset();
        this.#logged.clear();
        destination.reached?.();
        report.running(server);
      },
      failed: (error, how) => {
        release();
        const redirect = push.refusal?.redirect;
        if (redirect !== undefined && this.#follow(redirect)) {
          report.failed(error, "elsewhere");
          return;
        }
        const outcome = how === "refused" ? "refused" : ran ? "lost" : answered ? "failed" : "unreachable";
        report.failed(error, destination.over?.(outcome, error, push.refusal?.description ?? "") ?? how);
      },
    });
    return push;
  }

  #follow(redirect: Redirect): boolean {
    const problem = this.#redirects.follow(redirect);
    if (this.#logged.isNew(problem ?? `to ${redirect.url}`)) {
      if (problem === undefined) this.#supervisor.log("info", "redirected", { url: redirect.url });
      else this.#supervisor.log("warn", "not redirected", { error: problem });
    }
    return problem === undefined;
  }

  #keepTotals(): void {
    const push = this.#push;
    if (push === undefined) return;
    this.#past.bytes += push.totals.bytes;
    this.#past.dropped += push.totals.dropped;
    this.#delivered ||= push.delivered;
  }
}

/** Sends a target the last packets of the stream; false when there is nothing to wait for. */
function closeGently(push: Push, how: SourceEnd | "withdrawn", ended: () => void): boolean {
  if (how === "withdrawn") return push.unpublishNow(ended);
  return (how === "unpublished" && push.unpublish(ended)) || push.sendLast(how === "unpublished", ended);
}

/** The same push to another server, for the same client; its hops may still change. */
function redirectedTo(target: ConnectionTarget, to: Redirected): ConnectionTarget {
  return {
    role: target.role,
    forClient: target.forClient ?? false,
    pageUrl: target.pageUrl ?? "",
    swfUrl: target.swfUrl ?? "",
    ...to,
    get hops() {
      return target.hops;
    },
  };
}
