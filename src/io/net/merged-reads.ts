import type { Clock, Timer } from "../../base/clock.ts";

/** Connections that rest are read again at multiples of this many ms, those of the same one in one turn. */
const TICK_MS = 20;
/** The longest rest, in ticks. */
const MAX_TICKS = 20;
/** A rest is made longer while a read brings less than this, and shorter when it brings twice as much: the peer must never wait for us. */
const ENOUGH_BYTES = 16 * 1024;
/** A timer may run so much before its time. */
const EARLY_MS = 1;

/** A connection whose socket is left unread for a while. */
export interface Pausable {
  /** Reads on. */
  wake(): void;
}

/** How long a connection may rest, by what its reads bring. */
export class ReadPause {
  #ticks = 0;

  /** How long to rest (ms) after a read of so many bytes. */
  after(bytes: number): number {
    if (bytes >= 2 * ENOUGH_BYTES) this.#ticks >>= 1;
    else if (bytes < ENOUGH_BYTES) this.#ticks = Math.min(MAX_TICKS, this.#ticks + 1);
    return this.#ticks * TICK_MS;
  }
}

/**
 * Merged reads, as SRS calls them: connections that nobody waits for are left unread for up to 400 ms after each read, so that
 * one read brings what many would have. 500 publishers × 600 kbps that nobody watches cost half as much so.
 */
export class MergedReads {
  readonly #clock: Clock;
  /** Those that rest, by the tick at which they are read again. */
  readonly #due = new Map<number, Pausable[]>();
  #next = Number.POSITIVE_INFINITY;
  #timer: Timer | undefined;

  constructor(clock: Clock) {
    this.#clock = clock;
  }

  /** Wakes a connection at the last tick within `ms`; false when there is none. */
  rest(connection: Pausable, ms: number): boolean {
    const now = this.#clock.now();
    const tick = Math.floor((now + ms) / TICK_MS);
    if (tick * TICK_MS <= now) return false;
    const others = this.#due.get(tick);
    if (others === undefined) this.#due.set(tick, [connection]);
    else others.push(connection);
    if (tick < this.#next) this.#waitFor(tick, now);
    return true;
  }

  #waitFor(tick: number, now: number): void {
    this.#timer?.cancel();
    this.#next = tick;
    this.#timer = this.#clock.after(tick * TICK_MS - now, () => this.#wake());
  }

  #wake(): void {
    const now = this.#clock.now();
    this.#next = Number.POSITIVE_INFINITY;
    let next = this.#next;
    for (const [tick, readPaused] of this.#due) {
      if (tick * TICK_MS > now + EARLY_MS) {
        next = Math.min(next, tick);
        continue;
      }
      this.#due.delete(tick);
      for (const connection of readPaused) connection.wake();
    }
    if (next < this.#next) this.#waitFor(next, now);
  }
}
