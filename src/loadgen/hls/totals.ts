import { Histogram } from "../histogram.ts";
import { ReasonCounts } from "../reason-counts.ts";

/** What all HLS players together found besides frames. */
export class HlsTotals {
  /** Playlists received, and those of them that left out what the player knew. */
  playlists = 0;
  deltas = 0;
  /** Playlists that had not changed, by their ETag (304). */
  notModified = 0;
  /** Segments and parts received, and the parts that were asked for before they were listed. */
  segments = 0;
  parts = 0;
  hinted = 0;
  /** Parts that were hinted at, and did not come, or were not listed then. */
  hintsUnused = 0;
  /** Segments that were missing when requested, or had left the playlist before. */
  missed = 0;
  /** Playlists that end, or begin, before the one before. */
  sequenceBack = 0;
  /** Segments and parts whose duration differs from their content, or exceeds what the playlist allows. */
  wrongDurations = 0;
  /** What segments are. */
  readonly formats = new Set<"ts" | "fmp4">();
  /** A variant was played whose sound is in a playlist of its own. */
  soundApart = false;
  /** Why playlists and segments could not be fetched or read. */
  readonly errors = new ReasonCounts();
  /** Pauses in playback, µs. */
  readonly stalls = new Histogram();
  /** Players with at least one pause. */
  stalledPlayers = 0;
  /** From a segment's, or a part's, last frame at the encoder to a player's last byte of it, µs. */
  readonly segmentDelay = new Histogram();
  readonly partDelay = new Histogram();
}
