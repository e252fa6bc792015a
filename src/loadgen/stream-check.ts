// Hot: video and audio run for each frame of each player.
import { aacFrameMs } from "./picture.ts";
import type { FrameCounts } from "./player-totals.ts";
import { isSilentFrame } from "./synthetic-audio.ts";
import { StampReader } from "./synthetic-frame.ts";

/** Shared by all players, as frames are read one after another. */
const stamp = new StampReader();

/** Finds missing, repeated, reordered and changed frames in one player's stream. */
export class StreamCheck {
  readonly #totals: FrameCounts;
  readonly #whole: boolean;
  #header = false;
  #started = false;
  /** The synthetic stream's id; -1 before its first frame. */
  #source = -1;
  #expected = 0;
  /** -1: none yet. */
  #videoTime = -1;
  #audioTime = -1;

  /** `whole`: each frame is compared byte by byte, not only by its length and its last byte. */
  constructor(totals: FrameCounts, whole: boolean) {
    this.#totals = totals;
    this.#whole = whole;
  }

  /** A video sequence header came. */
  header(): void {
    this.#header = true;
  }

  /** Checks a video frame; returns when it was sent, µs since 1970, or 0 when it has no stamp. */
  video(timestamp: number, payload: Uint8Array, key: boolean): number {
    const totals = this.#totals;
    totals.frames.video++;
    if (this.#videoTime >= 0 && ((timestamp - this.#videoTime) | 0) < 0) totals.ranBack.video++;
    this.#videoTime = timestamp;
    const stamped = stamp.read(payload);
    if (stamped) this.#sequence(payload, key);
    else {
      if (!this.#started && !key) totals.dirty++;
      // This frame, and the audio from now on, are another publisher's.
      this.#source = -1;
    }
    this.#started = true;
    return stamped ? stamp.sentUs : 0;
  }

  /** An audio frame. */
  audio(timestamp: number, payload: Uint8Array): void {
    const totals = this.#totals;
    totals.frames.audio++;
    if (this.#audioTime >= 0) {
      const step = (timestamp - this.#audioTime) | 0;
      if (step < 0) totals.ranBack.audio++;
      else if (this.#source >= 0) totals.lost.audio += Math.max(0, Math.round(step / aacFrameMs) - 1);
    }
    this.#audioTime = timestamp;
    if (this.#whole && this.#source >= 0 && !isSilentFrame(payload)) totals.corrupt++;
  }

  #sequence(payload: Uint8Array, key: boolean): void {
    const totals = this.#totals;
    const { source, sequence } = stamp;
    totals.synthetic = true;
    if (!stamp.intact(payload, this.#whole)) totals.corrupt++;
    if (source !== this.#source) {
      // The first frame, or the first of another publisher.
      this.#source = source;
      this.#audioTime = -1;
      if (!key || !this.#header) totals.dirty++;
    } else if (sequence > this.#expected) {
      totals.gaps++;
      totals.lost.video += sequence - this.#expected;
      if (!key) totals.dirty++;
    } else if (sequence < this.#expected) {
      totals.disordered++;
      return;
    }
    this.#expected = sequence + 1;
  }
}
