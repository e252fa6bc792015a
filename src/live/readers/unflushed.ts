// Hot: add runs for each packet.
import type { Clock } from "../../base/clock.ts";

/** A publisher may be faster than the flushes: when more than this waits, the stream is flushed at once. */
const MAX_PACKETS = 4096;
const MAX_BYTES = 16 * 1024 * 1024;
/** The newest flush's share in the average. */
const NEWEST = 1 / 8;

/** Counts the bytes that a stream got since its last flush, and averages how long packets wait for a flush. */
export class Unflushed {
  #bytes = 0;
  /** How long packets waited for the last flushes, on average, ms. */
  waitMs = 0;
  #since = 0;

  add(bytes: number, clock: Clock): void {
    if (this.#bytes === 0) this.#since = clock.now();
    this.#bytes += bytes;
  }

  /** Whether the waiting packets exceed a limit, so that the stream must be flushed at once. */
  isMuch(packets: number): boolean {
    return packets > MAX_PACKETS || this.#bytes > MAX_BYTES;
  }

  /** A flush takes all. On average, packets waited half as long as the first one. */
  flushed(clock: Clock): void {
    if (this.#bytes === 0) return;
    this.#bytes = 0;
    this.waitMs += ((clock.now() - this.#since) / 2 - this.waitMs) * NEWEST;
  }
}
