import type { Clock } from "./clock.ts";

/** At most this many lines in each window of this length, then one line for the remaining events. */
const LINES = 10;
const WINDOW_MS = 10_000;

/** Bounds the log's lines about events of one kind: a flood costs a few lines. */
export class LineLimit {
  readonly #clock: Pick<Clock, "after">;
  readonly #logRest: (count: number) => void;
  /** Number of events in the current window; 0 between windows. */
  #count = 0;

  /** `logRest` logs the number of events without a line of their own, at the end of a window. */
  constructor(clock: Pick<Clock, "after">, logRest: (count: number) => void) {
    this.#clock = clock;
    this.#logRest = logRest;
  }

  /** Counts an event; whether it gets a line of its own. The first one begins a window. */
  take(): boolean {
    if (this.#count === 0) this.#clock.after(WINDOW_MS, () => this.#endWindow());
    return ++this.#count <= LINES;
  }

  #endWindow(): void {
    const rest = this.#count - LINES;
    this.#count = 0;
    if (rest > 0) this.#logRest(rest);
  }
}
