/** What is seen of a video element at one look; times in s. */
export interface Look {
  /** Monotonic, ms. */
  readonly now: number;
  readonly position: number;
  /** Where the buffered range begins that the position is in; undefined outside of all. */
  readonly from: number | undefined;
  /** The end of what is buffered; undefined while nothing is. */
  readonly end: number | undefined;
  /** Where the next buffered range begins that lies ahead of a gap; undefined without one. */
  readonly afterGap: number | undefined;
}

/** What to do about it. */
export interface Advice {
  readonly rate: number;
  /** Where to go on, always ahead; undefined: where it is. */
  readonly jumpTo: number | undefined;
  /** For how long the picture has not moved, ms. */
  readonly stillForMs: number;
  /** Whether the picture has moved at all. */
  readonly moved: boolean;
}

/** How far behind what has arrived a picture shall be, s. It grows when that is too little for the network. */
const FIRST_TARGET = 1;
const MAX_TARGET = 4;
const TARGET_STEP = 0.5;
/** It plays faster when it is this much behind its target, until it is there; faster still when it is far behind. */
const SLACK = 0.8;
const FAR = 4;
const FASTER = 1.1;
const FASTEST = 1.25;
/** Further behind than this it jumps, once: playing faster would take minutes. */
const JUMP_BEHIND = 12;
/** In the first moments it jumps sooner: nothing is lost by that, and the server sends what it has of the GOP at once. */
const FIRST_MS = 2000;
const FIRST_JUMP_BEHIND = 3;
/** A gap in what is buffered is jumped over after this long. */
const GAP_MS = 700;
/** So far a jump goes that only makes the decoder find what lies behind a gap. */
const NUDGE = 0.05;
/** The picture stood still for this long: what was buffered was too little. */
const STALL_MS = 1000;
/** A picture that moves less than this in a look stands still. */
const STILL = 0.01;

/**
 * Keeps a picture near the live edge: by playing a little faster, by a jump forwards when it is far behind, never back. Also says
 * for how long it has stood still.
 */
export class LiveEdge {
  #target = FIRST_TARGET;
  #rate = 1;
  #position: number | undefined;
  #movedAt: number | undefined;
  #firstMovedAt: number | undefined;
  #stalled = false;

  /** The distance that it keeps, s. */
  get target(): number {
    return this.#target;
  }

  look({ now, position, from, end, afterGap }: Look): Advice {
    const overGap = this.#position !== undefined && from !== undefined && this.#position < from && from <= position;
    const moved = this.#position !== undefined && Math.abs(position - this.#position) >= STILL;
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
    // Sound alone plays over a gap: the picture waits for what is missing until somebody seeks.
    else if (overGap) jumpTo = position + NUDGE;
    this.#position = jumpTo ?? position;
    return { rate: this.#rate, jumpTo, stillForMs, moved: this.#firstMovedAt !== undefined };
  }

  #setRate(behind: number): void {
    if (behind > this.#target + FAR) this.#rate = FASTEST;
    else if (behind > this.#target + SLACK) this.#rate = FASTER;
    else if (behind <= this.#target) this.#rate = 1;
  }

  #mostBehind(now: number): number {
    // Before it has moved, a jump could miss what the decoder needs.
    if (this.#firstMovedAt === undefined) return Number.POSITIVE_INFINITY;
    return now - this.#firstMovedAt < FIRST_MS ? FIRST_JUMP_BEHIND : JUMP_BEHIND;
  }
}
