import { endOf, type ListedKey, type ListedPart, type ListedSegment, type MediaPlaylist } from "./media-playlist.ts";

/** What a player fetches at once: a segment, or a part of one. */
export interface Piece {
  /** As the playlist writes it. */
  readonly uri: string;
  readonly isPart: boolean;
  /** By the playlist, ms. */
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
  /** Receives how many segments had left the list, in part at least, before they were taken. */
  readonly #gone: (segments: number) => void;
  #sequence: number;
  #part = 0;
  /** Where playback begins: in the first piece, ms. */
  readonly fromMs: number;

  /** Begins as far behind the list's end as players stay, where one may begin. */
  constructor(list: MediaPlaylist, gone: (segments: number) => void) {
    this.#lowLatency = list.lowLatency !== undefined;
    this.#gone = gone;
    const { sequence, part, fromMs } = this.#startIn(list);
    this.#sequence = sequence;
    this.#part = part;
    this.fromMs = fromMs;
  }

  /** Begins anew, as players do where numbers went back so far that what is next may never come. */
  restart(list: MediaPlaylist): void {
    const { sequence, part } = this.#startIn(list);
    this.#sequence = sequence;
    this.#part = part;
  }

  /** Whether it waits for what comes behind a list's end. */
  isBehind(list: MediaPlaylist): boolean {
    return this.#sequence > endOf(list).sequence;
  }

  /** Whether the next piece is the one that comes next in the list. */
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
      // Its parts are not listed any more, and it was begun by parts.
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
