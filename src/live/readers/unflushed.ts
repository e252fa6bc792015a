// Hot: add runs for each packet.
import type { Clock } from "../../base/clock.ts";

/** A publisher that is faster than the flushes waits for one: at most this much comes between two. */
const MAX_PACKETS = 4096;
const MAX_BYTES = 16 * 1024 * 1024;
/** The share that the newest flush has in the average. */
const NEWEST = 1 / 8;

/** What has come into a stream since its last flush, and how long packets wait for one. */
export class Unflushed {
  #bytes = 0;
  /** How long packets waited for the last flushes, on average, ms. */
  waitMs = 0;
  #since = 0;

  add(bytes: number, clock: Clock): void {
    if (this.#bytes === 0) this.#since = clock.now();
    this.#bytes += bytes;
  }

  /** Whether it is so much that it is to be flushed at once. */
  isMuch(packets: number): boolean {
    return packets > MAX_PACKETS || this.#bytes > MAX_BYTES;
  }

  /** A flush takes all. The first packet has waited longest, the last one hardly. */
  flushed(clock: Clock): void {
    if (this.#bytes === 0) return;
    this.#bytes = 0;
    this.waitMs += ((clock.now() - this.#since) / 2 - this.waitMs) * NEWEST;
  }
}
