// Hot: add and drain run for each buffer that a peer does not take at once.
/** Limit on buffers queued for one peer. Media waits in its log, not here: a peer that fills this floods us and does not read. */
const MAX_BUFFERS = 512;
/** The same limit in bytes, without the buffer under way: a connection may play several streams. */
const MAX_BYTES = 32 * 1024 * 1024;

/** Accounts for all queued buffers: a buffer queued for several peers counts once. */
export interface BufferAccount {
  hold(buffer: Uint8Array): void;
  release(buffer: Uint8Array): void;
}

/** The buffers queued for one peer, by reference and in order; the first may be sent in part. */
export class SendQueue {
  readonly #account: BufferAccount;
  readonly #buffers: Uint8Array[] = [];
  /** Bytes of the first buffer that are sent. */
  #offset = 0;
  #overflowed = false;
  /** Queued bytes that are not sent yet. */
  bytes = 0;

  constructor(account: BufferAccount) {
    this.#account = account;
  }

  /** Whether nothing waits. */
  get empty(): boolean {
    return this.#buffers.length === 0;
  }

  get buffers(): readonly Uint8Array[] {
    return this.#buffers;
  }

  /**
   * Queues a buffer of which `sent` bytes are sent already (only if the queue is empty). Returns a reason to close the
   * connection when the queue exceeds its limits. It then accepts nothing more, as further buffers would only use memory.
   */
  add(buffer: Uint8Array, sent: number): string | undefined {
    if (this.#overflowed) return undefined;
    if (sent > 0) this.#offset = sent;
    this.#buffers.push(buffer);
    this.#account.hold(buffer);
    this.bytes += buffer.length - sent;
    const underWay = (this.#buffers[0]?.length ?? 0) - this.#offset;
    if (this.#buffers.length <= MAX_BUFFERS && this.bytes - underWay <= MAX_BYTES) return undefined;
    this.#overflowed = true;
    return `${this.#buffers.length} messages (${this.bytes} bytes) wait for it and it does not read`;
  }

  /** Writes to the socket until it accepts no more; returns the bytes written. */
  drain(socket: { write(bytes: Uint8Array): number }): number {
    let total = 0;
    while (this.#buffers.length > 0) {
      const buffer = this.#buffers[0];
      if (buffer === undefined) break;
      const rest = this.#offset === 0 ? buffer : buffer.subarray(this.#offset);
      const written = Math.max(0, socket.write(rest));
      this.bytes -= written;
      total += written;
      if (written < rest.length) {
        this.#offset += written;
        break;
      }
      this.#buffers.shift();
      this.#account.release(buffer);
      this.#offset = 0;
    }
    return total;
  }

  /** Drops the queued buffers. */
  clear(): void {
    for (const buffer of this.#buffers) this.#account.release(buffer);
    this.#buffers.length = 0;
    this.#offset = 0;
    this.bytes = 0;
  }
}
