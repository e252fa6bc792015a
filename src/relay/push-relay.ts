import type { Log } from "../base/log.ts";
import type { SourceEnd } from "../live/source.ts";
import type { Stream } from "../live/stream.ts";
import { streamLabel } from "../live/streams.ts";
import { Push, type PushContext, type PushTarget, type PushTotals } from "./push.ts";
import { type RelayStatus, Supervisor } from "./supervisor.ts";

/** What tells one pushing relay from another. */
export interface PushRelayOptions {
  readonly context: PushContext;
  /** Numbers in [0, 1), for the jitter of retries. */
  readonly random: () => number;
  /** What the relay is called in its log lines: "forward". */
  readonly what: string;
  readonly log: Log;
  readonly target: PushTarget;
  /** The target as the log shows it. */
  readonly to: string;
  readonly stream: Stream;
}

/** One stream on its way to one target, for as long as it is published. */
export class PushRelay {
  readonly stream: Stream;
  readonly #clock: PushContext["clock"];
  readonly #what: string;
  readonly #log: Log;
  readonly #fields: Readonly<Record<string, string>>;
  readonly #supervisor: Supervisor;
  readonly #since: number;
  readonly #past: PushTotals = { bytes: 0, dropped: 0 };
  #push: Push | undefined;
  #simpleHandshake = false;

  constructor(options: PushRelayOptions) {
    const { context, random, what, log, target, to, stream } = options;
    this.stream = stream;
    this.#clock = context.clock;
    this.#what = what;
    this.#log = log;
    this.#fields = { to, stream: streamLabel(stream.key) };
    this.#since = context.clock.now();
    this.#supervisor = new Supervisor({
      clock: context.clock,
      random,
      log,
      what,
      fields: this.#fields,
      begin: (report) => {
        this.#keepTotals();
        this.#push = new Push(context, target, stream, this.#simpleHandshake, report);
        return this.#push;
      },
    });
  }

  /** State, attempt, last error and next retry. */
  get status(): RelayStatus {
    return this.#supervisor.status;
  }

  /** How far the target is behind, ms. */
  get lagMs(): number {
    return this.#push?.lagMs ?? 0;
  }

  get totals(): PushTotals {
    const { bytes, dropped } = this.#push?.totals ?? { bytes: 0, dropped: 0 };
    return { bytes: this.#past.bytes + bytes, dropped: this.#past.dropped + dropped };
  }

  start(): void {
    this.#supervisor.start();
  }

  /**
   * The stream is no longer published, or not for this target (`withdrawn`). A target is told, except when the publisher
   * was lost: then it finds out by itself. `gone` is called once, when the connection is closed.
   */
  stop(how: SourceEnd | "withdrawn", gone: () => void): void {
    const ended = () => {
      const seconds = Math.round((this.#clock.now() - this.#since) / 1000);
      this.#log.info(`${this.#what} ended`, { ...this.#fields, seconds, ...this.totals });
      gone();
    };
    this.#supervisor.detach();
    const push = this.#push;
    if (push === undefined) ended();
    else if (!(how === "withdrawn" ? push.withdraw(ended) : how === "unpublished" && push.sayGoodbye(ended)))
      push.hangUp(ended);
  }

  /** The stream comes over other servers now: the target must know, and one that refused it as a loop may take it. */
  announceHops(): void {
    this.#push?.announceHops();
    this.#supervisor.hurry();
  }

  /** After `stop`: the stream begins again, and another relay takes it to the target. */
  makeWay(): void {
    this.#push?.cutGoodbyeShort();
  }

  #keepTotals(): void {
    const push = this.#push;
    if (push === undefined) return;
    this.#past.bytes += push.totals.bytes;
    this.#past.dropped += push.totals.dropped;
    // Some servers close on a digest they don't know; attempts do without from then on, until that is refused too.
    if (push.handshakeRefused) this.#simpleHandshake = !this.#simpleHandshake;
  }
}
