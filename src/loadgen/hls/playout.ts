import type { MediaPlaylist } from "./media-playlist.ts";
import type { HlsTotals } from "./totals.ts";

/** Playback starts with this many segments, or this many target durations, in the buffer. */
const START_SEGMENTS = 3;
const START_TARGETS = 2;
/** Shorter pauses, ms, don't count as stalls, as viewers don't see them. */
const LEAST_STALL_MS = 50;

/** Conditions under which playback starts. */
export interface PlayoutStart {
  /** Where playback starts in the first piece, ms. */
  readonly fromMs: number;
  /** How much must be in the buffer, ms. */
  readonly enoughMs: number;
  /** Number of pieces that are enough, however short they are. */
  readonly enoughPieces: number;
  /** Whether a stall lasts until the buffer is full enough again, as the next piece would also come at the last moment. */
  readonly refills: boolean;
}

/**
 * When playback of a list starts. With low latency, the buffer then has the hold-back less one part, so that the viewer is as far behind
 * the live edge as the list says.
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
  /** Called with the time when a piece's first frame, sent at `sentUs`, is shown. */
  readonly #shows: (sentUs: number, shownMs: number) => void;
  readonly #starts: PlayoutStart;
  /** The media time at which playback starts, or continues after a stall. */
  #fromMs: number;
  /** When the current stall began, which lasts until the buffer is full enough; undefined: there is none. */
  #emptyMs: number | undefined;
  /** The media time at the end of the buffer. */
  #endMs = 0;
  #pieces = 0;
  /** Stamped pieces received while nothing plays: their media time, ms, and when their first frame was sent. */
  #waiting: { readonly atMs: number; readonly sentUs: number }[] = [];
  /** When media time 0 was shown, or would have been; undefined while nothing plays. */
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

  /** Adds the next segment or part. `sentUs` is its first frame's stamp, 0 if it has none. */
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

  /** Finds out whether the buffer has run empty since the last call. */
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
