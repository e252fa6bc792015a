import type { IdleLimits } from "./context.ts";

/** A client that has said nothing for this long is asked for a sign of life. */
const PING_AFTER_MS = 60_000;
/** And then has this long to give one. */
const PONG_TIMEOUT_MS = 60_000;

/** What a connection is doing. */
export interface Activity {
  /** It has said connect. */
  readonly connectReceived: boolean;
  /** It publishes or plays, or wants to. */
  readonly busy: boolean;
  readonly bytesSent: number;
}

/** Why a connection is to be closed: the limit's name and a sentence. */
export interface Lifeless {
  readonly rule: "handshake_timeout" | "idle_timeout" | "ping";
  readonly reason: string;
}

/** Watches whether a client does anything, and whether it is there at all. Times are monotonic ms. */
export class IdleMonitor {
  readonly #since: number;
  #lastInputAt: number;
  #pinged = false;
  #sentAtPing = 0;
  /** Since when it has neither published nor played. */
  #idleSince: number;

  constructor(now: number) {
    this.#since = now;
    this.#lastInputAt = now;
    this.#idleSince = now;
  }

  /** Something has come from it. */
  onInput(now: number): void {
    this.#lastInputAt = now;
    this.#pinged = false;
  }

  /** It was asked for a sign of life; with that, so many bytes have been sent. */
  asked(bytesSent: number): void {
    this.#pinged = true;
    this.#sentAtPing = bytesSent;
  }

  /** Called about once a second: whether to ask for a sign of life, or why to close. */
  look(now: number, activity: Activity, limits: IdleLimits): "ping" | Lifeless | undefined {
    if (activity.busy) this.#idleSince = now;
    if (!activity.connectReceived && now - this.#since > limits.handshake_timeout)
      return { rule: "handshake_timeout", reason: "no RTMP connect in time" };
    if (now - this.#idleSince > limits.idle_timeout)
      return {
        rule: "idle_timeout",
        reason: `neither publishes nor plays for ${limits.idle_timeout} ms (idle_timeout)`,
      };
    const silentMs = now - this.#lastInputAt;
    if (!this.#pinged && silentMs > PING_AFTER_MS) return "ping";
    // One that takes what it plays is there, whether it answers or not.
    if (silentMs > PING_AFTER_MS + PONG_TIMEOUT_MS && activity.bytesSent === this.#sentAtPing)
      return { rule: "ping", reason: "does not answer" };
    return undefined;
  }
}
