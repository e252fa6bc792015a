/** Memory, one value a second. */
type Samples = readonly number[];

/** How long each median looks, s, at most. */
const EARLY_SECONDS = 120;
const LATE_SECONDS = 120;
/** Before that a server is still warming up, which is no leak. */
const LEAST_EARLY_SECONDS = 120;
/** So much more than at the beginning is a leak. */
const MOST_GROWTH = 1.1;

/** What memory was a sixth of the way through a run and at its end. */
export interface Growth {
  readonly earlyMib: number;
  readonly lateMib: number;
  /** Minutes from the start to the middle of the early look. */
  readonly earlyMinutes: number;
  /** Undefined where the early look came too early to tell. */
  readonly grown: boolean | undefined;
}

/** Compares medians around a sixth of the run, when all is warm, and at its end; undefined when it was too short for both. */
export function growthOf(samples: Samples): Growth | undefined {
  const sixth = Math.floor(samples.length / 6);
  if (sixth === 0) return undefined;
  // In a short run the two must not overlap.
  const half = Math.min(EARLY_SECONDS / 2, sixth);
  const [earlyMib, lateMib] = [
    median(samples.slice(sixth - half, sixth + half)),
    median(samples.slice(-Math.min(LATE_SECONDS, 2 * sixth))),
  ];
  return {
    earlyMib,
    lateMib,
    earlyMinutes: sixth / 60,
    grown: sixth < LEAST_EARLY_SECONDS ? undefined : lateMib > earlyMib * MOST_GROWTH,
  };
}

/** The value in the middle; 0 of none. */
export function median(values: Samples): number {
  return [...values].sort((a, b) => a - b)[values.length >> 1] ?? 0;
}
