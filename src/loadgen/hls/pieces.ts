import { endOf, type ListedKey, type ListedPart, type ListedSegment, type MediaPlaylist } from "./media-playlist.ts";
import { livePosition, type PlaylistPosition, partsOf, segmentOf } from "./playlist-positions.ts";

/** What a player fetches by one request: a segment, or a part of one. */
export interface Piece {
  /** As the playlist writes it. */
  readonly uri: string;
  readonly isPart: boolean;
  /** Whether a segment begins with it. */
  readonly begins: boolean;
  /** Duration by the playlist, ms. */
  readonly durationMs: number;
  /** Its times, or its codecs, don't continue those of the piece before. */
  readonly discontinuity: boolean;
  /** Whether a player may begin with it: segments always, parts where the playlist says so. */
  readonly independent: boolean;
  readonly gap: boolean;
  readonly map: string | undefined;
  readonly mapKey: ListedKey | undefined;
  readonly key: ListedKey | undefined;
  readonly sequence: number;
}

/** Goes through the pieces of one player's playlists, each once. With low latency these are parts, as far as they are listed. */
export class PieceCursor {
  /** Called with the number of segments that left the list before they were wholly taken. */
  readonly #gone: (segments: number) => void;
  #sequence: number;
  #part: number;

  /** Begins at a position of the list. */
  constructor({ sequence, part }: PlaylistPosition, gone: (segments: number) => void) {
    this.#gone = gone;
    this.#sequence = sequence;
    this.#part = part;
  }

  /** The segment of the next piece. */
  get sequence(): number {
    return this.#sequence;
  }

  /** The index of the next piece among its segment's parts; 0 for a whole segment, too. */
  get part(): number {
    return this.#part;
  }

  /** Continues at another position, or in another list. */
  moveTo({ sequence, part }: PlaylistPosition): void {
    this.#sequence = sequence;
    this.#part = part;
  }

  /** Begins anew, as players do if the list's numbers went back so far that the expected piece may never come. */
  restart(list: MediaPlaylist): void {
    this.moveTo(livePosition(list));
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
      const segment = segmentOf(list, this.#sequence);
      if (segment === undefined) return undefined;
      const parts = partsOf(list, segment);
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
}

function wholeOf(segment: ListedSegment, uri: string): Piece {
  const { durationMs, discontinuity, gap, map, mapKey, key, sequence } = segment;
  const always = { isPart: false, begins: true, independent: true };
  return { uri, ...always, durationMs, discontinuity, gap, map, mapKey, key, sequence };
}

function partOf(segment: ListedSegment, part: ListedPart, index: number): Piece {
  const { map, mapKey, key, sequence } = segment;
  const begins = index === 0;
  const discontinuity = segment.discontinuity && begins;
  return { ...part, isPart: true, begins, discontinuity, gap: part.gap || segment.gap, map, mapKey, key, sequence };
}
