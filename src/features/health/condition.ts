/** How a stream is by one measure: `unsure` is between the threshold and where it is clearly well again. */
export type Level = "well" | "unsure" | "ill";

/** Consecutive looks that make a stream ill. */
const ILL_LOOKS = 2;
/** For how long it must be well without a break to count as well again, ms, the first time and at most. */
const MIN_HOLD_MS = 5000;
const MAX_HOLD_MS = 300_000;
/** What comes back within this time after it ended flaps. */
const FLAP_MS = 600_000;

/*
 * well ──ill at two looks in a row──> ill ──well for the hold time──> well
 *        (again within ten minutes: the hold time doubles)
 */
/** One state of a stream's health. The more a state flaps, the longer it holds, so that its changes can't flood the log. */
export class Condition {
  /** Since when the stream is ill, monotonic ms; undefined while it is well. */
  since: number | undefined;
  #illLooks = 0;
  #firstIllAt = 0;
  #wellSince: number | undefined;
  #holdMs = MIN_HOLD_MS;
  #endedAt = Number.NEGATIVE_INFINITY;

  /** What a look at `now` (monotonic ms) has shown; returns the change, if it is one. */
  look(level: Level, now: number): "begun" | "ended" | undefined {
    return this.since === undefined ? this.#lookWell(level, now) : this.#lookIll(level, now);
  }

  #lookWell(level: Level, now: number): "begun" | undefined {
    if (level !== "ill") {
      this.#illLooks = 0;
      return undefined;
    }
    if (this.#illLooks++ === 0) this.#firstIllAt = now;
    if (this.#illLooks < ILL_LOOKS) return undefined;
    this.since = this.#firstIllAt;
    this.#wellSince = undefined;
    this.#holdMs = now - this.#endedAt > FLAP_MS ? MIN_HOLD_MS : Math.min(2 * this.#holdMs, MAX_HOLD_MS);
    return "begun";
  }

  #lookIll(level: Level, now: number): "ended" | undefined {
    if (level !== "well") {
      this.#wellSince = undefined;
      return undefined;
    }
    this.#wellSince ??= now;
    if (now - this.#wellSince < this.#holdMs) return undefined;
    this.since = undefined;
    this.#illLooks = 0;
    this.#endedAt = now;
    return "ended";
  }
}
