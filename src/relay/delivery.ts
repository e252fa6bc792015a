import type { Transport } from "../base/transport.ts";

/** A target that takes nothing of what waits for it for this long is given up and dialled anew. */
const WRITE_TIMEOUT_MS = 15_000;
/** One that answers pings has this long for each. */
const PONG_TIMEOUT_MS = 10_000;
/** Looks that are remembered: a target further behind than this is no better known. */
const MAX_LOOKS = 600;

/** What is known of what was sent. */
type Sent = Pick<Transport, "bytesSent" | "bytesQueued" | "bytesUnacknowledged">;

/** What had been handed over at a look, and as of when the stream was in it, monotonic ms. */
interface Look {
  readonly bytes: number;
  readonly asOfMs: number;
}

/**
 * What a target has taken of what was sent to it: the kernel holds seconds of a stream for a target that stands still, so this
 * goes by what the target's machine has acknowledged and by the target's answers to pings.
 */
export class Delivery {
  readonly #transport: Sent;
  readonly #sendPing: (time: number) => void;
  /** What the target's machine has not all acknowledged, the oldest first. */
  #looks: Look[] = [];
  #acknowledged = 0;
  /** When the target's machine last took something, or had all there was. */
  #movedAt: number;
  /** When something last waited here because the kernel did not take it. */
  #queuedAt: number;
  /** Of the ping that has not been answered: when it was sent, and where it stands among the bytes. */
  #ping: { readonly sentAt: number; readonly end: number } | undefined;
  #pongMs = 0;
  #answersPings: boolean;

  /** `answersPings`: the target has answered one before the stream ran; not every server answers a publisher's. */
  constructor(transport: Sent, answersPings: boolean, now: number, ping: (time: number) => void) {
    this.#transport = transport;
    this.#sendPing = ping;
    this.#answersPings = answersPings;
    this.#movedAt = now;
    this.#queuedAt = now;
  }

  /** The target has answered the ping. */
  pong(now: number): void {
    this.#answersPings = true;
    if (this.#ping !== undefined) this.#pongMs = now - this.#ping.sentAt;
    this.#ping = undefined;
  }

  /** Called about once a second: what the target has done to be given up, or undefined. `behindMs`: how late it is handed the stream. */
  look(now: number, behindMs: number): string | undefined {
    const { bytesSent, bytesQueued, bytesUnacknowledged } = this.#transport;
    const handedOver = bytesSent + bytesQueued;
    const acknowledged = Math.max(0, bytesSent - bytesUnacknowledged);
    if (acknowledged !== this.#acknowledged || acknowledged === handedOver) this.#movedAt = now;
    this.#acknowledged = acknowledged;
    this.#forget(acknowledged);
    if (acknowledged < handedOver && this.#looks.length < MAX_LOOKS)
      this.#looks.push({ bytes: handedOver, asOfMs: now - behindMs });
    if (now - this.#movedAt >= WRITE_TIMEOUT_MS) return `has taken nothing for ${WRITE_TIMEOUT_MS / 1000} s`;
    // A target that is slow answers late: while something waits for it here, it is judged by what it takes.
    if (bytesQueued > 0) this.#queuedAt = now;
    else if (this.#ping === undefined) this.#askAgain(now);
    else if (this.#answersPings && now - this.#silentSince(this.#ping) >= PONG_TIMEOUT_MS)
      return `has given no sign of life for ${PONG_TIMEOUT_MS / 1000} s`;
    return undefined;
  }

  /** How old the newest of the stream is that the target is known to have, ms. `behindMs` as in `look`. */
  lagMs(now: number, behindMs: number): number {
    const { bytesSent, bytesUnacknowledged } = this.#transport;
    this.#forget(bytesSent - bytesUnacknowledged);
    const [oldest] = this.#looks;
    const onTheWayMs = oldest === undefined ? 0 : now - oldest.asOfMs;
    const unansweredMs = this.#answersPings && this.#ping !== undefined ? now - this.#ping.sentAt : 0;
    return Math.max(behindMs, onTheWayMs, unansweredMs, this.#pongMs);
  }

  #askAgain(now: number): void {
    this.#sendPing(now);
    this.#ping = { sentAt: now, end: this.#transport.bytesSent + this.#transport.bytesQueued };
  }

  /** A ping that has not reached the target's machine says nothing of the target while other bytes do. */
  #silentSince({ sentAt, end }: { readonly sentAt: number; readonly end: number }): number {
    return Math.max(sentAt, this.#queuedAt, this.#acknowledged >= end ? sentAt : this.#movedAt);
  }

  #forget(acknowledged: number): void {
    const first = this.#looks.findIndex(({ bytes }) => bytes > acknowledged);
    this.#looks = first < 0 ? [] : this.#looks.slice(first);
  }
}
