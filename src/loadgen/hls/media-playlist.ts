/** What the bytes of a segment are encrypted with, by METHOD=AES-128 (RFC 8216, 4.3.2.4). */
export interface ListedKey {
  /** As the playlist writes it. */
  readonly uri: string;
  /** 16 bytes in hexadecimal digits; undefined: the segment's number. */
  readonly iv: string | undefined;
}

/** A part of a segment (RFC 8216bis, 4.4.4.9). */
export interface ListedPart {
  readonly uri: string;
  readonly durationMs: number;
  /** Whether it has a frame that can be decoded without earlier ones. */
  readonly independent: boolean;
  /** There is nothing to load. */
  readonly gap: boolean;
}

/** A segment of a media playlist, or the beginning of one that is listed by its parts only. */
export interface ListedSegment {
  /** As the playlist writes it; undefined for one that is not whole. */
  readonly uri: string | undefined;
  /** Its media sequence number. */
  readonly sequence: number;
  /** EXTINF, ms; of one that is not whole, what its parts come to. */
  readonly durationMs: number;
  /** Its times, or its codecs, don't continue those of the segment before. */
  readonly discontinuity: boolean;
  /** There is nothing to load (RFC 8216bis, 4.4.4.7). */
  readonly gap: boolean;
  /** Where its init segment is; undefined for MPEG-TS. */
  readonly map: string | undefined;
  readonly key: ListedKey | undefined;
  /** Those that are listed: older segments have none any more. */
  readonly parts: readonly ListedPart[];
}

/** What a playlist says of low latency (RFC 8216bis, 4.4.3.7 and 4.4.3.8), where a player can follow it. */
export interface LowLatency {
  readonly partTargetMs: number;
  /** How far players stay behind its end. */
  readonly holdBackMs: number;
}

/** A playlist of segments (RFC 8216, 4.3.3). */
export interface MediaPlaylist {
  readonly kind: "media";
  readonly targetDurationMs: number;
  /** How far players of whole segments stay behind its end. */
  readonly holdBackMs: number;
  /** The number of the first segment, or of the one that would be the first. */
  readonly mediaSequence: number;
  /** Whole ones. */
  readonly segments: readonly ListedSegment[];
  /** The segment behind the last whole one, with the parts that are there. */
  readonly growing: ListedSegment | undefined;
  /** Nothing is added any more. */
  readonly ended: boolean;
  /** Requests may wait for what comes next (CAN-BLOCK-RELOAD). */
  readonly blocks: boolean;
  readonly lowLatency: LowLatency | undefined;
  /** Who has a playlist that is younger than this need not be sent all of it (CAN-SKIP-UNTIL), ms; 0: never. */
  readonly skipUntilMs: number;
  /** Entries that were taken from an earlier playlist. */
  readonly skipped: number;
  /** Where the part will be that comes next (EXT-X-PRELOAD-HINT). */
  readonly hint: string | undefined;
}

/** Where a playlist ends: the number behind its last whole segment, and how many parts are listed behind that. */
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
