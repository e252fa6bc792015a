import { MAX_GOP_MS, measureGop } from "./epoch.ts";

/** GOPs up to this length fit fragments of every length, so they count as unknown. */
const SHORT_GOP_MS = 1000;

/** Measures the distance of one source's key frames. */
export class KeyDistance {
  /** Time of the last key frame; NaN before the first one. */
  last = Number.NaN;
  /** Its distance from the one before, rounded as in spans; NaN before the second one. */
  #gop = Number.NaN;

  /** Another source begins. */
  reset(): void {
    this.last = Number.NaN;
    this.#gop = Number.NaN;
  }

  /** A key frame has come. Returns the distance by which slots are sized from here on, ms; so far it was `known`. */
  measure(time: number, known: number): number {
    const [key, before] = [this.last, this.#gop];
    this.last = time;
    if (Number.isNaN(key)) return known;
    this.#gop = measureGop(time - key);
    // One long distance may be a pause of the video; two in a row are not.
    const longer = Number.isNaN(before) ? this.#gop : Math.min(before, this.#gop);
    return longer > Math.max(known, SHORT_GOP_MS) && longer <= MAX_GOP_MS ? longer : known;
  }
}
