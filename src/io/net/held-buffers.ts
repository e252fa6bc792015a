// Hot: hold and release run whenever a connection begins or ends to wait for its peer.

/**
 * The buffers queued for peers. A buffer queued for thousands of peers is in memory once. Computes each peer's share, so that
 * the most expensive peers can be disconnected when the buffers exceed the limit.
 */
export class HeldBuffers {
  readonly #holders = new Map<Uint8Array, number>();
  #bytes = 0;

  /** Bytes of all held buffers. */
  get bytes(): number {
    return this.#bytes;
  }

  /** One more peer's queue holds a buffer. */
  hold(buffer: Uint8Array): void {
    const holders = this.#holders.get(buffer) ?? 0;
    if (holders === 0) this.#bytes += buffer.length;
    this.#holders.set(buffer, holders + 1);
  }

  /** A peer's queue no longer holds a buffer. */
  release(buffer: Uint8Array): void {
    const holders = this.#holders.get(buffer) ?? 0;
    if (holders > 1) {
      this.#holders.set(buffer, holders - 1);
      return;
    }
    if (this.#holders.delete(buffer)) this.#bytes -= buffer.length;
  }

  /** One holder's share of these buffers, bytes: each holder of a buffer bears the same part. */
  share(buffers: readonly Uint8Array[]): number {
    let bytes = 0;
    for (const buffer of buffers) bytes += buffer.length / (this.#holders.get(buffer) ?? 1);
    return bytes;
  }
}
