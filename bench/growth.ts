/** Memory, one value a second. */
type Samples = readonly number[];

/** Maximum periods of the two medians, s. */
const EARLY_SECONDS = 120;
const LATE_SECONDS = 120;
/** A server is still warming up before this time, s, and its growth is no leak. */
const LEAST_EARLY_SECONDS = 120;
/** A larger ratio of the late memory to the early one is a leak. */
const MOST_GROWTH = 1.1;

/** Memory after a sixth of a run, and at its end. */
export interface Growth {
  readonly earlyMib: number;
  readonly lateMib: number;
  /** Minutes from the start to the middle of the early period. */
  readonly earlyMinutes: number;
  /** Whether memory leaked; undefined if the run was too short to tell. */
  readonly grown: boolean | undefined;
}

/** Compares medians after a sixth of the run, when the server is warm, and at its end; undefined if the run was too short for both. */
export function growthOf(samples: Samples): Growth | undefined {
  const sixth = Math.floor(samples.length / 6);
  if (sixth === 0) return undefined;
  // In a short run, the two periods must not overlap.
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

/** The median; 0 if there are no values. */
export function median(values: Samples): number {
  return [...values].sort((a, b) => a - b)[values.length >> 1] ?? 0;
}
