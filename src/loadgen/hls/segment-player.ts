import { ProtocolError } from "../../base/errors.ts";
import { Fetcher } from "../http/fetcher.ts";
import type { HlsContext, ViewerContext } from "./context.ts";
import { Download, type Downloaded } from "./download.ts";
import type { SharedFile } from "./file-store.ts";
import { isBefore, type MediaPlaylist } from "./media-playlist.ts";
import { type Address, type Needed, PieceReader } from "./piece-reader.ts";
import { type Piece, PieceCursor } from "./pieces.ts";
import { momentOf, type PlaylistPosition, positionAt, type StreamMoment } from "./playlist-positions.ts";
import type { SegmentFacts } from "./segment-facts.ts";

/** Maximum wait for a hinted part: this many target durations, and this many ms. */
const HINT_TARGETS = 3;
const MAX_HINT_MS = 60_000;

/** A piece that has arrived. */
export interface Arrived {
  readonly piece: Piece;
  /** Undefined if another player received other bytes. */
  readonly facts: SegmentFacts | undefined;
  readonly result: Downloaded;
  readonly atMs: number;
  /** Whether it directly follows the last piece that arrived. */
  readonly follows: boolean;
  /** For the first piece of another variant: how much it repeats of the pieces before, ms. */
  readonly repeatsMs: number | undefined;
}

/** What becomes of a track's pieces. */
export interface PieceEvents {
  /** A segment comes next, at this moment. Returns whether it is taken from another playlist, which `move` brings. */
  segmentBegins(moment: StreamMoment): boolean;
  /** Pieces of another playlist follow; the first one repeats `repeatsMs` of the last ones. */
  moved(repeatsMs: number): void;
  arrived(arrived: Arrived): void;
  /** Segments, or a part, are missed: `durationMs` of media. */
  missed(segments: number, durationMs: number, reason: string): void;
  /** A segment, or a part, could not be fetched. */
  failed(durationMs: number, reason: string): void;
}

/** A part that was requested before it was listed. */
interface Hinted {
  readonly uri: string;
  readonly file: SharedFile<SegmentFacts>;
  /** Undefined until the request has ended. */
  result: Downloaded | undefined;
  atMs: number;
}

/*
 * waiting ──a piece is listed──> its init segment and its key, where they are others ──> the piece ──┐
 *    │ └──the next one is hinted at──> hinted ──is listed────────────────────────────────────────────┤
 *    └───────────────────────────────────────────────────────────────────────────────────────────────┘
 */
/** Fetches the segments, or the parts, of one track's playlist, each once and in order, over a connection of its own. */
export class SegmentPlayer {
  readonly #context: HlsContext;
  readonly #viewer: ViewerContext;
  readonly #events: PieceEvents;
  readonly #fetcher: Fetcher;
  readonly #download: Download;
  readonly #cursor: PieceCursor;
  readonly #reader: PieceReader;
  #list: MediaPlaylist;
  #base: URL;
  /** The next piece; undefined while it is not listed. */
  #piece: Piece | undefined;
  #hinted: Hinted | undefined;
  /** The newest hint whose part was requested. */
  #hint: string | undefined;
  /** The newest segment for which `segmentBegins` was called. */
  #begun: number;
  /** Where the next segment begins, while another playlist is awaited for it. */
  #moving: StreamMoment | undefined;
  /** The playlist that the next pieces come from, once no request is in progress. */
  #next: { readonly list: MediaPlaylist; readonly base: URL } | undefined;
  /** How much the next piece repeats, if it is the first one of another variant. */
  #repeatsMs: number | undefined;
  /** The URL of the key that is being fetched, for which the other track may wait. */
  #key: string | undefined;
  /** Whether the next piece follows the last received one directly. */
  #follows = true;
  #advancing = false;
  #over = false;

  /** Prepares to fetch from a position of the playlist at `base`; `advance` starts. */
  constructor(
    context: HlsContext,
    viewer: ViewerContext,
    events: PieceEvents,
    list: MediaPlaylist,
    base: URL,
    position: PlaylistPosition,
  ) {
    this.#context = context;
    this.#viewer = viewer;
    this.#events = events;
    this.#fetcher = new Fetcher(context, context.group, viewer.cookies);
    this.#download = new Download(this.#fetcher, context.clock);
    this.#reader = new PieceReader(context.inits, viewer.keys, (uri) => this.#address(uri));
    this.#list = list;
    this.#base = base;
    this.#begun = position.sequence;
    this.#cursor = new PieceCursor(position, (segments) => {
      const durationMs = segments * this.#list.targetDurationMs;
      this.#miss(segments, durationMs, "segments: had left the playlist before they were fetched");
    });
  }

  get bytesReceived(): number {
    return this.#fetcher.bytesReceived;
  }

  /** Takes the reloaded playlist. */
  update(list: MediaPlaylist): void {
    if (this.#next !== undefined) {
      this.move(list, this.#next.base);
      return;
    }
    const before = this.#list;
    this.#list = list;
    if (list.mediaSequence < before.mediaSequence || isBefore(list, before)) {
      this.#context.hls.sequenceBack++;
      if (this.#cursor.isBehind(list)) {
        this.#cursor.restart(list);
        this.#follows = false;
      }
    }
    this.advance();
  }

  /** Takes the first playlist of the variant that the next pieces come from. */
  move(list: MediaPlaylist, base: URL): void {
    this.#next = { list, base };
    this.advance();
  }

  close(): void {
    this.#over = true;
    this.#fetcher.close();
    if (this.#key !== undefined) this.#viewer.keys.ended(this.#key, undefined);
  }

  /** Requests what is needed next, unless a request is in progress. */
  advance(): void {
    // A request that fails at once calls this method again.
    if (this.#advancing) return;
    this.#advancing = true;
    while (!this.#download.busy && !this.#over) {
      if (this.#next !== undefined) this.#takeNext(this.#next);
      else if (this.#moving !== undefined || !this.#step()) break;
    }
    this.#advancing = false;
  }

  #takeNext({ list, base }: { readonly list: MediaPlaylist; readonly base: URL }): void {
    const position = positionAt(list, this.#moving ?? momentOf(this.#list, this.#here()), true);
    this.#next = undefined;
    this.#moving = undefined;
    this.#list = list;
    this.#base = base;
    this.#piece = undefined;
    this.#hinted = undefined;
    this.#hint = undefined;
    this.#begun = position.sequence;
    this.#repeatsMs = position.fromMs;
    this.#cursor.moveTo(position);
    this.#reader.moved();
    this.#events.moved(position.fromMs);
  }

  /** The position of the next piece. */
  #here(): PlaylistPosition {
    const piece = this.#piece;
    const { sequence, part } = this.#cursor;
    if (piece === undefined) return { sequence, part, fromMs: 0 };
    return { sequence: piece.sequence, part: piece.isPart ? part - 1 : 0, fromMs: 0 };
  }

  /** Takes one step; false if there is nothing to do before a playlist or an answer arrives. */
  #step(): boolean {
    this.#piece ??= this.#cursor.next(this.#list);
    const piece = this.#piece;
    const begins = piece?.begins ?? this.#cursor.part === 0;
    if (begins && this.#changesPlaylist(piece)) return false;
    if (piece === undefined) return this.#followHint();
    if (piece.gap) {
      this.#piece = undefined;
      this.#miss(1, piece.durationMs, "segments: listed as a gap (EXT-X-GAP)");
      return true;
    }
    try {
      const needed = this.#reader.needed(piece);
      if (needed !== undefined) return this.#fetchNeeded(needed, piece);
      if (!this.#takeHinted(piece)) this.#fetch(piece);
    } catch (error) {
      if (!(error instanceof ProtocolError)) throw error;
      this.#failed(piece, error.message);
    }
    return true;
  }

  /** Asks, once for each segment, whether it comes from another playlist. */
  #changesPlaylist(piece: Piece | undefined): boolean {
    const sequence = piece?.sequence ?? this.#cursor.sequence;
    if (sequence === this.#begun) return false;
    this.#begun = sequence;
    const moment = momentOf(this.#list, { sequence, part: 0, fromMs: 0 });
    if (!this.#events.segmentBegins(moment)) return false;
    this.#moving = moment;
    this.#piece = undefined;
    this.#hinted = undefined;
    return true;
  }

  /** Requests the hinted part if it is the next piece; returns whether a request was made. */
  #followHint(): boolean {
    const { hint, lowLatency, targetDurationMs } = this.#list;
    if (hint === undefined || hint === this.#hint || lowLatency === undefined) return false;
    if (!this.#cursor.isAtEnd(this.#list)) return false;
    this.#hint = hint;
    const address = this.#find(hint);
    if (address === undefined) return false;
    const file = this.#context.segments.get(address.name);
    const hinted: Hinted = { uri: hint, file, result: undefined, atMs: 0 };
    this.#hinted = hinted;
    const waitMs = Math.min(HINT_TARGETS * targetDurationMs, MAX_HINT_MS);
    this.#download.get(address.url, file, waitMs, (result) => {
      hinted.result = result;
      hinted.atMs = this.#context.clock.now();
      this.advance();
    });
    return true;
  }

  /** Takes the hinted part if it is `piece`, the next one; returns whether it is. */
  #takeHinted(piece: Piece): boolean {
    const { hls } = this.#context;
    const hinted = this.#hinted;
    this.#hinted = undefined;
    if (hinted?.result === undefined) return false;
    if (hinted.uri !== piece.uri || hinted.result.problem !== undefined) {
      hls.hintsUnused++;
      return false;
    }
    hls.hinted++;
    this.#received(piece, hinted.file, hinted.result, hinted.atMs);
    return true;
  }

  #fetch(piece: Piece): void {
    const { url, name } = this.#address(piece.uri);
    const file = this.#context.segments.get(name);
    this.#download.get(url, file, 0, (result) => {
      if (result.problem !== undefined) this.#failed(piece, result.problem);
      else this.#received(piece, file, result, this.#context.clock.now());
      this.advance();
    });
  }

  /** Fetches what a piece needs; false if the other track does it already. */
  #fetchNeeded({ what, url, sink, take }: Needed, piece: Piece): boolean {
    const { keys } = this.#viewer;
    if (what === "key") {
      if (keys.awaits(url.href, () => this.advance())) return false;
      keys.fetches(url.href);
      this.#key = url.href;
    }
    this.#download.get(url, sink, 0, ({ problem, bytes, differs }) => {
      this.#key = undefined;
      if (what === "key" && problem !== undefined) keys.ended(url.href, undefined);
      const reason = problem ?? (differs ? "another player received other bytes of it" : take(bytes));
      if (reason !== undefined) this.#failed(piece, `its ${what}: ${reason}`);
      this.advance();
    });
    return true;
  }

  /** A piece can't be fetched. */
  #failed({ durationMs }: Piece, reason: string): void {
    this.#piece = undefined;
    this.#follows = false;
    this.#events.failed(durationMs, `segment: ${reason}`);
  }

  #miss(segments: number, durationMs: number, reason: string): void {
    this.#follows = false;
    this.#events.missed(segments, durationMs, reason);
  }

  #received(piece: Piece, file: SharedFile<SegmentFacts>, result: Downloaded, atMs: number): void {
    this.#piece = undefined;
    const read = (whole: Uint8Array): SegmentFacts => this.#reader.read(piece, whole);
    const facts = result.differs ? undefined : file.content(result.bytes, read);
    const [follows, repeatsMs] = [this.#follows, this.#repeatsMs];
    this.#follows = facts !== undefined;
    this.#repeatsMs = undefined;
    this.#events.arrived({ piece, facts, result, atMs, follows, repeatsMs });
  }

  /** The address of a URI in the playlist. Throws ProtocolError for none. */
  #address(uri: string): Address {
    const found = this.#find(uri);
    if (found === undefined) throw new ProtocolError(`"${this.#viewer.tokens.unmask(uri)}" is no URL`);
    return found;
  }

  #find(uri: string): Address | undefined {
    const unmasked = this.#viewer.tokens.unmask(uri);
    const url = URL.parse(unmasked, this.#base.href);
    if (url === null) return undefined;
    return { url, name: unmasked === uri ? url.href : (URL.parse(uri, this.#base.href)?.href ?? url.href) };
  }
}
