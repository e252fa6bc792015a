// Hot: add runs for each message that answers a read.
import { joined } from "../../base/memory.ts";

/** Shorter buffers than this are joined: each write is a system call and a packet. */
const SHORT_BYTES = 4096;
/** A write that has this many bytes is full. */
const MAX_BYTES = 64 * 1024;

/** Short buffers, in order, that are sent in one write. */
export class GatheredWrite {
  readonly #buffers: Uint8Array[] = [];
  #bytes = 0;

  /** Takes a buffer by reference. False when it is long or the write is full: the collected buffers must be sent first. */
  add(buffer: Uint8Array): boolean {
    if (buffer.length >= SHORT_BYTES || this.#bytes >= MAX_BYTES) return false;
    this.#buffers.push(buffer);
    this.#bytes += buffer.length;
    return true;
  }

  /** Joins and removes the collected buffers; undefined when there are none. */
  take(): Uint8Array | undefined {
    if (this.#buffers.length === 0) return undefined;
    const buffers = this.#buffers.splice(0);
    this.#bytes = 0;
    return buffers.length > 1 ? joined(...buffers) : buffers[0];
  }

  /** Drops the collected buffers. */
  clear(): void {
    this.#buffers.length = 0;
    this.#bytes = 0;
  }
}
