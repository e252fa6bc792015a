import { UserError } from "../../base/errors.ts";
import { GroupMember } from "../group-member.ts";
import { Cookies } from "../http/cookies.ts";
import type { HttpTarget } from "../http/target.ts";
import type { Player } from "../player.ts";
import type { HlsContext, ViewerContext } from "./context.ts";
import { KeyRing } from "./key-ring.ts";
import type { MediaPlaylist } from "./media-playlist.ts";
import type { MultivariantPlaylist } from "./multivariant.ts";
import { OwnTokens } from "./own-tokens.ts";
import type { StreamMoment } from "./playlist-positions.ts";
import { Playout, playoutStart } from "./playout.ts";
import type { Arrived } from "./segment-player.ts";
import { Track, type TrackEvents } from "./track.ts";
import { switches } from "./variant-choice.ts";
import { ViewerVariants } from "./viewer-variants.ts";

/** Maximum time until the first segment: the bench's own encoder has just started or the playlist is still empty. */
const FIRST_SEGMENT_TIMEOUT_MS = 60_000;
/** The clocks of two processes on one machine differ by less than this. */
const CLOCK_ERROR_US = 100;

/*
 * playlist ──multivariant──> playlist of a variant ──a segment is listed──> playing, with an audio track if the variant has one apart
 *    └────────────────────────────────┴──refused──> failed; for a stream that has just begun, asked again
 */
/** A player of HLS: plays a playlist, or a variant of it and its audio rendition, as hls.js does. */
export class HlsPlayer implements Player, TrackEvents {
  readonly #context: HlsContext;
  readonly #viewer: ViewerContext;
  readonly #member: GroupMember;
  readonly #number: number;
  readonly #madeMs: number;
  readonly #playout: Playout;
  readonly #main: Track;
  #audio: Track | undefined;
  /** Undefined unless the player's URL is a multivariant playlist. */
  #variants: ViewerVariants | undefined;
  /** When this attempt began; monotonic ms. */
  #beganMs: number;
  /** When the player was admitted, µs since 1970: frames sent before are old, not late. */
  #admittedUs = 0;
  /** When the player decided for another variant, monotonic ms; 0: the variant has arrived, or there was no change. */
  #switchedMs = 0;
  #bytesBefore = 0;

  /** `number`: the player's number among all, from 0. */
  constructor(context: HlsContext, target: HttpTarget, number: number) {
    this.#context = context;
    this.#number = number;
    this.#viewer = { cookies: new Cookies(), keys: new KeyRing(context.hls), tokens: new OwnTokens() };
    this.#member = new GroupMember(context.group, context.retry);
    this.#playout = new Playout(context.hls, (sentUs, shownMs) => this.#shows(sentUs, shownMs));
    this.#madeMs = context.clock.now();
    this.#beganMs = this.#madeMs;
    this.#main = new Track(context, this.#viewer, this, this.#playout);
    this.#main.go(target.url);
  }

  get running(): boolean {
    return this.#member.running;
  }

  get wasAdmitted(): boolean {
    return this.#admittedUs > 0;
  }

  get firstFrameMs(): number {
    return this.#playout.startedMs;
  }

  get bytesReceived(): number {
    return this.#bytesBefore + this.#main.bytesReceived + (this.#audio?.bytesReceived ?? 0);
  }

  multivariant(list: MultivariantPlaylist, url: URL): void {
    const { variant, hls } = this.#context;
    if (this.#variants !== undefined) {
      this.#fail("the playlist names a variant that is a playlist of variants again");
      return;
    }
    try {
      this.#variants = new ViewerVariants(list, url, this.#viewer.tokens, variant, this.#number);
    } catch (error) {
      if (!(error instanceof UserError)) throw error;
      this.#fail(error.message);
      return;
    }
    if (switches(variant) && list.variants.length === 1) hls.oneVariant = true;
    this.#goTo(this.#variants.url);
  }

  empty({ ended }: MediaPlaylist): void {
    const late = this.#context.clock.now() - this.#madeMs > FIRST_SEGMENT_TIMEOUT_MS;
    if (ended || late) this.#fail("the playlist lists no segment");
  }

  begins(list: MediaPlaylist, moment: StreamMoment): void {
    const { clock, wall, hls, variant } = this.#context;
    if (switches(variant) && this.#variants === undefined) hls.oneVariant = true;
    const now = clock.now();
    this.#member.admitted(now - this.#beganMs);
    this.#admittedUs = wall.at(now);
    this.#playout.setStart(playoutStart(list));
    this.#matchAudio(moment);
  }

  unlisted(reason: string, absent: boolean): void {
    const { clock, isNewStream } = this.#context;
    const isNew = !this.wasAdmitted && isNewStream && clock.now() - this.#madeMs < FIRST_SEGMENT_TIMEOUT_MS;
    if (absent && isNew) this.#beganMs = this.#main.again();
    else if (this.#variants?.leave() === true) {
      this.#context.hls.variantsLeft++;
      this.#goTo(this.#variants.url);
    } else this.#fail(reason);
  }

  lost(reason: string): void {
    this.#fail(reason);
  }

  nextPlaylist(moment: StreamMoment): URL | undefined {
    const variants = this.#variants;
    const change = variants?.next();
    if (variants === undefined || change === undefined) return undefined;
    const { clock, hls } = this.#context;
    if (change === "up") hls.switchesUp++;
    else hls.switchesDown++;
    this.#switchedMs = clock.now();
    this.#matchAudio(moment);
    return variants.url;
  }

  arrived({ piece, facts, result, atMs, repeatsMs }: Arrived): void {
    const { hls, wall } = this.#context;
    const variants = this.#variants;
    variants?.measured(result);
    if (variants !== undefined && piece.begins) hls.variants.add(variants.label);
    if (repeatsMs !== undefined && this.#switchedMs > 0) hls.switchTime.record((atMs - this.#switchedMs) * 1000);
    if (repeatsMs !== undefined) this.#switchedMs = 0;
    const stamps = facts?.stamps;
    if (stamps === undefined || stamps.lastSentUs < this.#admittedUs) return;
    (piece.isPart ? hls.partDelay : hls.segmentDelay).record(wall.at(atMs) - stamps.lastSentUs);
  }

  finish(nowMs: number): void {
    const { firstFrame } = this.#context.totals;
    const { ended } = this.#main;
    // A failed player expects no more segments, so its empty buffer is no stall.
    this.#playout.finish(nowMs, ended || !this.running);
    const startedMs = this.firstFrameMs;
    if (startedMs > 0) firstFrame.record((startedMs - this.#beganMs) * 1000);
    if (ended) this.#fail("ended by the server: the playlist has EXT-X-ENDLIST");
    else if (this.running && startedMs === 0) this.#fail("playback did not begin: too few segments came");
  }

  close(): void {
    this.#member.leave();
    this.#end();
  }

  #goTo(url: URL | undefined): void {
    if (url === undefined) this.#fail(`the playlist names a variant by "${this.#variants?.uri}"`);
    else this.#main.go(url);
  }

  /** Takes the variant's audio track: a new one begins at the moment, an existing one changes at its own next segment. */
  #matchAudio(moment: StreamMoment): void {
    const url = this.#variants?.audioUrl;
    if (url === undefined) {
      this.#bytesBefore += this.#audio?.bytesReceived ?? 0;
      this.#audio?.close();
      this.#audio = undefined;
    } else if (this.#audio === undefined) {
      this.#audio = new Track(this.#context, this.#viewer, this.#audioEvents(url), this.#playout, moment);
      this.#audio.go(url);
    }
  }

  /** The events of the audio track; `url`: the playlist that is loaded first. */
  #audioEvents(url: URL): TrackEvents {
    let loaded = url.href;
    return {
      multivariant: () => this.#fail("the playlist of the audio is a playlist of variants"),
      empty: ({ ended }) => {
        if (ended) this.#fail("the playlist of the audio lists no segment");
      },
      begins: () => {},
      unlisted: (reason) => this.#fail(`audio: ${reason}`),
      lost: (reason) => this.#fail(`audio: ${reason}`),
      nextPlaylist: () => {
        const next = this.#variants?.audioUrl;
        if (next === undefined || next.href === loaded) return undefined;
        loaded = next.href;
        return next;
      },
      arrived: () => {},
    };
  }

  #shows(sentUs: number, shownMs: number): void {
    const { totals, wall } = this.#context;
    const delayUs = wall.at(shownMs) - sentUs;
    if (delayUs < -CLOCK_ERROR_US) totals.early++;
    totals.recentDelay.record(delayUs);
  }

  #fail(reason: string): void {
    this.#member.fail(reason);
    this.#end();
  }

  #end(): void {
    this.#main.close();
    this.#audio?.close();
  }
}
