import type { Clock } from "../../base/clock.ts";

/** Maximum number of sites whose rate is remembered, about 6 MB; those whose newest use is oldest are forgotten first. */
const MAX_RATES = 65_536;
/** Old sites are removed each time this many new ones have come. */
const BATCH = 64;
const MINUTE_MS = 60_000;

/** Limits the rate of each site: a minute's uses may come at once, further ones only at the rate. */
export class AddressRate {
  readonly #clock: Pick<Clock, "now">;
  /** By site, the time up to which its rate is used up; in the order of their newest use. */
  readonly #usedUntil = new Map<string, number>();
  /** Number of new sites since old ones were removed. */
  #notForgotten = 0;
  #rate = 0;

  constructor(clock: Pick<Clock, "now">) {
    this.#clock = clock;
  }

  /** Entries in memory. */
  get size(): number {
    return this.#usedUntil.size;
  }

  /**
   * Counts one use, of `rate` a minute (0: no limit); false when the site has used up its rate. Each use takes its share of a
   * minute; at most one minute can be used up ahead.
   */
  take(site: string, rate: number): boolean {
    // Used-up time depends on the rate: after a change of the rate, counting starts afresh.
    if (rate !== this.#rate) this.#usedUntil.clear();
    this.#rate = rate;
    if (rate === 0) return true;
    const now = this.#clock.now();
    const until = Math.max(now, this.#usedUntil.get(site) ?? now) + MINUTE_MS / rate;
    // Sums of fractions are not exact.
    if (until - now > MINUTE_MS + 1e-3) return false;
    this.#usedUntil.delete(site);
    this.#usedUntil.set(site, until);
    this.#forget(now);
    return true;
  }

  /**
   * Forgets two sites for each new one, so that expired ones are soon gone. Finding the oldest takes longer after many
   * deletions, so many are removed at once.
   */
  #forget(now: number): void {
    if (++this.#notForgotten < BATCH && this.#usedUntil.size <= MAX_RATES) return;
    this.#notForgotten = 0;
    const max = MAX_RATES - BATCH;
    let looked = 0;
    for (const [site, until] of this.#usedUntil) {
      if (this.#usedUntil.size <= max && (until > now || looked++ >= 2 * BATCH)) return;
      this.#usedUntil.delete(site);
    }
  }
}
