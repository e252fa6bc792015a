import type { Clock } from "../base/clock.ts";

/** Reading both clocks takes at most this long, unless the process was paused in between. */
const LOOK_MS = 0.01;
/** Maximum time of the calibration. A busy machine may miss the starts of many milliseconds, but hardly all of them in this time. */
const CALIBRATE_MS = 200;
/** Maximum readings while the monotonic clock stands still. */
const MAX_LOOKS_AT_ONE_TIME = 10_000;

/**
 * Microseconds since 1970 that run evenly: the monotonic clock plus the wall clock's offset, found once. Two processes on one
 * machine agree to a few microseconds, so one can stamp what the other receives.
 */
export class WallTime {
  readonly #clock: Clock;
  readonly #offsetUs: number;

  constructor(clock: Clock) {
    this.#clock = clock;
    this.#offsetUs = findOffsetMs(clock) * 1000;
  }

  nowUs(): number {
    return this.at(this.#clock.now());
  }

  /** The wall time, µs, for a time of the monotonic clock, ms. */
  at(nowMs: number): number {
    return Math.round(nowMs * 1000 + this.#offsetUs);
  }
}

/** The wall clock has whole milliseconds only, so that the offset is taken at the moment when one begins. */
function findOffsetMs(clock: Clock): number {
  let before = clock.now();
  let wallBefore = clock.wall();
  let now = clock.now();
  const end = now + CALIBRATE_MS;
  let largest = wallBefore - now;
  for (let still = 0; now < end && still < MAX_LOOKS_AT_ONE_TIME; still++) {
    // A pause between the two readings makes their difference smaller, never larger.
    const wall = clock.wall();
    const after = clock.now();
    largest = Math.max(largest, wall - after);
    // A millisecond began between the two readings of the wall clock, and both lie between `before` and `after`.
    if (wall !== wallBefore && after - before <= LOOK_MS) return wall - after;
    if (after > now) still = 0;
    before = now;
    wallBefore = wall;
    now = after;
  }
  return largest;
}
