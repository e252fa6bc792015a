import type { IdleLimits } from "./context.ts";

/** A client that has sent nothing for this long is pinged. */
const PING_AFTER_MS = 60_000;
/** Time for the client's answer to a ping. */
const PONG_TIMEOUT_MS = 60_000;

/** A connection's activity, which decides how long it may be silent. */
export interface Activity {
  /** It has sent connect. */
  readonly connectReceived: boolean;
  /** It publishes or plays, or has asked to. */
  readonly busy: boolean;
  readonly bytesSent: number;
}

/** Why a connection is to be closed: the limit's name and a sentence. */
export interface Lifeless {
  readonly rule: "handshake_timeout" | "idle_timeout" | "ping";
  readonly reason: string;
}

/** Watches whether a client does anything, and whether it is still connected. Times are monotonic ms. */
export class IdleMonitor {
  readonly #since: number;
  #lastInputAt: number;
  #pinged = false;
  #sentAtPing = 0;
  /** The start of the time without publishing or playing. */
  #idleSince: number;

  constructor(now: number) {
    this.#since = now;
    this.#lastInputAt = now;
    this.#idleSince = now;
  }

  /** The client has sent something. */
  onInput(now: number): void {
    this.#lastInputAt = now;
    this.#pinged = false;
  }

  /** The client was pinged; the bytes sent so far include the ping. */
  asked(bytesSent: number): void {
    this.#pinged = true;
    this.#sentAtPing = bytesSent;
  }

  /** Called about once a second: whether to ping, or why to close. */
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
    // A player that still accepts bytes is connected, even if it does not answer.
    if (silentMs > PING_AFTER_MS + PONG_TIMEOUT_MS && activity.bytesSent === this.#sentAtPing)
      return { rule: "ping", reason: "does not answer" };
    return undefined;
  }
}
