import { Histogram } from "../histogram.ts";
import { ReasonCounts } from "../reason-counts.ts";

/** What all HLS players together found besides frames. */
export class HlsTotals {
  /** Playlists received. */
  playlists = 0;
  /** Playlists that had not changed, by their ETag (304). */
  notModified = 0;
  /** Segments received. */
  segments = 0;
  /** Segments that were missing when requested, or had left the playlist before. */
  missed = 0;
  /** Playlists whose media sequence was before that of the one before. */
  sequenceBack = 0;
  /** Segments whose EXTINF differs from their content, or exceeds the target duration. */
  wrongDurations = 0;
  /** Why playlists and segments could not be fetched. */
  readonly errors = new ReasonCounts();
  /** Pauses in playback, µs. */
  readonly stalls = new Histogram();
  /** Players with at least one pause. */
  stalledPlayers = 0;
  /** From a segment's last frame at the encoder to a player's last byte of the segment, µs. */
  readonly segmentDelay = new Histogram();
}
