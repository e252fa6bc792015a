import { aacFrameMs } from "../picture.ts";
import type { PlayerTotals } from "../player-totals.ts";
import { clockDistance } from "../ts/packets.ts";
import type { SegmentFacts, StampRange, TrackTimes } from "./segment-facts.ts";
import type { HlsTotals } from "./totals.ts";

/** EXTINF and a segment's content may differ by this much: rounding, and tracks that end at different times. */
const DURATION_TOLERANCE_MS = 100;
const TICKS_PER_MS = 90;

/** A segment or a part in its place in a playlist. */
export interface Placed {
  /** Duration by the playlist. */
  readonly durationMs: number;
  /** Whether the piece directly follows the last one. */
  readonly follows: boolean;
  /** Whether its times don't continue those of the piece before. */
  readonly discontinuity: boolean;
  /** Whether a player can start with the piece: required of segments, and of parts that are listed as independent; true for others. */
  readonly startable: boolean;
  /** For the first piece of another variant: how much it repeats of the pieces before, ms. */
  readonly repeatsMs: number | undefined;
}

/** The newest facts of each track from the pieces before. */
type Last = Pick<SegmentFacts, "stamps" | "video" | "audio">;

/** Finds what is missing, repeated or out of order between the segments, or parts, of one player. */
export class SegmentOrder {
  readonly #totals: PlayerTotals;
  readonly #hls: HlsTotals;
  #before: SegmentFacts | undefined;
  #last: Last = { stamps: undefined, video: undefined, audio: undefined };
  #durationMs = 0;

  constructor(totals: PlayerTotals, hls: HlsTotals) {
    this.#totals = totals;
    this.#hls = hls;
  }

  /** The next segment or part. */
  next(facts: SegmentFacts, { durationMs, follows, discontinuity, startable, repeatsMs }: Placed): void {
    const totals = this.#totals;
    const before = this.#before;
    const switched = repeatsMs !== undefined;
    const last = this.#last;
    totals.addCounts(facts.counts);
    totals.continuityErrors += facts.continuityErrors;
    if (facts.problem !== undefined) totals.corrupt++;
    const same = !switched && last.stamps !== undefined && last.stamps.source === facts.stamps?.source;
    if (same && last.stamps !== undefined) this.#sequence(last.stamps, facts, startable);
    // Without stamps, missing frames can't be counted; after a gap, the player starts anew.
    else if ((before === undefined || switched || !follows || facts.stamps !== undefined) && !startable) totals.dirty++;
    if (before !== undefined && switched) {
      if (follows && !discontinuity && this.#isShifted(before, facts, repeatsMs)) this.#hls.misaligned++;
    } else if (before !== undefined && !discontinuity) {
      this.#times(last, facts, same);
      if (follows) this.#continues(before, facts);
    }
    this.#before = facts;
    // A short part may have no frame of a track.
    this.#last = {
      stamps: facts.stamps ?? last.stamps,
      video: facts.video ?? last.video,
      audio: facts.audio ?? last.audio,
    };
    this.#durationMs = durationMs;
  }

  #sequence(before: StampRange, facts: SegmentFacts, startable: boolean): void {
    const totals = this.#totals;
    const missing = (facts.stamps?.firstSequence ?? 0) - before.nextSequence;
    if (missing > 0) {
      totals.gaps++;
      totals.lost.video += missing;
      if (!startable) totals.dirty++;
    } else if (missing < 0) totals.disordered += Math.min(-missing, facts.counts.frames.video);
  }

  #times(before: Last, facts: SegmentFacts, same: boolean): void {
    const totals = this.#totals;
    if (step(before.video, facts.video) < 0) totals.ranBack.video++;
    const audioStep = step(before.audio, facts.audio);
    if (audioStep < 0) totals.ranBack.audio++;
    else if (same) totals.lost.audio += Math.max(0, Math.round(audioStep / aacFrameMs) - 1);
  }

  /** For two adjacent segments: checks continuity counters, and the first one's duration. */
  #continues(before: SegmentFacts, facts: SegmentFacts): void {
    for (const [pid, counter] of facts.firstCounters) {
      const last = before.lastCounters.get(pid);
      if (last !== undefined && counter !== ((last + 1) & 0x0f)) this.#totals.continuityErrors++;
    }
    if (this.#isShifted(before, facts, 0)) this.#hls.wrongDurations++;
  }

  /** Whether a piece begins elsewhere than the one before ends by its duration, `repeatsMs` before that. */
  #isShifted(before: SegmentFacts, facts: SegmentFacts, repeatsMs: number): boolean {
    const [from, to] = before.video && facts.video ? [before.video, facts.video] : [before.audio, facts.audio];
    if (from === undefined || to === undefined) return false;
    return Math.abs(distance(from.first, to.first) - this.#durationMs + repeatsMs) > DURATION_TOLERANCE_MS;
  }
}

/** From the last frame of a track to its first in the next segment, ms; 0 where there is none. */
function step(before: TrackTimes | undefined, after: TrackTimes | undefined): number {
  return before === undefined || after === undefined ? 0 : distance(before.last, after.first);
}

function distance(from: number, to: number): number {
  return clockDistance(from * TICKS_PER_MS, to * TICKS_PER_MS) / TICKS_PER_MS;
}
