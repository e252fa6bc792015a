import type { Clock } from "../../base/clock.ts";
import type { Piece } from "./format.ts";
import type { Reader } from "./reader.ts";

/** Readers are told for this long in one turn of the event loop; the rest of them hear in the next. */
const TURN_MS = 8;
/** Readers told between two looks at the clock. */
const SLICE_READERS = 16;

/**
 * Tells the readers of a stream, who may be thousands, that it is published, has stopped, or is nowhere to be had: as many in a
 * turn of the event loop as hold up nobody else.
 */
export class Notices {
  readonly #readers: ReadonlySet<Reader<Piece>>;
  readonly #clock: Clock;
  /** Those who may have to hear something; undefined when all have. */
  #round: Iterator<Reader<Piece>> | undefined;
  /** Set while the stream is nowhere to be had and some have not heard why. */
  #missing: string | undefined;
  #scheduled = false;

  constructor(readers: ReadonlySet<Reader<Piece>>, clock: Clock) {
    this.#readers = readers;
    this.#clock = clock;
  }

  /** Somebody publishes: readers that were told of a stop, or of nothing yet, hear of it before their next packets. */
  published(): void {
    this.#missing = undefined;
    for (const reader of this.#readers) {
      reader.stopPending = false;
      reader.publishPending = !reader.announced;
    }
    this.#begin();
  }

  /** The stream has stopped: readers hear of it after their last packets. */
  stopped(): void {
    for (const reader of this.#readers) {
      reader.stopPending = reader.announced;
      reader.publishPending = false;
    }
    this.#begin();
  }

  /** The stream is nowhere to be had, for this reason. */
  missing(reason: string): void {
    this.#missing = reason;
    this.#begin();
  }

  /** Tells those who have not heard; false when there is none left, true when `until` (monotonic ms) has passed. */
  run(until: number): boolean {
    let left = SLICE_READERS;
    while (this.#round !== undefined) {
      const next = this.#round.next();
      if (next.done === true) {
        this.#round = undefined;
        this.#missing = undefined;
      } else {
        this.#tell(next.value);
        if (--left > 0) continue;
        left = SLICE_READERS;
        if (this.#clock.now() >= until) return true;
      }
    }
    return false;
  }

  #tell(reader: Reader<Piece>): void {
    if (this.#missing !== undefined) reader.events.missing?.(this.#missing);
    else if (reader.publishPending) reader.tellPublished();
    // One that lags hears of it when it has caught up.
    else if (reader.stopPending && reader.state !== "lagging") reader.tellStopped();
  }

  #begin(): void {
    this.#round = this.#readers.values();
    this.#runTurn();
  }

  #runTurn(): void {
    if (!this.run(this.#clock.now() + TURN_MS) || this.#scheduled) return;
    this.#scheduled = true;
    this.#clock.soon(() => {
      this.#scheduled = false;
      this.#runTurn();
    });
  }
}
