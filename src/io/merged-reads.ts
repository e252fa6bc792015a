import type { Clock } from "../base/clock.ts";

/** Connections that rest are read again in steps of this many ms. */
const TICK_MS = 20;
/** The longest rest, in ticks. A source that is silent for 250 ms may be taken for dead. */
const MOST_TICKS = 10;
/** A rest is made longer while a read brings less than this, and shorter when it brings twice as much: the peer must never wait for us. */
const ENOUGH_BYTES = 16 * 1024;

/** A connection whose socket is left unread for a while. */
export interface Resting {
  /** Reads on. */
  wake(): void;
}

/** How many ticks to rest after a read of so many bytes, when the rest before it was `ticks`. */
export function restAfter(bytes: number, ticks: number): number {
  if (bytes < ENOUGH_BYTES) return Math.min(MOST_TICKS, ticks + 1);
  return bytes < 2 * ENOUGH_BYTES ? ticks : ticks >> 1;
}

/**
 * Merged reads, as SRS calls them: connections that nobody waits for are left unread for up to 200 ms after each read, so that
 * one read brings what many would have. 500 publishers × 600 kbps that nobody watches cost half as much so.
 */
export class MergedReads {
  readonly #clock: Clock;
  /** Those that rest, by the tick at which they are read again. */
  readonly #due: Resting[][] = Array.from({ length: MOST_TICKS }, () => []);
  #tick = 0;
  #resting = 0;

  constructor(clock: Clock) {
    this.#clock = clock;
  }

  /** Wakes a connection after 1 to 10 ticks. */
  rest(connection: Resting, ticks: number): void {
    this.#due[(this.#tick + ticks) % MOST_TICKS]?.push(connection);
    if (this.#resting++ === 0) this.#wait();
  }

  #wait(): void {
    this.#clock.after(TICK_MS, () => this.#next());
  }

  #next(): void {
    this.#tick = (this.#tick + 1) % MOST_TICKS;
    const due = this.#due[this.#tick]?.splice(0) ?? [];
    this.#resting -= due.length;
    if (this.#resting > 0) this.#wait();
    for (const connection of due) connection.wake();
  }
}
