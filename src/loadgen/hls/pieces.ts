import { endOf, type ListedKey, type ListedPart, type ListedSegment, type MediaPlaylist } from "./media-playlist.ts";

/** What a player fetches by one request: a segment, or a part of one. */
export interface Piece {
  /** As the playlist writes it. */
  readonly uri: string;
  readonly isPart: boolean;
  /** Duration by the playlist, ms. */
  readonly durationMs: number;
  /** Its times, or its codecs, don't continue those of the piece before. */
  readonly discontinuity: boolean;
  /** Whether a player may begin with it: segments always, parts where the playlist says so. */
  readonly independent: boolean;
  readonly gap: boolean;
  readonly map: string | undefined;
  readonly key: ListedKey | undefined;
  readonly sequence: number;
}

/** Goes through the pieces of one player's playlists, each once. With low latency these are parts, as far as they are listed. */
export class PieceCursor {
  readonly #lowLatency: boolean;
  /** Called with the number of segments that left the list before they were wholly taken. */
  readonly #gone: (segments: number) => void;
  #sequence: number;
  #part = 0;
  /** Where playback begins in the first piece, ms. */
  readonly fromMs: number;

  /** Begins at a piece that players may start with, at least the hold-back behind the list's end if one is listed. */
  constructor(list: MediaPlaylist, gone: (segments: number) => void) {
    this.#lowLatency = list.lowLatency !== undefined;
    this.#gone = gone;
    const { sequence, part, fromMs } = this.#startIn(list);
    this.#sequence = sequence;
    this.#part = part;
    this.fromMs = fromMs;
  }

  /** Begins anew, as players do if the list's numbers went back so far that the expected piece may never come. */
  restart(list: MediaPlaylist): void {
    const { sequence, part } = this.#startIn(list);
    this.#sequence = sequence;
    this.#part = part;
  }

  /** Whether the next piece lies beyond the end of the list. */
  isBehind(list: MediaPlaylist): boolean {
    return this.#sequence > endOf(list).sequence;
  }

  /** Whether the next piece is the first after the end of the list. */
  isAtEnd(list: MediaPlaylist): boolean {
    const { sequence, parts } = endOf(list);
    return this.#sequence === sequence && this.#part === parts;
  }

  /** Takes the next piece; undefined while it is not listed. */
  next(list: MediaPlaylist): Piece | undefined {
    const gone = list.mediaSequence - this.#sequence;
    if (gone > 0) {
      this.#gone(gone);
      this.#sequence = list.mediaSequence;
      this.#part = 0;
    }
    for (;;) {
      const segment = this.#segmentIn(list);
      if (segment === undefined) return undefined;
      const parts = this.#partsOf(segment);
      const part = parts[this.#part];
      if (part !== undefined) return partOf(segment, part, this.#part++);
      if (segment.uri === undefined) return undefined;
      this.#sequence++;
      const isWhole = this.#part === 0;
      // Some parts of the segment were taken, and the others are not listed any more.
      if (!isWhole && parts.length === 0) this.#gone(1);
      this.#part = 0;
      if (isWhole) return wholeOf(segment, segment.uri);
    }
  }

  #segmentIn({ mediaSequence, segments, growing }: MediaPlaylist): ListedSegment | undefined {
    const at = this.#sequence - mediaSequence;
    return at === segments.length && this.#lowLatency ? growing : segments[at];
  }

  #partsOf({ parts }: ListedSegment): readonly ListedPart[] {
    return this.#lowLatency ? parts : [];
  }

  #startIn(list: MediaPlaylist) {
    const { mediaSequence, segments, growing, lowLatency } = list;
    const { holdBackMs } = lowLatency ?? list;
    let behindMs = 0;
    let place = { sequence: endOf(list).sequence, part: 0, independent: false };
    const from = segments.length - (growing === undefined || !this.#lowLatency ? 1 : 0);
    for (let at = from; at >= 0; at--) {
      const segment = segments[at] ?? growing;
      if (segment === undefined) break;
      const parts = this.#partsOf(segment);
      for (let part = Math.max(0, parts.length - 1); part >= 0; part--) {
        const { durationMs, independent } = parts[part] ?? { ...segment, independent: true };
        behindMs += durationMs;
        place = { sequence: mediaSequence + at, part, independent };
        if (behindMs >= holdBackMs && independent) return { ...place, fromMs: behindMs - holdBackMs };
      }
    }
    return { ...place, fromMs: Math.max(0, behindMs - holdBackMs) };
  }
}

function wholeOf(segment: ListedSegment, uri: string): Piece {
  const { durationMs, discontinuity, gap, map, key, sequence } = segment;
  return { uri, isPart: false, durationMs, discontinuity, independent: true, gap, map, key, sequence };
}

function partOf(segment: ListedSegment, part: ListedPart, index: number): Piece {
  const { map, key, sequence } = segment;
  const discontinuity = segment.discontinuity && index === 0;
  return { ...part, isPart: true, discontinuity, gap: part.gap || segment.gap, map, key, sequence };
}
