import { Histogram } from "../histogram.ts";
import { ReasonCounts } from "../reason-counts.ts";

/** What all HLS players together found besides frames. */
export class HlsTotals {
  /** Playlists received, and how many of them left out segments that the player knew (EXT-X-SKIP). */
  playlists = 0;
  deltas = 0;
  /** Playlists that had not changed, by their ETag (304). */
  notModified = 0;
  /** Segments and parts received, and how many parts were requested before they were listed. */
  segments = 0;
  parts = 0;
  hinted = 0;
  /** Hinted parts that did not arrive, or that the playlist did not list next. */
  hintsUnused = 0;
  /** Segments that were missing when requested, or left the playlist before they were requested. */
  missed = 0;
  /** Playlists that begin, or end, before the playlist before them. */
  sequenceBack = 0;
  /** Segments and parts whose duration differs from their content, or exceeds what the playlist allows. */
  wrongDurations = 0;
  /** The formats of segments. */
  readonly formats = new Set<"ts" | "fmp4">();
  /** Of these, segments and parts of audio renditions, which have playlists of their own. */
  audioSegments = 0;
  audioParts = 0;
  /** Keys fetched, and how often a player's next segment had another key than the one before. */
  keys = 0;
  keyChanges = 0;
  /** Changes to a variant of a higher bitrate, and to one of a lower or equal bitrate. */
  switchesUp = 0;
  switchesDown = 0;
  /** Changes after which the picture did not continue where it had stopped. */
  misaligned = 0;
  /** Number of times that a player left a variant because its playlist could not be loaded. */
  variantsLeft = 0;
  /** Whether players should change their variant, but the playlist has only one. */
  oneVariant = false;
  /** From the decision for another variant to its first segment or part, µs. */
  readonly switchTime = new Histogram();
  /** Segments begun, by variant. */
  readonly variants = new ReasonCounts();
  /** Why playlists and segments could not be fetched or read. */
  readonly errors = new ReasonCounts();
  /** Pauses in playback, µs. */
  readonly stalls = new Histogram();
  /** Players with at least one pause. */
  stalledPlayers = 0;
  /** From the publisher's send of a segment's, or a part's, last frame to a player's read of its last byte, µs. */
  readonly segmentDelay = new Histogram();
  readonly partDelay = new Histogram();
}
