import { freeBuffer } from "../../base/memory.ts";

/**
 * Counts the holders of one segment's bytes: the list, and those that send or write them. The memory is freed when the last holder
 * releases it. Left to the collector, there would be as much garbage as segments.
 */
export class SegmentMemory {
  readonly #bytes: Uint8Array;
  /** The list is the first one. */
  #holders = 1;

  /** Nothing else uses the buffer of `bytes`. */
  constructor(bytes: Uint8Array) {
    this.#bytes = bytes;
  }

  /** Adds a holder, until it calls `release`. */
  hold(): void {
    this.#holders++;
  }

  /** A holder no longer needs the bytes. */
  release(): void {
    if (--this.#holders === 0) freeBuffer(this.#bytes);
  }
}
