import type { Clock, Timer } from "../../base/clock.ts";

/** Paused connections are read again at multiples of this many ms, so that many are read in one turn. */
const TICK_MS = 20;
/** The longest pause, in ticks. */
const MAX_TICKS = 20;
/** A pause grows while a read brings less than this, and shrinks when it brings twice as much: the peer must never wait for us. */
const ENOUGH_BYTES = 16 * 1024;
/** No pause follows the first reads: a viewer who comes right after an encoder gets the state that the encoder has just sent. */
const FIRST_READS = 25;
/** A timer may fire this much early. */
const EARLY_MS = 1;

/** A connection whose socket is left unread for a while. */
export interface Pausable {
  /** Reads the socket again. */
  endReadPause(): void;
}

/** The length of a connection's pauses, by the size of its reads. */
export class ReadPause {
  #ticks = 0;
  #firstReads = FIRST_READS;

  /** The pause (ms) after a read of this many bytes. */
  after(bytes: number): number {
    if (this.#firstReads > 0) {
      this.#firstReads--;
      return 0;
    }
    if (bytes >= 2 * ENOUGH_BYTES) this.#ticks >>= 1;
    else if (bytes < ENOUGH_BYTES) this.#ticks = Math.min(MAX_TICKS, this.#ticks + 1);
    return this.#ticks * TICK_MS;
  }
}

/**
 * Merged reads, as SRS calls them: connections are left unread for up to 400 ms after each read, while nobody waits
 * for their streams, so that one read brings many frames. 500 publishers × 600 kbps without viewers cost half as much.
 */
export class MergedReads {
  readonly #clock: Clock;
  /** Paused connections, by the tick at which they are read again. */
  readonly #due = new Map<number, Pausable[]>();
  #next = Number.POSITIVE_INFINITY;
  #timer: Timer | undefined;

  constructor(clock: Clock) {
    this.#clock = clock;
  }

  /** Schedules a connection at the last tick within `ms`; false when there is none. */
  pause(connection: Pausable, ms: number): boolean {
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
    this.#timer = this.#clock.after(tick * TICK_MS - now, () => this.#endDue());
  }

  #endDue(): void {
    const now = this.#clock.now();
    this.#next = Number.POSITIVE_INFINITY;
    let next = this.#next;
    for (const [tick, connections] of this.#due) {
      if (tick * TICK_MS > now + EARLY_MS) {
        next = Math.min(next, tick);
        continue;
      }
      this.#due.delete(tick);
      for (const connection of connections) connection.endReadPause();
    }
    if (next < this.#next) this.#waitFor(next, now);
  }
}
