import { Histogram } from "./histogram.ts";
import { ReasonCounts } from "./reason-counts.ts";

/** Counts for each track. */
export interface TrackCounts {
  video: number;
  audio: number;
}

/** What checks of frames found. */
export class FrameCounts {
  /** Frames received, without headers and metadata. */
  readonly frames: TrackCounts = { video: 0, audio: 0 };
  /** Frames of a synthetic stream that did not arrive. */
  readonly lost: TrackCounts = { video: 0, audio: 0 };
  /** Number of gaps in the video. */
  gaps = 0;
  /** Starts, and resumptions after a gap, that were not on a key frame or came before the sequence header. */
  dirty = 0;
  /** Frames whose length or content differs from what was sent. */
  corrupt = 0;
  /** Frames that arrived again, or after a later one. */
  disordered = 0;
  /** Frames whose timestamp is before that of the frame before. */
  readonly ranBack: TrackCounts = { video: 0, audio: 0 };
  /** Whether stamped frames were seen. */
  synthetic = false;

  /** Adds the counts of `other`. */
  addCounts(other: FrameCounts): void {
    for (const [into, from] of [
      [this.frames, other.frames],
      [this.lost, other.lost],
      [this.ranBack, other.ranBack],
    ] as const) {
      into.video += from.video;
      into.audio += from.audio;
    }
    this.gaps += other.gaps;
    this.dirty += other.dirty;
    this.corrupt += other.corrupt;
    this.disordered += other.disordered;
    this.synthetic ||= other.synthetic;
  }
}

/** What all players together found. */
export class PlayerTotals extends FrameCounts {
  /** Packets of a transport stream whose continuity counter does not follow the one before. */
  continuityErrors = 0;
  /** The longest time in which a player that had got media received no more, ms. */
  longestGapMs = 0;
  /** From the first packet to the first frame, µs. */
  readonly firstFrame = new Histogram();
  /** From the player's play command to the first frame, µs. */
  readonly firstFrameAfterPlay = new Histogram();
  /** From the publisher's send to the player's read, µs, of frames sent after the player was admitted. */
  readonly delay = new Histogram();
  /** The values of `delay` since the last progress line, which are not in it yet. */
  readonly recentDelay = new Histogram();
  /** Frames received before they were sent, by the clocks of the two machines. */
  early = 0;

  /** Why reconnecting players lost their media, once for each loss. */
  readonly losses = new ReasonCounts();
  /** How long reconnecting players were without media, µs. */
  readonly outage = new Histogram();

  /** Moves the recent delays into `delay`. */
  foldRecent(): void {
    this.delay.add(this.recentDelay);
    this.recentDelay.clear();
  }
}
