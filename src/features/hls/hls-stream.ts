import type { Timer } from "../../base/clock.ts";
import type { PacketRange } from "../../live/readers/packet-reader.ts";
import type { Reader } from "../../live/readers/reader.ts";
import type { Ladder } from "../../live/source/ladder.ts";
import type { SourceEnd } from "../../live/source/source.ts";
import type { Stream } from "../../live/stream.ts";
import { type StreamName, streamLabel } from "../../live/streams.ts";
import type { Packet } from "../../media/packet.ts";
import { keyName } from "./address.ts";
import { AudioTracks } from "./audio-tracks.ts";
import { BlockedRequests } from "./blocked-requests.ts";
import type { HlsConfig } from "./config.ts";
import type { HlsContext } from "./context.ts";
import { type HlsFormat, partsOf } from "./formats.ts";
import { ListWaits, type WaitResult } from "./list-waits.ts";
import { LiveEdge } from "./live-edge.ts";
import { type KeyOf, Names } from "./names.ts";
import { type PlaylistSource, Playlists } from "./playlists.ts";
import type { Rendition } from "./rendition.ts";
import type { Segment, SegmentKey, SegmentPart } from "./segment.ts";
import { SegmentFeed } from "./segment-feed.ts";
import { encryptedSegment, type PlainName, SegmentKeys } from "./segment-keys.ts";
import { Segmenter, type SegmenterEvents } from "./segmenter.ts";
import { type PartEvents, StreamParts } from "./stream-parts.ts";
import {
  type CarriedPart,
  type CarriedSegment,
  type ListedPart,
  type ListedSegment,
  Window,
  type WindowEvents,
} from "./window.ts";

/** Notifications for the owner of a stream's HLS. */
export interface HlsStreamEvents {
  listed(stream: HlsStream, segment: ListedSegment): void;
  removed(stream: HlsStream, segment: ListedSegment): void;
  /** A part of the segment in the making may be asked for. */
  partListed(stream: HlsStream, part: ListedPart): void;
  /** The parts of a segment may not be asked for any more, unless the segment is listed. */
  partsRemoved(stream: HlsStream, parts: readonly ListedPart[]): void;
  /** The playlist has changed. */
  changed(stream: HlsStream): void;
  /** The stream belongs to this ladder, or to none. Called while packets are read. */
  ladderTold(stream: HlsStream, ladder: Ladder | undefined): void;
  /** The stream has an audio track beside track 0. Called while packets are read. */
  trackSeen(stream: HlsStream, track: number): void;
  /** The stream was not published for `hls_dispose`; its segments are removed next. */
  disposed(stream: HlsStream): void;
  /** The stream is forgotten. */
  closed(stream: HlsStream): void;
}

/**
 * The HLS of one stream, or of a part of one: its segmenter and its window, which stay when publishers come and go.
 *
 *     idle ──published──> live ──unpublished, lost──> out ──published──> live
 *                                                      └──hls_dispose──> disposed
 */
export class HlsStream implements PlaylistSource, SegmenterEvents, WindowEvents, PartEvents {
  readonly name: StreamName;
  /** The stream's key, with the rendition's id behind it for a part of a stream. */
  readonly key: string;
  /** Undefined for a stream as a whole. */
  readonly rendition: Rendition | undefined;
  /** The parts that are cut by themselves, by id: they begin, end and are closed with this one. */
  readonly renditions = new Map<string, HlsStream>();
  readonly window: Window;
  readonly playlists: Playlists;
  readonly blocked: BlockedRequests;
  /** A stream's renditions share its keys: a key server at `hls_key_url` has one key for each file name. */
  readonly keys: SegmentKeys;
  /** The audio tracks of the stream as a whole. */
  readonly tracks: AudioTracks;
  /** Why the stream can't be carried; undefined while it can. */
  refusal: string | undefined;
  /** The publisher has unpublished the stream: its list is complete. */
  ended = false;
  readonly #context: HlsContext;
  readonly #events: HlsStreamEvents;
  readonly #fragmentMs: number;
  readonly #names: Names;
  readonly #parts: StreamParts | undefined;
  readonly #format: HlsFormat;
  readonly #segmenter: Segmenter;
  readonly #waits: ListWaits;
  #stream: Stream | undefined;
  #reader: Reader<PacketRange> | undefined;
  #ending: SourceEnd = "lost";
  #dispose: Timer | undefined;
  #overflowLogged = false;
  /** When cutting began, monotonic ms. */
  #begunAt = Number.NEGATIVE_INFINITY;
  /** When the newest segment was listed, monotonic ms. */
  #listedAt = 0;

  constructor(
    context: HlsContext,
    name: StreamName,
    config: HlsConfig,
    events: HlsStreamEvents,
    rendition?: Rendition,
    keys?: SegmentKeys,
  ) {
    this.#context = context;
    this.#waits = new ListWaits(context.clock);
    this.#events = events;
    this.name = name;
    this.rendition = rendition;
    const part = rendition === undefined ? "" : `?${rendition.id}`;
    this.key = `${name.vhost}/${name.app}/${name.stream}${part}`;
    this.tracks = new AudioTracks((track) => events.trackSeen(this, track));
    this.#fragmentMs = config.hls_fragment * 1000;
    this.#format = context.formats[config.hls_low_latency ? "fmp4" : config.hls_format];
    const { open, suffix } = this.#format;
    const parts = partsOf(this.#format, config);
    this.#segmenter = new Segmenter(this.#fragmentMs, open, this, parts, rendition?.pick);
    const randomHex = (bytes: number) => context.randomHex(bytes);
    const naming = { randomHex, fragmentMs: this.#fragmentMs, partMs: parts?.ms, rendition: rendition?.id, suffix };
    const keyOf: KeyOf = (segment) => this.keys.keyOf(segment);
    this.#names = new Names(naming, () => this.edge, keyOf);
    const plainName: PlainName = (segment) => this.#names.plainNameOf(segment) + suffix;
    this.keys = keys ?? new SegmentKeys(context, () => this.config, plainName);
    this.window = new Window(config.hls_window * 1000, this.#names, this);
    this.#parts = parts && new StreamParts(new LiveEdge(this.window, parts.ms), this.#names, keyOf, this);
    this.blocked = new BlockedRequests(context.clock);
    this.playlists = new Playlists(this, context.gzip);
  }

  /** The newest parts; undefined where segments have none. */
  get edge(): LiveEdge | undefined {
    return this.#parts?.edge;
  }

  get hint(): string | undefined {
    return this.#names.hint;
  }

  get described(): readonly Packet[] {
    return this.#segmenter.described;
  }

  get config(): HlsConfig | undefined {
    return this.#context.configOf(this.name.vhost)?.hls;
  }

  /** Whether it is published. */
  get live(): boolean {
    return this.#stream?.source !== undefined;
  }

  /** Whether there is a playlist. */
  get listed(): boolean {
    return this.window.entries.length > 0;
  }

  /** Whether nothing was listed for the duration of the list: the stream was away, and new viewers would begin far behind it. */
  get stale(): boolean {
    return this.quietMs > this.window.durationMs;
  }

  /** Time since the newest segment was listed, ms. */
  get quietMs(): number {
    return this.#context.clock.now() - this.#listedAt;
  }

  /** Whether it is live, and has listed a segment so recently that the next one is expected. */
  get expectsEntry(): boolean {
    return this.live && this.quietMs <= this.maxWaitMs;
  }

  /** Whether its first segment is in the making, and not long overdue. */
  get isBeginning(): boolean {
    const isDue = this.#context.clock.now() - this.#begunAt < this.maxWaitMs;
    return isDue && this.live && !this.listed && this.refusal === undefined && this.described.length > 0;
  }

  /** Bytes of memory of the segments that may be asked for, and of those in the making. */
  get heldBytes(): number {
    return this.window.bytes + this.growingBytes;
  }

  get growingBytes(): number {
    return this.#segmenter.heldBytes + (this.#parts?.bytes ?? 0);
  }

  /** Whether the stream was not published here, has no playlist, and no viewer waits for it. */
  get idle(): boolean {
    return this.#stream === undefined && !this.listed && this.#waits.size === 0;
  }

  /** Time without a request after which a viewer is gone, ms. */
  get expiryMs(): number {
    const { hls_window = 0 } = this.config ?? {};
    return Math.max(2000 * hls_window, 3000 * this.window.targetSeconds);
  }

  /** How long requests wait for a playlist that has no segment yet, ms. */
  get maxWaitMs(): number {
    return 3 * Math.max(this.#fragmentMs, this.window.targetSeconds * 1000);
  }

  /** The stream is published; it is cut from now on. */
  begin(stream: Stream): void {
    this.#dispose?.cancel();
    this.#dispose = undefined;
    if (this.ended) {
      this.ended = false;
      this.#events.changed(this);
    }
    if (this.#stream === stream) return;
    this.#leave();
    this.#stream = stream;
    this.#begunAt = this.#context.clock.now();
    const unpublished = () => this.#stopped();
    if (this.rendition !== undefined)
      this.#reader = stream.tap(new SegmentFeed(this.#segmenter, undefined, stream), { unpublished });
    else {
      const epoch = () => this.#lookAtLadder(stream);
      this.#reader = stream.tap(new SegmentFeed(this.#segmenter, this.tracks, stream), { unpublished, epoch });
      epoch();
    }
    for (const part of this.renditions.values()) part.begin(stream);
  }

  #lookAtLadder({ ladder: { current }, source }: Stream): void {
    // A ladder comes before packets, or not at all; while the stream is away, it stays the same.
    if (current !== undefined || (source?.frames ?? 0) > 0) this.#events.ladderTold(this, current);
  }

  /** A part is cut by itself from now on. */
  addRendition(id: string, part: HlsStream): void {
    this.renditions.set(id, part);
    if (this.#stream !== undefined) part.begin(this.#stream);
  }

  /** The stream is not published any more. */
  ends(how: SourceEnd): void {
    for (const part of this.renditions.values()) part.ends(how);
    this.#ending = how;
    this.#segmenter.settle();
    this.disposeLater();
  }

  /** Disposes of the stream after `hls_dispose`, unless it is published by then. */
  disposeLater(): void {
    this.#dispose?.cancel();
    const seconds = this.config?.hls_dispose ?? 0;
    this.#dispose =
      seconds === 0 ? undefined : this.#context.clock.after(seconds * 1000, () => this.#events.disposed(this));
  }

  /** Applies another configuration. */
  reconfigure(config: HlsConfig): void {
    this.window.resize(config.hls_window * 1000);
    this.playlists.forget();
    if (!this.live) this.disposeLater();
  }

  /** Takes an entry of the old process's list, if it follows this list, or is newer and the stream is not published here. */
  adopt({ name, announced, parts, ...carried }: CarriedSegment, ended: boolean): void {
    const segment = { ...carried, parts: parts.map((part) => ({ ...part, memory: undefined })) };
    // The old process may have had another configuration, and a list has one format.
    if (!name.endsWith(this.#format.suffix)) return;
    const last = this.window.entries.at(-1);
    const follows = last?.epoch === segment.epoch && segment.number === last.number + 1;
    const newer = last === undefined || last.epoch !== segment.epoch || segment.number > last.number;
    if (!follows && (this.live || !newer)) return;
    this.#segmenter.continueAfter(segment.epoch, segment.number);
    this.keys.adopt(segment);
    this.#list(segment, { name, announced, parts });
    if (this.live) return;
    this.ended = ended;
    this.disposeLater();
  }

  /** Calls `notify` once, when the list is newer than `version`, or when the wait ends without such a list. */
  wait(version: number, notify: (what: WaitResult) => void): { cancel(): void } {
    return this.#waits.add(version, this.maxWaitMs, notify);
  }

  /** A part has listed an entry: requests that wait check again. */
  lookAgain(): void {
    if (this.listed) this.#waits.notify("listed");
  }

  /** The stream's group has more members now: requests that wait check again. */
  grown(): void {
    this.#waits.notify("listed");
  }

  /** Frees everything. */
  close(): void {
    this.#dispose?.cancel();
    this.#leave();
    this.#parts?.clear();
    this.#segmenter.close();
    this.window.clear();
    this.blocked.end();
    this.#waits.notify("late");
    this.#events.closed(this);
  }

  part(part: SegmentPart): void {
    this.#parts?.add(part);
  }

  /** Takes a part of a segment that the old process has not finished. */
  adoptPart(part: CarriedPart): void {
    this.keys.adopt(part.segment);
    this.#parts?.adopt(part);
  }

  listedPart(part: ListedPart): void {
    this.#events.partListed(this, part);
    this.#release();
  }

  removedParts(parts: readonly ListedPart[]): void {
    this.#events.partsRemoved(this, parts);
  }

  cut(segment: Segment): void {
    this.refusal = undefined;
    // The segment's parts may be listed already, with the key of an earlier configuration.
    const begun = this.edge?.beginning(segment);
    const key = begun === undefined ? this.keys.keyOf(segment) : begun.key;
    this.#list(key === undefined ? segment : encryptedSegment(segment, key));
  }

  refused(reason: string): void {
    const isNew = this.refusal !== reason;
    this.refusal = reason;
    const stream = streamLabel(this.#stream?.key ?? this.key);
    if (isNew) this.#context.log.warn("stream can't be cut for HLS", { stream, part: this.rendition?.id, reason });
    this.#waits.notify("refused");
  }

  overflow(): void {
    if (this.#overflowLogged) return;
    this.#overflowLogged = true;
    const reason = "more bytes in one slot than a segment may have; the rest of the slot is left out";
    this.#context.log.warn("HLS segment is not whole", { stream: streamLabel(this.key), reason });
  }

  listedSegment(segment: ListedSegment): void {
    this.#events.listed(this, segment);
  }

  removedSegment(segment: ListedSegment): void {
    this.#events.removed(this, segment);
  }

  #list(segment: Segment, carried?: Pick<CarriedSegment, "name" | "announced" | "parts">): void {
    this.#listedAt = this.#context.clock.now();
    this.window.add(segment, this.#listedAt, carried);
    // The segments up to this one that were listed in parts are whole now, or never will be.
    this.#parts?.clearUpTo(segment);
    this.#events.changed(this);
    this.#release();
    if (this.listed) this.#waits.notify("listed", this.window.version);
  }

  /** The last packets have come, and the publisher does not come back within its grace time. */
  #stopped(): void {
    if (this.#ending !== "unpublished") return;
    this.#segmenter.end(this.#stream?.epochs.epoch);
    this.#segmenter.settle();
    this.ended = this.listed;
    this.#events.changed(this);
    this.#release();
  }

  /** Answers the requests whose positions are in the list now. */
  #release(): void {
    this.blocked.release((position) => this.ended || this.edge?.has(position) !== false);
  }

  /** The key of segments that may be asked for, by its name. */
  keyNamed(name: string): SegmentKey | undefined {
    const segments = [...this.window.available, ...(this.edge?.parts.slice(0, 1) ?? []).map(({ segment }) => segment)];
    return segments.find(({ epoch, key }) => key !== undefined && keyName(epoch, key) === name)?.key;
  }

  #leave(): void {
    if (this.#reader !== undefined) this.#stream?.leave(this.#reader);
    this.#reader = undefined;
    this.#stream = undefined;
  }
}
