// Hot: reorder runs for each video packet.

/** A backward step of up to this many ms may be a picture shown before the one sent ahead of it; a longer one is a jump. */
export const MAX_REORDER_MS = 500;
/** This many backward steps in one GOP are no accident. */
const RECURRING_STEPS = 2;

/** Two tracks that jump by the same amount may seem to differ by this many ms, as one of them may come late. */
const MAX_APART_MS = 3000;

/** The state of one track of a time line. */
export class TrackTime {
  /** Newest unrolled timestamp; NaN before the source's first packet on this track. */
  raw = Number.NaN;
  /** Added to an unrolled timestamp, gives the time, ms. */
  offset = 0;
  /** The offset before the last jump; NaN before the first. */
  offsetBefore = Number.NaN;
  /** Whether the active source has sent a packet on this track. */
  begun = false;
  /** The arrival of its newest packet, monotonic ms; NaN before the first. */
  arrived = Number.NaN;
  /** Sum of the jumps of all tracks up to the last one that this track made or followed. */
  jumped = 0;
  /** Whether its timestamps are in presentation order: they step back at B-frames, and pass unchanged. */
  reordered = false;
  /** Time of the packet before, as sent. */
  #before = Number.NEGATIVE_INFINITY;
  /** Backward steps in this GOP. */
  #stepsBack = 0;
  /** A packet of this GOP had a composition time other than 0. */
  #composed = false;

  /** Another source begins. */
  newSource(): void {
    this.begun = false;
    this.offsetBefore = Number.NaN;
    this.reordered = false;
    this.newGop();
    this.#before = Number.NEGATIVE_INFINITY;
  }

  /** Continues by another source's clock, whose offset is given; `jumped` is the sum of all jumps so far. */
  restart(offset: number, jumped: number): void {
    this.raw = Number.NaN;
    this.offset = offset;
    this.jumped = jumped;
  }

  /** Takes an offset, or one that differs by a wrap, if that puts its newest packet within the tolerance of `expected`. */
  fit(offset: number, expected: number, toleranceMs: number): boolean {
    const off = (this.raw + offset - expected) | 0;
    if (Number.isNaN(offset) || Math.abs(off) > toleranceMs) return false;
    this.offset = expected + off - this.raw;
    return true;
  }

  /** Follows one of two jumps of another track, if its own jump is about the same. */
  follow(one: number, other: number, expected: number): boolean {
    const rest = (jump: number) => Math.abs((this.raw + this.offset + jump - expected) | 0);
    const jump = rest(other) < rest(one) ? other : one;
    return this.fit(this.offset + jump, expected, Math.min(MAX_APART_MS, Math.abs(jump) / 4));
  }

  /** Moves its time later. */
  delay(ms: number): void {
    this.offset += ms;
    this.offsetBefore += ms;
  }

  /** A key frame begins a GOP. */
  newGop(): void {
    this.#stepsBack = 0;
    this.#composed = false;
  }

  /** A frame's composition time is not 0, so the track's timestamps are decoding times. */
  compose(): void {
    this.#composed = true;
    this.reordered = false;
  }

  /**
   * Takes a frame's time as sent; `greatest` is the greatest so far. True if the frame is before that and may stay there,
   * because the track is in presentation order.
   */
  reorder(time: number, greatest: number): boolean {
    const step = time - this.#before;
    this.#before = time;
    if (time >= greatest) return false;
    if (step < 0 && step >= -MAX_REORDER_MS && !this.#composed && ++this.#stepsBack >= RECURRING_STEPS)
      this.reordered = true;
    return this.reordered && greatest - time <= MAX_REORDER_MS;
  }
}
