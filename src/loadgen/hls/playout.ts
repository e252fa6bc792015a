import type { MediaPlaylist } from "./media-playlist.ts";
import type { HlsTotals } from "./totals.ts";

/** Playback starts with this many segments, or this many target durations, in the buffer. */
const START_SEGMENTS = 3;
const START_TARGETS = 2;
/** Shorter pauses, ms, don't count as stalls, as viewers don't see them. */
const LEAST_STALL_MS = 50;

/** Conditions under which playback starts. */
export interface PlayoutStart {
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
export function playoutStart({ lowLatency, targetDurationMs }: MediaPlaylist): PlayoutStart {
  if (lowLatency === undefined)
    return { enoughMs: START_TARGETS * targetDurationMs, enoughPieces: START_SEGMENTS, refills: false };
  const { holdBackMs, partTargetMs } = lowLatency;
  return { enoughMs: holdBackMs - partTargetMs, enoughPieces: Number.POSITIVE_INFINITY, refills: true };
}

/** The buffer of one track. Its media time is 0 where playback starts. */
export class TrackBuffer {
  readonly #joinedMs: number;
  /** The media time at the buffer's end; minus infinity before the track's first piece is known. */
  endMs = Number.NEGATIVE_INFINITY;
  pieces = 0;

  /** `joinedMs`: the media time from which on the track is played. */
  constructor(joinedMs: number) {
    this.#joinedMs = joinedMs;
  }

  /** Playback of the track begins `fromMs` into its first piece. */
  begin(fromMs: number): void {
    this.endMs = this.#joinedMs - fromMs;
  }
}

/*
 * filling ──enough──> playing ──a buffer is empty──> stalled ──the next piece, or enough again──> playing
 */
/** A model of a player's buffers, one for each track, and of its playback. Times are of the monotonic clock, ms. */
export class Playout {
  readonly #totals: HlsTotals;
  /** Called with the time when a piece's first frame, sent at `sentUs`, is shown. */
  readonly #shows: (sentUs: number, shownMs: number) => void;
  readonly #buffers = new Set<TrackBuffer>();
  #starts: PlayoutStart | undefined;
  /** The media time at which playback starts, or continues after a stall. */
  #fromMs = 0;
  /** When the current stall began, which lasts until the buffers are full enough; undefined: there is none. */
  #emptyMs: number | undefined;
  /** Stamped pieces received while nothing plays: their media time, ms, and when their first frame was sent. */
  #waiting: { readonly atMs: number; readonly sentUs: number }[] = [];
  /** When media time 0 was shown, or would have been; undefined while nothing plays. */
  #zeroMs: number | undefined;
  /** When playback started; 0: it has not. */
  startedMs = 0;
  #stalled = false;

  constructor(totals: HlsTotals, shows: (sentUs: number, shownMs: number) => void) {
    this.#totals = totals;
    this.#shows = shows;
  }

  /** Sets when playback starts. */
  setStart(starts: PlayoutStart): void {
    this.#starts = starts;
  }

  /** Adds the buffer of a track, which is played from the end of the other buffers. A playback that has not started waits for it. */
  addTrack(): TrackBuffer {
    let joinedMs = 0;
    for (const { pieces, endMs } of this.#buffers) if (pieces > 0) joinedMs = Math.max(joinedMs, endMs);
    const buffer = new TrackBuffer(joinedMs);
    if (this.#zeroMs !== undefined) buffer.endMs = joinedMs;
    this.#buffers.add(buffer);
    return buffer;
  }

  /** A track is not played any more. */
  removeTrack(buffer: TrackBuffer): void {
    this.#buffers.delete(buffer);
  }

  /** Adds the next segment or part of a track. `sentUs` is its first frame's stamp, 0 if it has none. */
  add(buffer: TrackBuffer, nowMs: number, durationMs: number, sentUs: number): void {
    this.#catchUp(nowMs);
    if (sentUs > 0) {
      if (this.#zeroMs === undefined) this.#waiting.push({ atMs: buffer.endMs, sentUs });
      else this.#shows(sentUs, this.#zeroMs + buffer.endMs);
    }
    buffer.endMs += durationMs;
    buffer.pieces++;
    if (this.#zeroMs === undefined && this.#isEnough()) this.#start(nowMs);
  }

  /** A piece of a track is missing. The other track plays meanwhile; without one, playback goes on behind the gap. */
  skip(buffer: TrackBuffer, durationMs: number): void {
    if (this.#buffers.size > 1) buffer.endMs += durationMs;
  }

  /** The end of the measurement. `ended`: no more pieces are expected, so the empty buffer is not a stall. */
  finish(nowMs: number, ended: boolean): void {
    if (ended) return;
    this.#catchUp(nowMs);
    if (this.#emptyMs !== undefined) this.#stall(nowMs - this.#emptyMs);
  }

  /** The media time up to which all tracks can be played. */
  get #endMs(): number {
    let least = Number.POSITIVE_INFINITY;
    for (const { endMs } of this.#buffers) least = Math.min(least, endMs);
    return least;
  }

  #isEnough(): boolean {
    const starts = this.#starts;
    if (starts === undefined) return false;
    for (const { endMs, pieces } of this.#buffers)
      if (endMs - this.#fromMs < starts.enoughMs && pieces < starts.enoughPieces) return false;
    return this.#endMs > this.#fromMs;
  }

  #start(nowMs: number): void {
    const zeroMs = nowMs - this.#fromMs;
    this.#zeroMs = zeroMs;
    if (this.startedMs === 0) this.startedMs = nowMs;
    if (this.#emptyMs !== undefined) this.#stall(nowMs - this.#emptyMs);
    this.#emptyMs = undefined;
    for (const { atMs, sentUs } of this.#waiting.splice(0)) this.#shows(sentUs, zeroMs + atMs);
  }

  /** Finds out whether a buffer has run empty since the last call. */
  #catchUp(nowMs: number): void {
    if (this.#zeroMs === undefined || this.#buffers.size === 0) return;
    const endMs = this.#endMs;
    const emptyMs = this.#zeroMs + endMs;
    const lateMs = nowMs - emptyMs;
    if (lateMs <= 0) return;
    this.#zeroMs += lateMs;
    if (lateMs < LEAST_STALL_MS) return;
    if (this.#starts?.refills !== true) this.#stall(lateMs);
    else {
      this.#zeroMs = undefined;
      this.#emptyMs = emptyMs;
      this.#fromMs = endMs;
    }
  }

  #stall(ms: number): void {
    this.#totals.stalls.record(ms * 1000);
    if (!this.#stalled) this.#totals.stalledPlayers++;
    this.#stalled = true;
  }
}
