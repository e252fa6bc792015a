import type { Timer } from "../../base/clock.ts";
import { UserError } from "../../base/errors.ts";
import type { ResponseHead } from "../../io/net/http-response.ts";
import { GroupMember } from "../group-member.ts";
import { Fetcher } from "../http/fetcher.ts";
import { redirectedTo } from "../http/redirect.ts";
import { RefusalText } from "../http/refusal.ts";
import type { HttpTarget } from "../http/target.ts";
import type { Player } from "../player.ts";
import type { HlsContext } from "./context.ts";
import { endOf, type MediaPlaylist, type MultivariantPlaylist } from "./playlist.ts";
import { type PlaylistEvents, PlaylistRequest } from "./playlist-request.ts";
import { SegmentPlayer } from "./segment-player.ts";

/** A player fails after this many failed playlist requests in a row, one that reconnects after its first. */
const MAX_FAILURES = 3;
const RETRY_MS = 1000;
/** Maximum time until the first segment: the bench's own encoder has just started or the playlist is still empty. */
const FIRST_SEGMENT_TIMEOUT_MS = 60_000;

/*
 * playlist ──multivariant──> playlist of a variant ──a segment is listed──> playing: reloaded again and again
 *    └────────────────────────────────┴──refused──> failed; for a stream that has just begun, asked again
 */
/** A player of HLS: reloads the playlist as hls.js does, and plays the segments. */
export class HlsPlayer implements Player, PlaylistEvents {
  readonly #context: HlsContext;
  readonly #member: GroupMember;
  readonly #fetcher: Fetcher;
  readonly #request = new PlaylistRequest(this);
  readonly #madeMs: number;
  #url: URL;
  /** When this attempt began, and when the newest playlist was asked for; monotonic ms. */
  #beganMs: number;
  #askedMs = 0;
  #failures = 0;
  /** In a row. */
  #redirects = 0;
  #timer: Timer | undefined;
  #list: MediaPlaylist | undefined;
  #segments: SegmentPlayer | undefined;

  constructor(context: HlsContext, target: HttpTarget) {
    this.#context = context;
    this.#member = new GroupMember(context.group, context.retry);
    this.#fetcher = new Fetcher(context, context.group);
    this.#url = target.url;
    this.#madeMs = context.clock.now();
    this.#beganMs = this.#madeMs;
    this.#ask();
  }

  get running(): boolean {
    return this.#member.running;
  }

  get wasAdmitted(): boolean {
    return this.#segments !== undefined;
  }

  get firstFrameMs(): number {
    return this.#segments?.startedMs ?? 0;
  }

  get bytesReceived(): number {
    return this.#fetcher.bytesReceived + (this.#segments?.bytesReceived ?? 0);
  }

  playlist(list: MediaPlaylist | MultivariantPlaylist): void {
    this.#redirects = 0;
    if (list.kind === "multivariant") {
      this.#variant(list.uri);
      return;
    }
    this.#context.hls.playlists++;
    this.#failures = 0;
    const before = this.#list;
    this.#list = list;
    const changed = before === undefined || endOf(before) !== endOf(list) || before.ended !== list.ended;
    if (!list.ended) this.#reloadIn(list.targetDurationMs * (changed ? 1 : 1 / 2));
    const now = this.#context.clock.now();
    if (this.#segments !== undefined) this.#segments.update(list);
    else if (list.segments.length > 0) {
      this.#member.admitted(now - this.#beganMs);
      const lost = this.#context.retry && ((reason: string) => this.#fail(`segment: ${reason}`));
      this.#segments = new SegmentPlayer(this.#context, list, this.#url, lost);
    } else if (list.ended || now - this.#madeMs > FIRST_SEGMENT_TIMEOUT_MS) this.#fail("the playlist lists no segment");
  }

  unchanged(): void {
    this.#context.hls.notModified++;
    this.#failures = 0;
    this.#reloadIn((this.#list?.targetDurationMs ?? RETRY_MS) / 2);
  }

  redirected(head: ResponseHead): void {
    const to = redirectedTo(head, this.#url, this.#redirects++);
    if (to === undefined) {
      this.#fail(String(new RefusalText(head)));
      return;
    }
    this.#url = to;
    this.#ask();
  }

  failed(reason: string, absent: boolean): void {
    const { clock, hls, patient, retry } = this.#context;
    if (this.#segments !== undefined) {
      hls.errors.add(`playlist: ${reason}`);
      this.#failures++;
      if (retry === undefined && this.#failures < MAX_FAILURES) this.#reloadIn(RETRY_MS);
      else this.#fail(`playlist: ${reason}`);
    } else if (absent && patient && clock.now() - this.#madeMs < FIRST_SEGMENT_TIMEOUT_MS) {
      this.#beganMs = this.#askedMs + RETRY_MS;
      this.#reloadIn(RETRY_MS);
    } else this.#fail(reason);
  }

  finish(nowMs: number): void {
    const { firstFrame } = this.#context.totals;
    const ended = this.#list?.ended === true;
    // A player that has failed does not wait for more.
    this.#segments?.finish(nowMs, ended || !this.running);
    const startedMs = this.firstFrameMs;
    if (startedMs > 0) firstFrame.record((startedMs - this.#beganMs) * 1000);
    if (ended) this.#fail("ended by the server: the playlist has EXT-X-ENDLIST");
    else if (this.running && startedMs === 0) this.#fail("playback did not begin: too few segments came");
  }

  close(): void {
    this.#member.leave();
    this.#end();
  }

  /** Players begin with the first variant. */
  #variant(uri: string): void {
    const url = URL.parse(uri, this.#url.href);
    if (url === null || url.href === this.#url.href) {
      this.#fail(`the playlist names a variant by "${uri}"`);
      return;
    }
    this.#url = url;
    this.#ask();
  }

  /** The delay counts from the last request (RFC 8216, 6.3.4). */
  #reloadIn(delayMs: number): void {
    const { clock } = this.#context;
    const passedMs = clock.now() - this.#askedMs;
    this.#timer?.cancel();
    this.#timer = clock.after(Math.max(0, delayMs - passedMs), () => this.#ask());
  }

  #ask(): void {
    this.#askedMs = this.#context.clock.now();
    try {
      this.#fetcher.get(this.#url, this.#request.headers, this.#request);
    } catch (error) {
      if (!(error instanceof UserError)) throw error;
      this.#fail(`the playlist names a variant that can't be fetched: ${error.message}`);
    }
  }

  #fail(reason: string): void {
    this.#member.fail(reason);
    this.#end();
  }

  #end(): void {
    this.#timer?.cancel();
    this.#fetcher.close();
    this.#segments?.close();
  }
}
