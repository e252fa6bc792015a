/** A pending timer. `cancel` may be called at any time, more than once. */
export interface Timer {
  cancel(): void;
}

/** The only source of time below `io/`. Tests pass a fake one and never sleep. */
export interface Clock {
  /** Monotonic milliseconds, with fractions; the origin is arbitrary. */
  now(): number;
  /** Milliseconds since 1970, for people and for wire fields that carry a date. */
  wall(): number;
  /** Runs once, `delayMs` from now. */
  after(delayMs: number, run: () => void): Timer;
  /** Runs every `periodMs`, first after one period. */
  every(periodMs: number, run: () => void): Timer;
  /** Runs once at the end of the current event-loop turn, after the socket events that are already queued. */
  soon(run: () => void): void;
}
