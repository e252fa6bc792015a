import { endOf, type ListedPart, type ListedSegment, type MediaPlaylist } from "./media-playlist.ts";

/** Segments of two playlists that begin this close to one another are the same one, ms. */
const TOLERANCE_MS = 50;

/** A moment of a stream, by which its playlists are compared. */
export interface StreamMoment {
  /** The segment in which it is, by its number in the playlist that the moment was taken from. */
  readonly sequence: number;
  /** From the segment's beginning. */
  readonly offsetMs: number;
  /** Unix ms; undefined where the playlist has no dates. */
  readonly dateMs: number | undefined;
}

/** A piece of a playlist: a segment, or a part of one. It may not be listed yet. */
export interface PlaylistPosition {
  readonly sequence: number;
  /** The part's index; 0 for a whole segment, too. */
  readonly part: number;
  /** How far into the piece playback begins, ms; negative if playback begins before the piece. */
  readonly fromMs: number;
}

/** The parts by which a segment is taken: none without low latency. */
export function partsOf(list: MediaPlaylist, { parts }: ListedSegment): readonly ListedPart[] {
  return list.lowLatency === undefined ? [] : parts;
}

/** The segment of a number, complete or growing; undefined if it is not listed. */
export function segmentOf(list: MediaPlaylist, sequence: number): ListedSegment | undefined {
  const at = sequence - list.mediaSequence;
  return at === list.segments.length && list.lowLatency !== undefined ? list.growing : list.segments[at];
}

/** Where viewers begin: at a piece that they may start with, at least the hold-back behind the list's end if one is listed. */
export function livePosition(list: MediaPlaylist): PlaylistPosition {
  const { mediaSequence, segments } = list;
  const { holdBackMs } = list.lowLatency ?? list;
  let behindMs = 0;
  let position = { sequence: endOf(list).sequence, part: 0 };
  for (let at = segments.length; at >= 0; at--) {
    const sequence = mediaSequence + at;
    const segment = segmentOf(list, sequence);
    if (segment === undefined) continue;
    const parts = partsOf(list, segment);
    for (let part = Math.max(0, parts.length - 1); part >= 0; part--) {
      const { durationMs, independent } = parts[part] ?? { ...segment, independent: true };
      behindMs += durationMs;
      position = { sequence, part };
      if (behindMs >= holdBackMs && independent) return { ...position, fromMs: behindMs - holdBackMs };
    }
  }
  return { ...position, fromMs: Math.max(0, behindMs - holdBackMs) };
}

/** The moment at which playback begins at a position of its playlist. */
export function momentOf(list: MediaPlaylist, { sequence, part, fromMs }: PlaylistPosition): StreamMoment {
  const segment = segmentOf(list, sequence);
  const before = segment === undefined ? [] : partsOf(list, segment).slice(0, part);
  const offsetMs = fromMs + before.reduce((sum, { durationMs }) => sum + durationMs, 0);
  const dateMs = segment === undefined ? endDateOf(list) : segment.dateMs;
  return { sequence, offsetMs, dateMs: dateMs === undefined ? undefined : dateMs + offsetMs };
}

/**
 * The position of a moment in another playlist of the same stream, by dates if both have them, else by segment numbers: the piece at or
 * before it that viewers may start with, or with `whole` the segment. Outside the list it is the nearest position, or without dates the
 * live one.
 */
export function positionAt(list: MediaPlaylist, moment: StreamMoment, whole: boolean): PlaylistPosition {
  const found = byDate(list, moment) ?? byNumber(list, moment);
  if (found === undefined) return livePosition(list);
  const { sequence, offsetMs } = found;
  const segment = segmentOf(list, sequence);
  let position: PlaylistPosition = { sequence, part: 0, fromMs: offsetMs };
  if (segment === undefined || whole) return position;
  let beginMs = 0;
  for (const [part, { durationMs, independent }] of partsOf(list, segment).entries()) {
    if (beginMs > offsetMs + TOLERANCE_MS) break;
    if (independent) position = { sequence, part, fromMs: offsetMs - beginMs };
    beginMs += durationMs;
  }
  return position;
}

/** A segment's number, and how far into it a moment is. */
type Within = Pick<StreamMoment, "sequence" | "offsetMs">;

function byDate(list: MediaPlaylist, { dateMs, offsetMs, sequence: number }: StreamMoment): Within | undefined {
  const [first] = list.segments;
  const endMs = endDateOf(list);
  if (dateMs === undefined || endMs === undefined || first?.dateMs === undefined) return undefined;
  const { sequence } = endOf(list);
  // The growing segment's end is unknown. If the moment may be the segment after it, the segment number decides.
  if (offsetMs === 0 && number === sequence + 1 && dateMs > endMs + TOLERANCE_MS) return { sequence: number, offsetMs };
  for (let at = sequence; at >= list.mediaSequence; at--) {
    const beginMs = at === sequence ? endMs : segmentOf(list, at)?.dateMs;
    if (beginMs !== undefined && beginMs <= dateMs + TOLERANCE_MS) return { sequence: at, offsetMs: dateMs - beginMs };
  }
  return { sequence: list.mediaSequence, offsetMs: dateMs - first.dateMs };
}

function byNumber(list: MediaPlaylist, { sequence, offsetMs }: StreamMoment): Within | undefined {
  // A list may be a segment behind the other one.
  const isNear = sequence >= list.mediaSequence && sequence <= endOf(list).sequence + 1;
  return isNear ? { sequence, offsetMs } : undefined;
}

/** When the segment after a list's complete ones begins. */
function endDateOf({ segments, growing }: MediaPlaylist): number | undefined {
  const last = segments.at(-1);
  return growing?.dateMs ?? (last?.dateMs === undefined ? undefined : last.dateMs + last.durationMs);
}
