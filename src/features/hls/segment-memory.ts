import { freeBuffer } from "../../base/memory.ts";

/**
 * Who may still look at the bytes of one segment: the list, and those who send or write them. The memory is given back when the last
 * one lets go. Left to the collector, there would be as much garbage as segments.
 */
export class SegmentMemory {
  readonly #bytes: Uint8Array;
  /** The list, to begin with. */
  #holders = 1;

  /** The buffer of `bytes` is theirs alone. */
  constructor(bytes: Uint8Array) {
    this.#bytes = bytes;
  }

  /** Somebody needs the bytes, until `release`. */
  hold(): void {
    this.#holders++;
  }

  /** One who held the bytes needs them no longer. */
  release(): void {
    if (--this.#holders === 0) freeBuffer(this.#bytes);
  }
}
