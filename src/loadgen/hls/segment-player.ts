// Hot: body runs for each piece that each player receives.
import { UserError } from "../../base/errors.ts";
import type { ResponseHead } from "../../io/net/http-response.ts";
import type { AnswerEvents } from "../http/connection.ts";
import { Fetcher } from "../http/fetcher.ts";
import { RefusalText } from "../http/refusal.ts";
import type { HlsContext } from "./context.ts";
import { endOf, type ListedSegment, type MediaPlaylist } from "./playlist.ts";
import { Playout } from "./playout.ts";
import type { SegmentFacts } from "./segment-facts.ts";
import { SegmentOrder } from "./segment-order.ts";
import type { SharedSegment } from "./segment-store.ts";

/** A player starts this many target durations before the end of the playlist (RFC 8216, 6.3.3). */
const BEHIND_TARGETS = 3;
/** The clocks of two processes on one machine differ by less. */
const CLOCK_ERROR_US = 100;

/** Fetches the segments of one player's playlists, each once and in order, checks them, and models their playback. */
export class SegmentPlayer implements AnswerEvents {
  readonly #context: HlsContext;
  readonly #fetcher: Fetcher;
  readonly #lost: ((reason: string) => void) | undefined;
  readonly #order: SegmentOrder;
  readonly #playout: Playout;
  /** Segments sent before this were old when the player started, not late. */
  readonly #beganUs: number;
  #list: MediaPlaylist;
  #base: URL;
  /** The number of the next segment to request. */
  #next: number;
  /** The segment that is being fetched. */
  #listed: ListedSegment | undefined;
  #shared: SharedSegment | undefined;
  #have = 0;
  #differs = false;
  #refusal: RefusalText | undefined;
  /** Whether the next segment follows the last received one directly. */
  #follows = true;

  /** Starts with the first playlist that lists a segment; `base` is its URL. `lost` takes over when a segment can't be fetched. */
  constructor(context: HlsContext, list: MediaPlaylist, base: URL, lost?: (reason: string) => void) {
    this.#context = context;
    this.#lost = lost;
    this.#fetcher = new Fetcher(context, context.group);
    this.#order = new SegmentOrder(context.totals, context.hls);
    this.#beganUs = context.wall.nowUs();
    this.#list = list;
    this.#base = base;
    const { behindMs, at } = startOf(list);
    this.#next = list.mediaSequence + at;
    const fromMs = Math.max(0, behindMs - BEHIND_TARGETS * list.targetDurationMs);
    this.#playout = new Playout(context.hls, fromMs, (sentUs, shownMs) => this.#shows(sentUs, shownMs));
    this.#fetch();
  }

  get bytesReceived(): number {
    return this.#fetcher.bytesReceived;
  }

  /** When playback began; monotonic ms, 0: it has not. */
  get startedMs(): number {
    return this.#playout.startedMs;
  }

  /** The playlist, loaded again. */
  update(list: MediaPlaylist): void {
    const before = this.#list;
    this.#list = list;
    if (list.mediaSequence < before.mediaSequence || endOf(list) < endOf(before)) {
      this.#context.hls.sequenceBack++;
      if (this.#next > endOf(list)) {
        this.#next = list.mediaSequence + startOf(list).at;
        this.#follows = false;
      }
    }
    this.#fetch();
  }

  /** The end of what is measured; with `ended`, nobody waits for more. */
  finish(nowMs: number, ended: boolean): void {
    this.#playout.finish(nowMs, ended);
  }

  close(): void {
    this.#fetcher.close();
  }

  head(head: ResponseHead): void {
    this.#refusal = head.status === 200 ? undefined : new RefusalText(head);
  }

  body(bytes: Uint8Array): void {
    if (this.#refusal !== undefined) {
      this.#refusal.push(bytes);
      return;
    }
    if (!this.#differs && this.#shared?.take(this.#have, bytes) === false) this.#differs = true;
    this.#have += bytes.length;
  }

  done(problem: string | undefined): void {
    const { hls, totals } = this.#context;
    const listed = this.#listed;
    this.#listed = undefined;
    const reason = this.#refusal?.toString() ?? problem;
    if (listed === undefined) return;
    if (reason !== undefined && this.#lost !== undefined) {
      this.#lost(reason);
      return;
    }
    if (reason !== undefined) {
      hls.missed++;
      hls.errors.add(`segment: ${reason}`);
      this.#follows = false;
    } else {
      hls.segments++;
      const facts = this.#differs ? undefined : this.#shared?.facts(this.#have);
      // Another player received other bytes from the same URL.
      if (facts === undefined) totals.corrupt++;
      this.#received(listed, facts);
    }
    this.#fetch();
  }

  #received(listed: ListedSegment, facts: SegmentFacts | undefined): void {
    const { clock, hls, wall } = this.#context;
    const { targetDurationMs } = this.#list;
    const { durationMs, discontinuity } = listed;
    const now = clock.now();
    const stamps = facts?.stamps;
    if (Math.round(durationMs / 1000) * 1000 > targetDurationMs) hls.wrongDurations++;
    if (stamps !== undefined && stamps.lastSentUs >= this.#beganUs)
      hls.segmentDelay.record(wall.at(now) - stamps.lastSentUs);
    if (facts !== undefined) this.#order.next(facts, durationMs, this.#follows, discontinuity);
    this.#follows = facts !== undefined;
    this.#playout.add(now, durationMs, stamps?.firstSentUs ?? 0, targetDurationMs);
  }

  #shows(sentUs: number, shownMs: number): void {
    const { totals, wall } = this.#context;
    const delayUs = wall.at(shownMs) - sentUs;
    if (delayUs < -CLOCK_ERROR_US) totals.early++;
    totals.recentDelay.record(delayUs);
  }

  /** Requests the next segment, if it is listed and no request is under way. */
  #fetch(): void {
    if (this.#listed !== undefined) return;
    const { mediaSequence, segments } = this.#list;
    const gone = mediaSequence - this.#next;
    if (gone > 0) {
      const { hls } = this.#context;
      hls.missed += gone;
      hls.errors.add("segments: had left the playlist before they were fetched");
      this.#next = mediaSequence;
      this.#follows = false;
    }
    const listed = segments[this.#next - mediaSequence];
    if (listed === undefined) return;
    this.#next++;
    this.#listed = listed;
    this.#have = 0;
    this.#differs = false;
    this.#refusal = undefined;
    const url = URL.parse(listed.uri, this.#base.href);
    try {
      if (url === null) throw new UserError(`"${listed.uri}" is no URL`);
      this.#shared = this.#context.segments.get(url.href);
      this.#fetcher.get(url, "", this);
    } catch (error) {
      if (!(error instanceof UserError)) throw error;
      this.done(error.message);
    }
  }
}

/** Where players start in a playlist: the segment's index, and the playlist's duration from there, ms. */
function startOf({ segments, targetDurationMs }: MediaPlaylist): { readonly behindMs: number; readonly at: number } {
  let behindMs = 0;
  let at = segments.length;
  while (at > 0 && behindMs < BEHIND_TARGETS * targetDurationMs) behindMs += segments[--at]?.durationMs ?? 0;
  return { behindMs, at };
}
