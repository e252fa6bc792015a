// Hot: corrected runs for each video frame.

/** The apparent step ahead, of nearly 4.7 hours, after a delta of 24 bits that steps back. */
const AROUND = 2 ** 24;
/** The longest step back, ms. */
const MAX_BACK_MS = 1000;
/** A frame at most this much after the one before, by the corrected clock, shows that the clock is right again. */
const MAX_AHEAD_MS = 10_000;

/**
 * Some encoders that stamp video with presentation times step back at B-frames by a chunk header's delta, which has 24 bits
 * and no sign. Each step puts all timestamps that follow 2^24 ms ahead, until a full timestamp comes.
 */
export class StepsBack {
  #newest: number | undefined;
  /** How far the timestamps are ahead, ms. */
  #around = 0;

  /** A frame's corrected timestamp (uint32 ms). */
  corrected(timestamp: number): number {
    if (this.#newest !== undefined) {
      const step = (timestamp - this.#newest) | 0;
      if (step >= AROUND - MAX_BACK_MS && step < AROUND) this.#around += AROUND;
      else if (this.#around !== 0 && isNear(timestamp - (this.#newest - this.#around))) this.#around = 0;
    }
    this.#newest = timestamp;
    return (timestamp - this.#around) >>> 0;
  }
}

function isNear(step: number): boolean {
  return (step | 0) >= -MAX_BACK_MS && (step | 0) <= MAX_AHEAD_MS;
}
