import { MAX_GOP_MS, measureGop } from "./epoch.ts";

/** GOPs of no more than this fit every fragment that anybody has, as one of unknown length does. */
const SHORT_GOP_MS = 1000;

/** How far the key frames of one source are from each other. */
export class KeyDistance {
  /** Time of the last key frame; NaN before the first one. */
  last = Number.NaN;
  /** How far that was from the one before, as spans have it; NaN before the second one. */
  #gop = Number.NaN;

  /** Another source begins. */
  reset(): void {
    this.last = Number.NaN;
    this.#gop = Number.NaN;
  }

  /** A key frame came. Returns the distance that slots have to fit from here on, ms; `known` was it so far. */
  measure(time: number, known: number): number {
    const [key, before] = [this.last, this.#gop];
    this.last = time;
    if (Number.isNaN(key)) return known;
    this.#gop = measureGop(time - key);
    // One that is longer than all others is a pause of the video.
    const longer = Number.isNaN(before) ? this.#gop : Math.min(before, this.#gop);
    return longer > Math.max(known, SHORT_GOP_MS) && longer <= MAX_GOP_MS ? longer : known;
  }
}
