/** The state of a video element at one moment; times in s. */
export interface Look {
  /** Monotonic, ms. */
  readonly now: number;
  readonly position: number;
  /** Whether there is data to show at the position. A seek to a position without data is no movement of the picture. */
  readonly hasData: boolean;
  /** Number of segments loaded so far; undefined: not known. */
  readonly segments?: number | undefined;
  /** The start of the buffered range with the position; undefined if it is in none. */
  readonly from: number | undefined;
  /** The end of the buffer; undefined while it is empty. */
  readonly end: number | undefined;
  /** The start of the next buffered range if the position is at a gap; else undefined. */
  readonly afterGap: number | undefined;
}

/** What the player should do. */
export interface Advice {
  readonly rate: number;
  /** Position to continue at, always ahead; undefined: no jump. */
  readonly jumpTo: number | undefined;
  /** For how long the picture has not moved, ms. */
  readonly stillForMs: number;
  /** Whether the picture has moved at all. */
  readonly moved: boolean;
  /** Whether segments keep coming, but the buffer does not grow and the picture does not move. */
  readonly stuck: boolean;
}

/** The target distance from the picture to the end of the buffer, s. It grows when the network needs more. */
const FIRST_TARGET = 1;
const MAX_TARGET = 4;
const TARGET_STEP = 0.5;
/** Distances beyond the target, s, at which the picture plays faster, and faster still, until it reaches the target. */
const SLACK = 0.8;
const FAR = 4;
const FASTER = 1.1;
const FASTEST = 1.25;
/** Distance, s, beyond which the picture jumps, as playing faster would take minutes. */
const JUMP_BEHIND = 12;
/** At the start, the picture jumps at a shorter distance: the server sends its cached GOP at once, and a jump loses nothing yet. */
const FIRST_MS = 2000;
const FIRST_JUMP_BEHIND = 3;
/** Time for which the picture stands still before a gap in the buffer is jumped over. */
const GAP_MS = 700;
/** Length of a jump, s, that only makes the decoder find the data after a gap. */
const NUDGE = 0.05;
/** If the picture stands still for this long, the target was too short. */
const STALL_MS = 1000;
/** A picture is stuck if this long ago a segment came that the buffer did not grow by, and another segment has come since. */
const STUCK_MS = 4000;
/** A position that changes by less than this, s, from look to look stands still. */
const STILL = 0.01;

/**
 * Keeps a picture near the live edge: it plays a little faster, or jumps forward when it is far behind, but never back. Also measures
 * for how long the picture has stood still.
 */
export class LiveEdge {
  #target = FIRST_TARGET;
  #rate = 1;
  #position: number | undefined;
  #movedAt: number | undefined;
  #firstMovedAt: number | undefined;
  #stalled = false;
  /** The buffer's end and the number of segments when the picture last moved or the buffer grew, and when the next segment came. */
  #end = 0;
  #segments = 0;
  #segmentAt: number | undefined;

  /** The target distance to the end of the buffer, s. */
  get target(): number {
    return this.#target;
  }

  look(look: Look): Advice {
    const { now, position, hasData, from, end, afterGap } = look;
    const overGap = this.#position !== undefined && from !== undefined && this.#position < from && from <= position;
    const moved = this.#position !== undefined && hasData && Math.abs(position - this.#position) >= STILL;
    this.#movedAt ??= now;
    if (moved || this.#position === undefined) {
      if (moved) this.#firstMovedAt ??= now;
      this.#movedAt = now;
      this.#stalled = false;
    }
    const stillForMs = now - this.#movedAt;
    if (this.#firstMovedAt !== undefined && !this.#stalled && stillForMs >= STALL_MS) {
      this.#stalled = true;
      this.#target = Math.min(MAX_TARGET, this.#target + TARGET_STEP);
    }
    const behind = end === undefined ? 0 : end - position;
    this.#setRate(behind);
    let jumpTo: number | undefined;
    if (end !== undefined && behind > this.#mostBehind(now)) jumpTo = end - this.#target;
    else if (afterGap !== undefined && stillForMs >= GAP_MS) jumpTo = afterGap + NUDGE;
    // At a gap, only the sound plays on; the picture waits for the missing frames until there is a seek.
    else if (overGap) jumpTo = position + NUDGE;
    this.#position = jumpTo ?? position;
    const stuck = this.#isStuck(look, stillForMs > 0);
    return { rate: this.#rate, jumpTo, stillForMs, moved: this.#firstMovedAt !== undefined, stuck };
  }

  #isStuck({ now, end = 0, segments = 0 }: Look, isStill: boolean): boolean {
    // On a slow network, segments may come too late for the player's position, but the buffer still grows.
    if (!isStill || end > this.#end) {
      this.#end = end;
      this.#segments = segments;
      this.#segmentAt = undefined;
    } else if (segments > this.#segments) this.#segmentAt ??= now;
    return segments > this.#segments + 1 && now - (this.#segmentAt ?? now) >= STUCK_MS;
  }

  #setRate(behind: number): void {
    if (behind > this.#target + FAR) this.#rate = FASTEST;
    else if (behind > this.#target + SLACK) this.#rate = FASTER;
    else if (behind <= this.#target) this.#rate = 1;
  }

  #mostBehind(now: number): number {
    // Before the picture has moved, a jump could skip data that the decoder needs.
    if (this.#firstMovedAt === undefined) return Number.POSITIVE_INFINITY;
    return now - this.#firstMovedAt < FIRST_MS ? FIRST_JUMP_BEHIND : JUMP_BEHIND;
  }
}
