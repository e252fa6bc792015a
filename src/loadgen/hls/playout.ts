import type { HlsTotals } from "./totals.ts";

/** Playback starts with this many segments, or this many target durations, in the buffer. */
const START_SEGMENTS = 3;
const START_TARGETS = 2;
/** Shorter pauses don't count as stalls: viewers don't see them. Milliseconds. */
const LEAST_STALL_MS = 50;

/*
 * filling ──enough──> playing ──the buffer is empty──> stalled ──the next segment──> playing
 */
/** A model of a player's buffer and playback. Times are of the monotonic clock, ms. */
export class Playout {
  readonly #totals: HlsTotals;
  /** Receives when the first frame of a segment, sent at `sentUs`, is shown. */
  readonly #shows: (sentUs: number, shownMs: number) => void;
  /** The media time at which playback starts. */
  readonly #fromMs: number;
  /** The media time at the end of the buffer. */
  #endMs = 0;
  #segments = 0;
  /** Segments received before playback: their media time, and when they were sent. */
  #waiting: { readonly atMs: number; readonly sentUs: number }[] = [];
  /** When media time 0 was shown, or would have been; undefined before playback. */
  #zeroMs: number | undefined;
  /** When playback started; 0: it has not. */
  startedMs = 0;
  #stalled = false;

  /** Playback starts `fromMs` into the first segment. */
  constructor(totals: HlsTotals, fromMs: number, shows: (sentUs: number, shownMs: number) => void) {
    this.#totals = totals;
    this.#fromMs = fromMs;
    this.#shows = shows;
  }

  /** The next segment was received. `sentUs` is its first frame's stamp, 0 when it has none. */
  add(nowMs: number, durationMs: number, sentUs: number, targetDurationMs: number): void {
    this.#catchUp(nowMs);
    if (sentUs > 0) {
      if (this.#zeroMs === undefined) this.#waiting.push({ atMs: this.#endMs, sentUs });
      else this.#shows(sentUs, this.#zeroMs + this.#endMs);
    }
    this.#endMs += durationMs;
    this.#segments++;
    if (this.#zeroMs !== undefined) return;
    const enough = this.#endMs - this.#fromMs >= START_TARGETS * targetDurationMs;
    if (enough || this.#segments >= START_SEGMENTS) this.#start(nowMs);
  }

  /** The end of the measurement. `ended`: no more segments are expected, so the empty buffer is not a stall. */
  finish(nowMs: number, ended: boolean): void {
    if (!ended) this.#catchUp(nowMs);
  }

  #start(nowMs: number): void {
    const zeroMs = nowMs - this.#fromMs;
    this.#zeroMs = zeroMs;
    this.startedMs = nowMs;
    for (const { atMs, sentUs } of this.#waiting.splice(0)) this.#shows(sentUs, zeroMs + atMs);
  }

  /** Counts a stall if the buffer has been empty. */
  #catchUp(nowMs: number): void {
    if (this.#zeroMs === undefined) return;
    const lateMs = nowMs - (this.#zeroMs + this.#endMs);
    if (lateMs <= 0) return;
    this.#zeroMs += lateMs;
    if (lateMs < LEAST_STALL_MS) return;
    this.#totals.stalls.record(lateMs * 1000);
    if (!this.#stalled) this.#totals.stalledPlayers++;
    this.#stalled = true;
  }
}
