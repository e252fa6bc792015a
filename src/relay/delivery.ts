import type { Transport } from "../base/transport.ts";
import { LinkDelay } from "./link-delay.ts";

/** A target that accepts none of its queued bytes for this long is given up and dialled again. */
const WRITE_TIMEOUT_MS = 15_000;
/** A target that answers pings must answer each within this time. */
const PONG_TIMEOUT_MS = 10_000;
/** Maximum number of samples, one a second; more are added only when older ones are acknowledged. */
const MAX_LOOKS = 600;

/** The transport's counts of sent, queued and unacknowledged bytes. */
type Sent = Pick<Transport, "bytesSent" | "bytesQueued" | "bytesUnacknowledged">;

/** Bytes sent so far at a sample, and when the newest of them came into the stream, monotonic ms. */
interface Look {
  readonly bytes: number;
  readonly asOfMs: number;
}

/**
 * How much a target has received. The kernel buffers seconds of a stream for a target that hangs, so acknowledgements of the
 * target's machine and answers to pings decide.
 */
export class Delivery {
  readonly #transport: Sent;
  readonly #sendPing: (time: number) => void;
  /** Samples that the target's machine has not fully acknowledged, oldest first. */
  #looks: Look[] = [];
  #acknowledged = 0;
  /** When the target's machine last acknowledged bytes, or had acknowledged all. */
  #movedAt: number;
  /** When bytes were last queued here because the kernel did not accept them. */
  #queuedAt: number;
  /** The unanswered ping: when it was sent, and its position among the bytes. */
  #ping: { readonly sentAt: number; readonly end: number } | undefined;
  #pongMs = 0;
  /** How long packets take to the target. */
  readonly link = new LinkDelay();
  #answersPings: boolean;

  /** `answersPings`: the target answered a ping before the stream ran; not every server answers a publisher's pings. */
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
    if (this.#ping !== undefined) {
      this.#pongMs = now - this.#ping.sentAt;
      this.link.add(this.#pongMs);
    }
    this.#ping = undefined;
  }

  /** Called about once a second: why the target is given up, or undefined. `behindMs`: how late packets are sent to it. */
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
    // A slow target answers late: while bytes are queued here, only its acknowledgements count.
    if (bytesQueued > 0) this.#queuedAt = now;
    else if (this.#ping === undefined) this.#askAgain(now);
    else if (this.#answersPings && now - this.#silentSince(this.#ping) >= PONG_TIMEOUT_MS)
      return `has given no sign of life for ${PONG_TIMEOUT_MS / 1000} s`;
    return undefined;
  }

  /** The age of the newest part of the stream that the target is known to have, ms. `behindMs` as in `look`. */
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

  /** A ping that has not reached the target's machine proves nothing about the target while other bytes are acknowledged. */
  #silentSince({ sentAt, end }: { readonly sentAt: number; readonly end: number }): number {
    return Math.max(sentAt, this.#queuedAt, this.#acknowledged >= end ? sentAt : this.#movedAt);
  }

  #forget(acknowledged: number): void {
    const first = this.#looks.findIndex(({ bytes }) => bytes > acknowledged);
    this.#looks = first < 0 ? [] : this.#looks.slice(first);
  }
}
