import type { HlsContext, ViewerContext } from "./context.ts";
import type { MediaPlaylist } from "./media-playlist.ts";
import type { MultivariantPlaylist } from "./multivariant.ts";
import type { Piece } from "./pieces.ts";
import { type LoaderEvents, PlaylistLoader } from "./playlist-loader.ts";
import { livePosition, momentOf, type PlaylistPosition, positionAt, type StreamMoment } from "./playlist-positions.ts";
import type { Playout, TrackBuffer } from "./playout.ts";
import { SegmentOrder } from "./segment-order.ts";
import { type Arrived, type PieceEvents, SegmentPlayer } from "./segment-player.ts";

/** A track fails after this many failed playlist requests in a row; one of a reconnecting player after one. */
const MAX_FAILURES = 3;
/** EXT-X-PART and EXT-X-PART-INF are rounded. */
const ROUNDING_MS = 1;

/** What a track tells its player. */
export interface TrackEvents {
  multivariant(list: MultivariantPlaylist, url: URL): void;
  /** A media playlist without segments came; the track can't begin yet. */
  empty(list: MediaPlaylist): void;
  /** The track begins at this moment, with a first list. */
  begins(list: MediaPlaylist, moment: StreamMoment): void;
  /** The track's playlist could not be loaded, and is not loaded again before `again` or `go`. */
  unlisted(reason: string, absent: boolean): void;
  /** The track can't go on. */
  lost(reason: string): void;
  /** The playlist of the segment that begins at this moment; undefined: the one that is loaded. */
  nextPlaylist(moment: StreamMoment): URL | undefined;
  arrived(arrived: Arrived): void;
}

/** One track of a viewer: loads its playlist again and again, fetches what that lists, checks it, and fills a buffer. */
export class Track implements LoaderEvents, PieceEvents {
  readonly #context: HlsContext;
  readonly #viewer: ViewerContext;
  readonly #events: TrackEvents;
  readonly #playout: Playout;
  readonly #buffer: TrackBuffer;
  readonly #loader: PlaylistLoader;
  readonly #order: SegmentOrder;
  /** Where the track begins; undefined: as far behind the live edge as its playlist says. */
  readonly #from: StreamMoment | undefined;
  #pieces: SegmentPlayer | undefined;
  #list: MediaPlaylist | undefined;
  /** Whether the next list is the first one of another variant. */
  #moving = false;
  /** The newest key. */
  #keyUri: string | undefined;

  /** `from`: where an audio track begins. Nothing is loaded before `go`. */
  constructor(context: HlsContext, viewer: ViewerContext, events: TrackEvents, playout: Playout, from?: StreamMoment) {
    this.#context = context;
    this.#viewer = viewer;
    this.#events = events;
    this.#playout = playout;
    this.#buffer = playout.addTrack();
    this.#order = new SegmentOrder(context.totals, context.hls);
    this.#from = from;
    this.#loader = new PlaylistLoader(context, viewer, this);
  }

  get bytesReceived(): number {
    return this.#loader.bytesReceived + (this.#pieces?.bytesReceived ?? 0);
  }

  /** Whether the list has ended: no more pieces are expected. */
  get ended(): boolean {
    return this.#list?.ended === true;
  }

  /** Loads the playlist at `url`: the first one, a variant of it, or another variant that continues at the next segment. */
  go(url: URL): void {
    this.#moving = this.#pieces !== undefined;
    this.#loader.go(url);
  }

  /** Loads the playlist again after a failure; returns when, monotonic ms. */
  again(): number {
    return this.#loader.again();
  }

  /** Ends the track. */
  close(): void {
    this.#loader.close();
    this.#pieces?.close();
    this.#playout.removeTrack(this.#buffer);
  }

  multivariant(list: MultivariantPlaylist, url: URL): void {
    this.#events.multivariant(list, url);
  }

  media(list: MediaPlaylist, url: URL): void {
    this.#list = list;
    const pieces = this.#pieces;
    if (pieces === undefined) this.#begin(list, url);
    else if (!this.#moving) pieces.update(list);
    else if (list.segments.length > 0) {
      this.#moving = false;
      pieces.move(list, url);
    }
  }

  unloaded(reason: string, failures: number, absent: boolean): void {
    if (this.#pieces === undefined) {
      this.#events.unlisted(reason, absent);
      return;
    }
    this.#context.hls.errors.add(`playlist: ${reason}`);
    if (this.#context.retry === undefined && failures < MAX_FAILURES && !this.#moving) this.#loader.again();
    else this.#events.unlisted(`playlist: ${reason}`, absent);
  }

  segmentBegins(moment: StreamMoment): boolean {
    const url = this.#events.nextPlaylist(moment);
    if (url === undefined) return false;
    this.go(url);
    return true;
  }

  moved(repeatsMs: number): void {
    this.#buffer.endMs -= repeatsMs;
  }

  missed(segments: number, durationMs: number, reason: string): void {
    const { hls } = this.#context;
    hls.missed += segments;
    hls.errors.add(reason);
    this.#playout.skip(this.#buffer, durationMs);
  }

  failed(durationMs: number, reason: string): void {
    // A player that reconnects begins anew.
    if (this.#context.retry === undefined) this.missed(1, durationMs, reason);
    else this.#events.lost(reason);
  }

  arrived(arrived: Arrived): void {
    const { hls, totals } = this.#context;
    const { piece, facts, atMs, follows, repeatsMs } = arrived;
    const { isPart, durationMs, discontinuity } = piece;
    this.#count(piece);
    // Another player received other bytes from the same URL.
    if (facts === undefined) totals.corrupt++;
    else {
      if (facts.problem !== undefined) hls.errors.add(`segment: ${facts.problem}`);
      if (facts.format !== undefined) hls.formats.add(facts.format);
      const startable = isPart ? facts.hasKey || !piece.independent : facts.independent;
      this.#order.next(facts, { durationMs, follows, discontinuity, startable, repeatsMs });
    }
    this.#events.arrived(arrived);
    this.#playout.add(this.#buffer, atMs, durationMs, facts?.stamps?.firstSentUs ?? 0);
  }

  #begin(list: MediaPlaylist, url: URL): void {
    if (list.segments.length === 0) {
      this.#events.empty(list);
      return;
    }
    const position: PlaylistPosition =
      this.#from === undefined ? livePosition(list) : positionAt(list, this.#from, false);
    this.#buffer.begin(position.fromMs);
    this.#pieces = new SegmentPlayer(this.#context, this.#viewer, this, list, url, position);
    this.#events.begins(list, momentOf(list, position));
    this.#pieces.advance();
  }

  #count(piece: Piece): void {
    const { hls } = this.#context;
    // Only an audio track begins where another one says.
    const isAudio = this.#from !== undefined;
    if (piece.isPart) {
      hls.parts++;
      if (isAudio) hls.audioParts++;
    } else {
      hls.segments++;
      if (isAudio) hls.audioSegments++;
    }
    if (this.#isTooLong(piece)) hls.wrongDurations++;
    const key = piece.key?.uri ?? this.#keyUri;
    if (!isAudio && this.#keyUri !== undefined && key !== this.#keyUri) hls.keyChanges++;
    this.#keyUri = key;
  }

  /** RFC 8216, 4.3.3.1; RFC 8216bis, 4.4.3.7. */
  #isTooLong({ isPart, durationMs }: Piece): boolean {
    const { lowLatency, targetDurationMs = 0 } = this.#list ?? {};
    if (isPart) return durationMs > (lowLatency?.partTargetMs ?? targetDurationMs) + ROUNDING_MS;
    return Math.round(durationMs / 1000) * 1000 > targetDurationMs;
  }
}
