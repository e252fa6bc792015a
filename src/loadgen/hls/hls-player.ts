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
import type { MediaPlaylist } from "./media-playlist.ts";
import { chosenVariant, type MultivariantPlaylist } from "./multivariant.ts";
import { type PlaylistEvents, PlaylistRequest } from "./playlist-request.ts";
import { type Reload, reloadOf, withDirectives } from "./reload.ts";
import { SegmentPlayer } from "./segment-player.ts";

/** A player fails after this many failed playlist requests in a row; a reconnecting player fails after one. */
const MAX_FAILURES = 3;
const RETRY_MS = 1000;
/** Maximum time until the first segment: the bench's own encoder has just started or the playlist is still empty. */
const FIRST_SEGMENT_TIMEOUT_MS = 60_000;

/** A request at once, for the playlist as it is now. */
const PLAIN: Reload = { afterMs: 0, directives: "", waitMs: 0 };

const RETRY: Reload = { ...PLAIN, afterMs: RETRY_MS };

/*
 * playlist ──multivariant──> playlist of a variant ──a segment is listed──> playing: reloaded again and again
 *    └────────────────────────────────┴──refused──> failed; for a stream that has just begun, asked again
 */
/** A player of HLS: reloads the playlist as hls.js does, and plays the segments or, where a playlist lists them, their parts. */
export class HlsPlayer implements Player, PlaylistEvents {
  readonly #context: HlsContext;
  readonly #member: GroupMember;
  readonly #fetcher: Fetcher;
  readonly #request: PlaylistRequest;
  readonly #number: number;
  readonly #madeMs: number;
  #url: URL;
  /** When this attempt began, and when the playlist was last requested; monotonic ms. */
  #beganMs: number;
  #askedMs = 0;
  #failures = 0;
  /** Redirects in a row. */
  #redirects = 0;
  /** How the playlist was last requested, or will be next. */
  #reload = PLAIN;
  /** Whether the URL is that of a variant, named by a multivariant playlist. */
  #isVariant = false;
  #timer: Timer | undefined;
  #list: MediaPlaylist | undefined;
  #segments: SegmentPlayer | undefined;

  /** `number`: the player's number among all, from 0. */
  constructor(context: HlsContext, target: HttpTarget, number: number) {
    this.#context = context;
    this.#number = number;
    this.#request = new PlaylistRequest(context.playlists, this);
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
      this.#variant(list);
      return;
    }
    const { hls } = this.#context;
    hls.playlists++;
    if (list.skipped > 0) hls.deltas++;
    this.#failures = 0;
    const before = this.#list;
    this.#list = list;
    if (!list.ended) this.#loadAgain(reloadOf(list, before));
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
    if (this.#list === undefined) this.#loadAgain(RETRY);
    else this.#loadAgain(reloadOf(this.#list, this.#list));
  }

  redirected(head: ResponseHead): void {
    const to = redirectedTo(head, this.#url, this.#redirects++);
    if (to === undefined) {
      this.#fail(String(new RefusalText(head)));
      return;
    }
    this.#url = withDirectives(to, "");
    this.#ask();
  }

  failed(reason: string, absent: boolean): void {
    const { clock, hls, isNewStream, retry } = this.#context;
    if (this.#segments !== undefined) {
      hls.errors.add(`playlist: ${reason}`);
      this.#failures++;
      if (retry === undefined && this.#failures < MAX_FAILURES) this.#loadAgain(RETRY);
      else this.#fail(`playlist: ${reason}`);
    } else if (absent && isNewStream && clock.now() - this.#madeMs < FIRST_SEGMENT_TIMEOUT_MS) {
      this.#beganMs = this.#askedMs + RETRY_MS;
      this.#loadAgain(RETRY);
    } else this.#fail(reason);
  }

  finish(nowMs: number): void {
    const { firstFrame } = this.#context.totals;
    const ended = this.#list?.ended === true;
    // A failed player expects no more segments, so its empty buffer is no stall.
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

  #variant(list: MultivariantPlaylist): void {
    if (this.#isVariant) {
      this.#fail("the playlist names a variant that is a playlist of variants again");
      return;
    }
    this.#isVariant = true;
    const { hls, variant } = this.#context;
    const { uri, soundApart } = chosenVariant(list, variant, this.#number);
    hls.soundApart ||= soundApart;
    const url = URL.parse(uri, this.#url.href);
    if (url === null || url.href === this.#url.href) {
      this.#fail(`the playlist names a variant by "${uri}"`);
      return;
    }
    this.#url = url;
    this.#ask();
  }

  /** The delay counts from the last request (RFC 8216, 6.3.4). */
  #loadAgain(reload: Reload): void {
    const { clock } = this.#context;
    const passedMs = clock.now() - this.#askedMs;
    this.#reload = reload;
    this.#timer?.cancel();
    this.#timer = clock.after(Math.max(0, reload.afterMs - passedMs), () => this.#ask());
  }

  #ask(): void {
    this.#askedMs = this.#context.clock.now();
    const { directives, waitMs } = this.#reload;
    const url = directives === "" ? this.#url : withDirectives(this.#url, directives);
    // The ETag holds only for the URL without directives.
    const headers = directives === "" ? this.#request.headers : "";
    try {
      this.#fetcher.get(url, headers, this.#request, waitMs);
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
