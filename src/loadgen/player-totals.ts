import { Histogram } from "./histogram.ts";
import { ReasonCounts } from "./reason-counts.ts";

/** Counts of one track or the other. */
export interface TrackCounts {
  video: number;
  audio: number;
}

/** What is found in frames. */
export class FrameCounts {
  /** Frames received, without headers and metadata. */
  readonly frames: TrackCounts = { video: 0, audio: 0 };
  /** Missing frames of a synthetic stream. */
  readonly lost: TrackCounts = { video: 0, audio: 0 };
  /** Times that video frames were missing. */
  gaps = 0;
  /** Starts, and resumptions after a gap, that were not on a key frame or came before the sequence header. */
  dirty = 0;
  /** Frames of another length or content than sent. */
  corrupt = 0;
  /** Frames that came again or after a later one. */
  disordered = 0;
  /** Frames whose timestamp is before that of the frame before. */
  readonly ranBack: TrackCounts = { video: 0, audio: 0 };
  /** Whether stamped frames were seen. */
  synthetic = false;

  /** Adds all that another one counted. */
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
  /** The longest time in which a player got no media, after its first. */
  longestGapMs = 0;
  /** From the first packet to the first frame, µs. */
  readonly firstFrame = new Histogram();
  /** From the player's play command to the first frame, µs. */
  readonly firstFrameAfterPlay = new Histogram();
  /** From the publisher to here, µs, of frames sent after the player was admitted. */
  readonly delay = new Histogram();
  /** The same since the last progress line. */
  readonly recentDelay = new Histogram();
  /** Frames received before they were sent, by the clocks of the two machines. */
  early = 0;

  /** Why players that reconnect were without media, each time once. */
  readonly losses = new ReasonCounts();
  /** How long they were, µs. */
  readonly outage = new Histogram();

  /** Adds the recent delays to all. */
  foldRecent(): void {
    this.delay.add(this.recentDelay);
    this.recentDelay.clear();
  }
}
