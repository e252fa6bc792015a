// Hot: take runs for each video frame.
import type { PictureInfo } from "./sps.ts";

/** Distance of the decoding times before a GOP's first frame when the SPS does not give a frame's duration. */
const STEP_MS = 1;

/**
 * Decoding times of a video track; as a rule they are the packets' times. An encoder that stamps by presentation gives a GOP's key frame
 * the time at which it is shown, although the SPS says that pictures are reordered. The decoding time of each frame is then the smallest
 * of the last presentation times, as many as the SPS's reordering needs, so that no frame is decoded after it is shown, nor before the
 * frame that precedes it. Each GOP begins anew, so that times are a function of its packets alone.
 */
export class DecodeTimes {
  readonly #window = new Float64Array(32);
  /** 0: decoding times are the packets' times. */
  #depth = 0;

  /** The decoding time, ms, of a packet with a time and a presentation time. */
  take(time: number, pts: number, key: boolean, picture: PictureInfo | undefined): number {
    if (key) this.#begin(pts, pts <= time ? (picture?.reorderDepth ?? 0) : 0, picture?.frameMs ?? STEP_MS);
    if (this.#depth === 0) return Math.min(time, pts);
    // Sorted: the new one takes the place of the smallest and goes up.
    const window = this.#window;
    let at = 0;
    for (; at < this.#depth && (window[at + 1] as number) < pts; at++) window[at] = window[at + 1] as number;
    window[at] = pts;
    return window[0] as number;
  }

  /** What `take` will return for the next packet; `anew` when `reset` is called before it. Nothing changes. */
  peek(time: number, pts: number, key: boolean, picture: PictureInfo | undefined, anew = false): number {
    if (key && pts <= time && picture?.reorderDepth) return pts - picture.reorderDepth * (picture.frameMs ?? STEP_MS);
    if (key || anew || this.#depth === 0) return Math.min(time, pts);
    return Math.min(this.#window[1] as number, pts);
  }

  /** Forgets the packets before; until a key frame, decoding times are the packets' times. */
  reset(): void {
    this.#depth = 0;
  }

  #begin(pts: number, depth: number, step: number): void {
    this.#depth = depth;
    for (let i = 0; i <= depth; i++) this.#window[i] = pts - (depth + 1 - i) * step;
  }
}
