import type { MediaPlaylist } from "./media-playlist.ts";
import type { HlsTotals } from "./totals.ts";

/** Playback starts with this many segments, or this many target durations, in the buffer. */
const START_SEGMENTS = 3;
const START_TARGETS = 2;
/** Shorter pauses don't count as stalls: viewers don't see them. Milliseconds. */
const LEAST_STALL_MS = 50;

/** When playback starts. */
export interface PlayoutStart {
  /** How far into the first piece, ms. */
  readonly fromMs: number;
  /** How much is in the buffer then, ms. */
  readonly enoughMs: number;
  /** How many pieces are enough, however short they are. */
  readonly enoughPieces: number;
  /** Whether a stall lasts until there is enough again: the next piece would come at the last moment, too. */
  readonly refills: boolean;
}

/**
 * When playback of a list starts. With low latency, all that it stays behind but one part is in the buffer then, so that the
 * viewer is as far behind as the list says.
 */
export function playoutStart({ lowLatency, targetDurationMs }: MediaPlaylist, fromMs: number): PlayoutStart {
  if (lowLatency === undefined)
    return { fromMs, enoughMs: START_TARGETS * targetDurationMs, enoughPieces: START_SEGMENTS, refills: false };
  const { holdBackMs, partTargetMs } = lowLatency;
  return { fromMs, enoughMs: holdBackMs - partTargetMs, enoughPieces: Number.POSITIVE_INFINITY, refills: true };
}

/*
 * filling ──enough──> playing ──the buffer is empty──> stalled ──the next piece, or enough again──> playing
 */
/** A model of a player's buffer and playback. Times are of the monotonic clock, ms. */
export class Playout {
  readonly #totals: HlsTotals;
  /** Receives when the first frame of a piece, sent at `sentUs`, is shown. */
  readonly #shows: (sentUs: number, shownMs: number) => void;
  readonly #starts: PlayoutStart;
  /** The media time at which playback starts, or goes on after a stall. */
  #fromMs: number;
  /** When the stall began that lasts until there is enough again; undefined: there is none. */
  #emptyMs: number | undefined;
  /** The media time at the end of the buffer. */
  #endMs = 0;
  #pieces = 0;
  /** Pieces received before playback: their media time, and when they were sent. */
  #waiting: { readonly atMs: number; readonly sentUs: number }[] = [];
  /** When media time 0 was shown, or would have been; undefined before playback. */
  #zeroMs: number | undefined;
  /** When playback started; 0: it has not. */
  startedMs = 0;
  #stalled = false;

  constructor(totals: HlsTotals, starts: PlayoutStart, shows: (sentUs: number, shownMs: number) => void) {
    this.#totals = totals;
    this.#starts = starts;
    this.#fromMs = starts.fromMs;
    this.#shows = shows;
  }

  /** The next segment, or part, was received. `sentUs` is its first frame's stamp, 0 when it has none. */
  add(nowMs: number, durationMs: number, sentUs: number): void {
    this.#catchUp(nowMs);
    if (sentUs > 0) {
      if (this.#zeroMs === undefined) this.#waiting.push({ atMs: this.#endMs, sentUs });
      else this.#shows(sentUs, this.#zeroMs + this.#endMs);
    }
    this.#endMs += durationMs;
    this.#pieces++;
    if (this.#zeroMs !== undefined) return;
    const { enoughMs, enoughPieces } = this.#starts;
    if (this.#endMs - this.#fromMs >= enoughMs || this.#pieces >= enoughPieces) this.#start(nowMs);
  }

  /** The end of the measurement. `ended`: no more pieces are expected, so the empty buffer is not a stall. */
  finish(nowMs: number, ended: boolean): void {
    if (ended) return;
    this.#catchUp(nowMs);
    if (this.#emptyMs !== undefined) this.#stall(nowMs - this.#emptyMs);
  }

  #start(nowMs: number): void {
    const zeroMs = nowMs - this.#fromMs;
    this.#zeroMs = zeroMs;
    if (this.startedMs === 0) this.startedMs = nowMs;
    if (this.#emptyMs !== undefined) this.#stall(nowMs - this.#emptyMs);
    this.#emptyMs = undefined;
    for (const { atMs, sentUs } of this.#waiting.splice(0)) this.#shows(sentUs, zeroMs + atMs);
  }

  /** Finds whether the buffer has been empty. */
  #catchUp(nowMs: number): void {
    if (this.#zeroMs === undefined) return;
    const emptyMs = this.#zeroMs + this.#endMs;
    const lateMs = nowMs - emptyMs;
    if (lateMs <= 0) return;
    this.#zeroMs += lateMs;
    if (lateMs < LEAST_STALL_MS) return;
    if (!this.#starts.refills) this.#stall(lateMs);
    else {
      this.#zeroMs = undefined;
      this.#emptyMs = emptyMs;
      this.#fromMs = this.#endMs;
    }
  }

  #stall(ms: number): void {
    this.#totals.stalls.record(ms * 1000);
    if (!this.#stalled) this.#totals.stalledPlayers++;
    this.#stalled = true;
  }
}
