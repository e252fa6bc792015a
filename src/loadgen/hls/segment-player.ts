import { Fetcher } from "../http/fetcher.ts";
import type { HlsContext } from "./context.ts";
import { Download, type Downloaded } from "./download.ts";
import type { SharedFile } from "./file-store.ts";
import { isBefore, type MediaPlaylist } from "./media-playlist.ts";
import { type Needed, PieceReader } from "./piece-reader.ts";
import { type Piece, PieceCursor } from "./pieces.ts";
import { Playout, playoutStart } from "./playout.ts";
import type { SegmentFacts } from "./segment-facts.ts";
import { SegmentOrder } from "./segment-order.ts";

/** The clocks of two processes on one machine differ by less than this. */
const CLOCK_ERROR_US = 100;
/** Maximum wait for a hinted part: this many target durations, and this many ms. */
const HINT_TARGETS = 3;
const MAX_HINT_MS = 60_000;
/** EXT-X-PART and EXT-X-PART-INF are rounded. */
const ROUNDING_MS = 1;

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
/** Fetches the segments, or the parts, of one player's playlists, each once and in order, checks them, and models their playback. */
export class SegmentPlayer {
  readonly #context: HlsContext;
  readonly #fetcher: Fetcher;
  readonly #download: Download;
  readonly #lost: ((reason: string) => void) | undefined;
  readonly #order: SegmentOrder;
  readonly #playout: Playout;
  readonly #cursor: PieceCursor;
  readonly #reader: PieceReader;
  /** When the player started, µs since 1970: segments sent before are old, not late. */
  readonly #beganUs: number;
  #list: MediaPlaylist;
  readonly #base: URL;
  /** The next piece; undefined while it is not listed. */
  #piece: Piece | undefined;
  #hinted: Hinted | undefined;
  /** The newest hint whose part was requested. */
  #hint: string | undefined;
  /** Whether the next piece follows the last received one directly. */
  #follows = true;
  #advancing = false;
  #over = false;

  /** Starts with the first playlist that lists a segment; `base` is its URL. `lost` is called, and ends the player, if a fetch fails. */
  constructor(context: HlsContext, list: MediaPlaylist, base: URL, lost?: (reason: string) => void) {
    this.#context = context;
    this.#lost = lost;
    this.#fetcher = new Fetcher(context, context.group);
    this.#download = new Download(this.#fetcher);
    this.#order = new SegmentOrder(context.totals, context.hls);
    this.#reader = new PieceReader(context.inits);
    this.#beganUs = context.wall.nowUs();
    this.#list = list;
    this.#base = base;
    this.#cursor = new PieceCursor(list, (segments) => {
      this.#missed(segments, "segments: had left the playlist before they were fetched");
    });
    const shows = (sentUs: number, shownMs: number) => this.#shows(sentUs, shownMs);
    this.#playout = new Playout(context.hls, playoutStart(list, this.#cursor.fromMs), shows);
    this.#advance();
  }

  get bytesReceived(): number {
    return this.#fetcher.bytesReceived;
  }

  /** When playback began; monotonic ms, 0: it has not. */
  get startedMs(): number {
    return this.#playout.startedMs;
  }

  /** Takes the reloaded playlist. */
  update(list: MediaPlaylist): void {
    const before = this.#list;
    this.#list = list;
    if (list.mediaSequence < before.mediaSequence || isBefore(list, before)) {
      this.#context.hls.sequenceBack++;
      if (this.#cursor.isBehind(list)) {
        this.#cursor.restart(list);
        this.#follows = false;
      }
    }
    this.#advance();
  }

  /** The measurement ends. `ended`: no more pieces are expected. */
  finish(nowMs: number, ended: boolean): void {
    this.#playout.finish(nowMs, ended);
  }

  close(): void {
    this.#over = true;
    this.#fetcher.close();
  }

  /** Requests what is needed next, unless a request is in progress. */
  #advance(): void {
    // A request that fails at once calls this method again.
    if (this.#advancing) return;
    this.#advancing = true;
    while (!this.#download.busy && !this.#over && this.#step());
    this.#advancing = false;
  }

  /** Takes one step; false if there is nothing to do before a playlist or an answer arrives. */
  #step(): boolean {
    this.#piece ??= this.#cursor.next(this.#list);
    const piece = this.#piece;
    if (piece === undefined) return this.#followHint();
    if (piece.gap) {
      this.#missed(1, "segments: listed as a gap (EXT-X-GAP)");
      this.#piece = undefined;
      return true;
    }
    const needed = this.#reader.needed(piece, (uri) => this.#url(uri)?.href ?? uri);
    if (needed !== undefined) this.#fetchNeeded(needed);
    else if (!this.#takeHinted(piece)) this.#fetch(piece);
    return true;
  }

  /** Requests the hinted part if it is the next piece; returns whether a request was made. */
  #followHint(): boolean {
    const { hint, lowLatency, targetDurationMs } = this.#list;
    if (hint === undefined || hint === this.#hint || lowLatency === undefined) return false;
    if (!this.#cursor.isAtEnd(this.#list)) return false;
    const url = this.#url(hint);
    this.#hint = hint;
    if (url === null) return false;
    const file = this.#context.segments.get(url.href);
    const hinted: Hinted = { uri: hint, file, result: undefined, atMs: 0 };
    this.#hinted = hinted;
    const waitMs = Math.min(HINT_TARGETS * targetDurationMs, MAX_HINT_MS);
    this.#download.get(url, file, waitMs, (result) => {
      hinted.result = result;
      hinted.atMs = this.#context.clock.now();
      this.#advance();
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
    this.#piece = undefined;
    this.#received(piece, hinted.file, hinted.result, hinted.atMs);
    return true;
  }

  #fetch(piece: Piece): void {
    const url = this.#url(piece.uri);
    if (url === null) {
      this.#failed(`"${piece.uri}" is no URL`);
      return;
    }
    const file = this.#context.segments.get(url.href);
    this.#download.get(url, file, 0, (result) => {
      if (result.problem !== undefined) this.#failed(result.problem);
      else {
        this.#piece = undefined;
        this.#received(piece, file, result, this.#context.clock.now());
      }
      this.#advance();
    });
  }

  #fetchNeeded({ what, uri, sink, take }: Needed): void {
    const url = this.#url(uri);
    if (url === null) {
      this.#failed(`the ${what}: "${uri}" is no URL`);
      return;
    }
    this.#download.get(url, sink, 0, ({ problem, bytes, differs }) => {
      const reason = problem ?? (differs ? "another player received other bytes of it" : take(bytes));
      if (reason !== undefined) this.#failed(`its ${what}: ${reason}`);
      this.#advance();
    });
  }

  /** The next piece can't be fetched. */
  #failed(reason: string): void {
    this.#piece = undefined;
    if (this.#lost === undefined) this.#missed(1, `segment: ${reason}`);
    else {
      this.#over = true;
      this.#lost(reason);
    }
  }

  #missed(segments: number, reason: string): void {
    const { hls } = this.#context;
    hls.missed += segments;
    hls.errors.add(reason);
    this.#follows = false;
  }

  #received(piece: Piece, file: SharedFile<SegmentFacts>, { bytes, differs }: Downloaded, atMs: number): void {
    const { hls, totals, wall } = this.#context;
    const { isPart, durationMs, discontinuity } = piece;
    if (isPart) hls.parts++;
    else hls.segments++;
    if (this.#isTooLong(piece)) hls.wrongDurations++;
    const facts = differs ? undefined : file.content(bytes, (whole) => this.#reader.read(piece, whole));
    const stamps = facts?.stamps;
    // Another player received other bytes from the same URL.
    if (facts === undefined) totals.corrupt++;
    else {
      if (facts.problem !== undefined) hls.errors.add(`segment: ${facts.problem}`);
      if (facts.format !== undefined) hls.formats.add(facts.format);
      const startable = isPart ? facts.hasKey || !piece.independent : facts.independent;
      this.#order.next(facts, { durationMs, follows: this.#follows, discontinuity, startable });
    }
    if (stamps !== undefined && stamps.lastSentUs >= this.#beganUs)
      (isPart ? hls.partDelay : hls.segmentDelay).record(wall.at(atMs) - stamps.lastSentUs);
    this.#follows = facts !== undefined;
    this.#playout.add(atMs, durationMs, stamps?.firstSentUs ?? 0);
  }

  /** RFC 8216, 4.3.3.1; RFC 8216bis, 4.4.3.7. */
  #isTooLong({ isPart, durationMs }: Piece): boolean {
    const { lowLatency, targetDurationMs } = this.#list;
    if (isPart) return durationMs > (lowLatency?.partTargetMs ?? targetDurationMs) + ROUNDING_MS;
    return Math.round(durationMs / 1000) * 1000 > targetDurationMs;
  }

  #shows(sentUs: number, shownMs: number): void {
    const { totals, wall } = this.#context;
    const delayUs = wall.at(shownMs) - sentUs;
    if (delayUs < -CLOCK_ERROR_US) totals.early++;
    totals.recentDelay.record(delayUs);
  }

  #url(uri: string): URL | null {
    return URL.parse(uri, this.#base.href);
  }
}
