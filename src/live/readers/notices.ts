import type { Clock } from "../../base/clock.ts";
import type { Piece } from "./format.ts";
import type { Reader } from "./reader.ts";

/** Time per turn for notifications; the remaining readers are notified in the next turn. */
const TURN_MS = 8;
/** Readers notified between two looks at the clock. */
const SLICE_READERS = 16;

/**
 * Notifies the readers of a stream, possibly thousands, that it is published, has stopped, or is missing everywhere, in slices
 * that don't delay other work.
 */
export class Notices {
  readonly #readers: ReadonlySet<Reader<Piece>>;
  readonly #clock: Clock;
  /** Readers not checked yet; undefined when all are notified. */
  #round: Iterator<Reader<Piece>> | undefined;
  /** Why the stream is missing everywhere, while readers remain to be notified of it. */
  #missing: string | undefined;
  #scheduled = false;

  constructor(readers: ReadonlySet<Reader<Piece>>, clock: Clock) {
    this.#readers = readers;
    this.#clock = clock;
  }

  /** A source publishes: readers notified of a stop, or of nothing yet, are notified before their next packets. */
  published(): void {
    this.#missing = undefined;
    for (const reader of this.#readers) {
      reader.stopPending = false;
      reader.publishPending = !reader.announced;
    }
    this.#begin();
  }

  /** The stream has stopped: readers are notified after their last packets. */
  stopped(): void {
    for (const reader of this.#readers) {
      reader.stopPending = reader.announced;
      reader.publishPending = false;
    }
    this.#begin();
  }

  /** The stream is missing everywhere, for this reason. */
  missing(reason: string): void {
    this.#missing = reason;
    this.#begin();
  }

  /** Notifies the remaining readers: false when none is left, true when `until` (monotonic ms) has passed. */
  #run(until: number): boolean {
    let left = SLICE_READERS;
    while (this.#round !== undefined) {
      const next = this.#round.next();
      if (next.done === true) {
        this.#round = undefined;
        this.#missing = undefined;
      } else {
        this.#notify(next.value);
        if (--left > 0) continue;
        left = SLICE_READERS;
        if (this.#clock.now() >= until) return true;
      }
    }
    return false;
  }

  #notify(reader: Reader<Piece>): void {
    if (this.#missing !== undefined) reader.events.missing?.(this.#missing);
    else if (reader.publishPending) reader.notifyPublished();
    // A lagging reader is notified once it has caught up.
    else if (reader.stopPending && reader.state !== "lagging") reader.notifyStopped();
  }

  #begin(): void {
    this.#round = this.#readers.values();
    this.#runTurn();
  }

  #runTurn(): void {
    if (!this.#run(this.#clock.now() + TURN_MS) || this.#scheduled) return;
    this.#scheduled = true;
    this.#clock.soon(() => {
      this.#scheduled = false;
      this.#runTurn();
    });
  }
}
