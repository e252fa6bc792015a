/** The key of something encrypted, with METHOD=AES-128 (RFC 8216, 4.3.2.4). */
export interface ListedKey {
  /** As the playlist writes it. */
  readonly uri: string;
  /** 16 bytes in hexadecimal digits; undefined: the segment's number is the vector. */
  readonly iv: string | undefined;
}

/** A part of a segment (RFC 8216bis, 4.4.4.9). */
export interface ListedPart {
  readonly uri: string;
  readonly durationMs: number;
  /** Whether the part has a frame that can be decoded without earlier ones. */
  readonly independent: boolean;
  /** Whether the part is missing: there is nothing to load. */
  readonly gap: boolean;
}

/** A segment of a media playlist, or the beginning of one that is listed by its parts only. */
export interface ListedSegment {
  /** As the playlist writes it; undefined for an incomplete segment. */
  readonly uri: string | undefined;
  /** Its media sequence number. */
  readonly sequence: number;
  /** EXTINF, ms; for an incomplete segment, the sum of its parts. */
  readonly durationMs: number;
  /** Its times, or its codecs, don't continue those of the segment before. */
  readonly discontinuity: boolean;
  /** Whether the segment is missing: there is nothing to load (RFC 8216bis, 4.4.4.7). */
  readonly gap: boolean;
  /** When its first frame was made, Unix ms (EXT-X-PROGRAM-DATE-TIME, counted on); undefined: the playlist has no dates. */
  readonly dateMs: number | undefined;
  /** The init segment's URI; undefined for MPEG-TS. */
  readonly map: string | undefined;
  /** The key of the init segment; undefined for one in the clear. */
  readonly mapKey: ListedKey | undefined;
  /** The key of the segment, and of each of its parts. */
  readonly key: ListedKey | undefined;
  /** The parts that are still listed; older segments have none. */
  readonly parts: readonly ListedPart[];
}

/** A playlist's low-latency settings (RFC 8216bis, 4.4.3.7 and 4.4.3.8). */
export interface LowLatency {
  readonly partTargetMs: number;
  /** How far players stay behind the playlist's end. */
  readonly holdBackMs: number;
}

/** A playlist of segments (RFC 8216, 4.3.3). */
export interface MediaPlaylist {
  readonly kind: "media";
  readonly targetDurationMs: number;
  /** How far players of whole segments stay behind the playlist's end. */
  readonly holdBackMs: number;
  /** The number of the first segment; if none is listed, of the next one. */
  readonly mediaSequence: number;
  /** Complete segments. */
  readonly segments: readonly ListedSegment[];
  /** The incomplete segment at the end, with its parts so far. */
  readonly growing: ListedSegment | undefined;
  /** Whether the playlist has ended (EXT-X-ENDLIST). */
  readonly ended: boolean;
  /** Whether the server can delay its answer until the next segment or part is there (CAN-BLOCK-RELOAD). */
  readonly blocks: boolean;
  readonly lowLatency: LowLatency | undefined;
  /** How far behind the end, ms, segments must be to be left out of delta updates (CAN-SKIP-UNTIL); 0: there are no delta updates. */
  readonly skipUntilMs: number;
  /** Number of segments that were taken from an earlier playlist (EXT-X-SKIP). */
  readonly skipped: number;
  /** The URI of the next part (EXT-X-PRELOAD-HINT). */
  readonly hint: string | undefined;
}

/** Where a playlist ends: the number after its last complete segment, and how many parts are listed after that segment. */
export function endOf({ mediaSequence, segments, growing }: MediaPlaylist): {
  readonly sequence: number;
  readonly parts: number;
} {
  return { sequence: mediaSequence + segments.length, parts: growing?.parts.length ?? 0 };
}

/** Whether one playlist ends before another one. */
export function isBefore(list: MediaPlaylist, other: MediaPlaylist): boolean {
  const [end, otherEnd] = [endOf(list), endOf(other)];
  return end.sequence < otherEnd.sequence || (end.sequence === otherEnd.sequence && end.parts < otherEnd.parts);
}
