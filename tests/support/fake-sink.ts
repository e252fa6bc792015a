import type { Sink } from "../../src/live/readers/format.ts";

/**
 * A socket's sending side: takes `room` bytes at once, keeps the rest by reference until the peer has read enough, and says
 * so by `onDrain`. `take` gets the bytes in the order and in the pieces in which they left.
 */
export class FakeSink implements Sink {
  /** Free space of the kernel's buffer, bytes. */
  room: number;
  /** Each buffer that was handed over, by reference. */
  readonly sent: Uint8Array[] = [];
  /** Bytes that it held before the reader came. */
  bytesQueued = 0;
  /** Bytes that have left. */
  bytes = 0;
  onDrain: (() => void) | undefined;
  /** Called by each `send`, before it does anything. */
  onSend: (() => void) | undefined;
  take: ((bytes: Uint8Array) => void) | undefined;
  readonly #queue: Uint8Array[] = [];

  constructor(room = Number.POSITIVE_INFINITY) {
    this.room = room;
  }

  /** Bytes kept here because there was no room. */
  get queued(): number {
    return this.#queue.reduce((sum, bytes) => sum + bytes.length, 0);
  }

  send(bytes: Uint8Array): boolean {
    this.onSend?.();
    this.sent.push(bytes);
    this.#queue.push(bytes);
    this.#move();
    return this.#queue.length === 0;
  }

  /** The peer reads: there is room for `bytes` more. */
  drain(bytes = Number.POSITIVE_INFINITY): void {
    const blocked = this.#queue.length > 0;
    this.room += bytes;
    this.#move();
    if (blocked && this.#queue.length === 0) this.onDrain?.();
  }

  /** The peer stops reading. */
  stall(): void {
    this.room = 0;
  }

  #move(): void {
    for (let first = this.#queue[0]; first !== undefined; first = this.#queue[0]) {
      const length = Math.min(first.length, this.room);
      if (length < first.length && length === 0) return;
      this.room -= length;
      this.bytes += length;
      this.take?.(first.subarray(0, length));
      if (length < first.length) {
        this.#queue[0] = first.subarray(length);
        return;
      }
      this.#queue.shift();
    }
  }
}
