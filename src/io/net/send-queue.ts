// Hot: add and drain run for each buffer that a peer does not take at once.
/** Buffers waiting for one peer. Media waits in its log, not here: who makes this many pile up floods us and does not read. */
const MAX_BUFFERS = 512;
/** The same by size, besides the buffer that is under way: a connection may play several streams. */
const MAX_BYTES = 32 * 1024 * 1024;

/** The one account of buffers that wait for peers: one that waits for several is counted once. */
export interface BufferAccount {
  hold(buffer: Uint8Array): void;
  release(buffer: Uint8Array): void;
}

/** What waits for one peer, by reference and in order; of the first buffer a part may be gone. */
export class SendQueue {
  readonly #account: BufferAccount;
  readonly #buffers: Uint8Array[] = [];
  /** Bytes of the first buffer that are gone. */
  #offset = 0;
  #overflowed = false;
  /** Bytes that wait. */
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
   * Takes a buffer of which `sent` bytes are gone, into an empty queue when there are any. The answer is a reason to close the
   * connection: more waits than may. From then on it takes nothing, which would only fill the memory.
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

  /** Writes to the socket what it takes; the number of bytes. */
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

  /** Forgets what waits. */
  clear(): void {
    for (const buffer of this.#buffers) this.#account.release(buffer);
    this.#buffers.length = 0;
    this.#offset = 0;
    this.bytes = 0;
  }
}
