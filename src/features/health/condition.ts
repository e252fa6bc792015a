/** A stream's health by one measure; `unsure` lies between the threshold and the value that is clearly well. */
export type Level = "well" | "unsure" | "ill";

/** Consecutive looks that make a stream ill. */
const ILL_LOOKS = 2;
/** Hold time: for how long a stream must be well without a break before a state ends, ms, at first and at most. */
const MIN_HOLD_MS = 5000;
const MAX_HOLD_MS = 300_000;
/** A state that comes back within this time after its end flaps, ms. */
const FLAP_MS = 600_000;

/*
 * well ──ill at two looks in a row──> ill ──well for the hold time──> well
 *        (again within ten minutes: the hold time doubles)
 */
/** One state of a stream's health. The more a state flaps, the longer its hold time, so that its changes can't flood the log. */
export class Condition {
  /** Since when the stream is ill, monotonic ms; undefined while it is well. */
  since: number | undefined;
  #illLooks = 0;
  #firstIllAt = 0;
  #wellSince: number | undefined;
  #holdMs = MIN_HOLD_MS;
  #endedAt = Number.NEGATIVE_INFINITY;

  /** Takes the level at `now`, monotonic ms; returns the change of the state, if there is one. */
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
