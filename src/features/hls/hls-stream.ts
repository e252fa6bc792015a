// Hot: send runs for each flush of each stream that is cut.
import { createHash } from "node:crypto";
import type { Timer } from "../../base/clock.ts";
import type { PacketSink } from "../../live/readers/format.ts";
import type { PacketRange } from "../../live/readers/packet-reader.ts";
import type { Reader } from "../../live/readers/reader.ts";
import { spanAt } from "../../live/source/epoch.ts";
import { isHeader, isKey, type SourceEnd } from "../../live/source/source.ts";
import type { Stream } from "../../live/stream.ts";
import { type StreamName, streamLabel } from "../../live/streams.ts";
import { type Packet, PacketKind } from "../../media/packet.ts";
import { keyName } from "./address.ts";
import type { HlsConfig } from "./config.ts";
import type { HlsContext } from "./context.ts";
import type { HlsFormat } from "./formats.ts";
import { type PlaylistSource, Playlists } from "./playlists.ts";
import type { Segment, SegmentKey } from "./segment.ts";
import { SegmentKeys } from "./segment-keys.ts";
import { Segmenter, type SegmenterEvents } from "./segmenter.ts";
import { type CarriedSegment, type ListedSegment, type SegmentNames, Window, type WindowEvents } from "./window.ts";

/** Packets before the first key frame of a span that are looked at. */
const MAX_LOOK_BACK = 1000;

/** Notifications for the owner of a stream's HLS. */
export interface HlsStreamEvents {
  listed(stream: HlsStream, segment: ListedSegment): void;
  removed(stream: HlsStream, segment: ListedSegment): void;
  /** The playlist says something else now. */
  changed(stream: HlsStream): void;
  /** Nobody has published it for `hls_dispose`; its segments are removed next. */
  disposed(stream: HlsStream): void;
  /** It is forgotten. */
  closed(stream: HlsStream): void;
}

/** The result of waiting for a playlist: there is one, the stream can't be carried, or it took too long. */
export type WaitResult = "listed" | "refused" | "late";

interface Waiting {
  /** The version of the list that is not enough. */
  readonly version: number;
  readonly timer: Timer;
  readonly notify: (what: WaitResult) => void;
}

/**
 * The HLS of one stream: its segmenter and its window, which stay when publishers come and go.
 *
 *     idle ──published──> live ──unpublished, lost──> out ──published──> live
 *                                                      └──hls_dispose──> disposed
 */
export class HlsStream implements PacketSink, PlaylistSource, SegmenterEvents, SegmentNames, WindowEvents {
  readonly name: StreamName;
  readonly key: string;
  readonly window: Window;
  readonly playlists: Playlists;
  /** Why the stream can't be carried; undefined while it can. */
  refusal: string | undefined;
  /** The publisher said that this was all. */
  ended = false;
  readonly #context: HlsContext;
  readonly #events: HlsStreamEvents;
  readonly #fragmentMs: number;
  readonly #format: HlsFormat;
  readonly #segmenter: Segmenter;
  readonly #keys: SegmentKeys;
  readonly #waiting = new Set<Waiting>();
  #stream: Stream | undefined;
  #reader: Reader<PacketRange> | undefined;
  /** The packet that comes next. */
  #next = -1;
  #ending: SourceEnd = "lost";
  #dispose: Timer | undefined;
  #overflowLogged = false;
  /** When the newest segment was listed, monotonic ms. */
  #listedAt = 0;

  constructor(context: HlsContext, name: StreamName, config: HlsConfig, events: HlsStreamEvents) {
    this.#context = context;
    this.#events = events;
    this.name = name;
    this.key = `${name.vhost}/${name.app}/${name.stream}`;
    this.#fragmentMs = config.hls_fragment * 1000;
    this.#format = context.formats[config.hls_format];
    this.#segmenter = new Segmenter(this.#fragmentMs, this.#format.open, this);
    this.#keys = new SegmentKeys(context, (segment) => this.#plainName(segment) + this.#format.suffix);
    this.window = new Window(config.hls_window * 1000, this, this);
    this.playlists = new Playlists(this, context.gzip);
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

  /** Whether all that is listed is older than a list is long: the stream was away, and new viewers would begin far behind it. */
  get stale(): boolean {
    return this.quietMs > this.window.durationMs;
  }

  /** Since when nothing was listed, ms. */
  get quietMs(): number {
    return this.#context.clock.now() - this.#listedAt;
  }

  /** Bytes of memory that it holds: of the segments that may be asked for, and of those in the making. */
  get heldBytes(): number {
    return this.window.bytes + this.growingBytes;
  }

  get growingBytes(): number {
    return this.#segmenter.heldBytes;
  }

  /** Whether nobody has published it, nobody waits for it, and nothing is left of it. */
  get idle(): boolean {
    return this.#stream === undefined && !this.listed && this.#waiting.size === 0;
  }

  /** A viewer who has not asked for so long is gone, ms. */
  get expiryMs(): number {
    const { hls_window = 0 } = this.config ?? {};
    return Math.max(2000 * hls_window, 3000 * this.window.targetSeconds);
  }

  /** How long a playlist without a segment is waited for, ms. */
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
    this.#next = -1;
    this.#reader = stream.tap(this, { unpublished: () => this.#stopped() });
  }

  /** Nobody publishes it any more. */
  ends(how: SourceEnd): void {
    this.#ending = how;
    this.#segmenter.settle();
    this.disposeLater();
  }

  /** Begins to wait for a publisher for `hls_dispose`. */
  disposeLater(): void {
    this.#dispose?.cancel();
    const seconds = this.config?.hls_dispose ?? 0;
    this.#dispose =
      seconds === 0 ? undefined : this.#context.clock.after(seconds * 1000, () => this.#events.disposed(this));
  }

  /** Goes on by another configuration. */
  reconfigure(config: HlsConfig): void {
    this.window.resize(config.hls_window * 1000);
    this.playlists.forget();
    if (!this.live) this.disposeLater();
  }

  /** Takes an entry of the list of the process before this one, where it follows what there is. */
  adopt({ name, announced, ...segment }: CarriedSegment, ended: boolean): void {
    // The process before may have been of another configuration, and a list has one format.
    if (!name.endsWith(this.#format.suffix)) return;
    const last = this.window.entries.at(-1);
    const follows = last?.epoch === segment.epoch && segment.number === last.number + 1;
    const newer = last === undefined || last.epoch !== segment.epoch || segment.number > last.number;
    if (!follows && (this.live || !newer)) return;
    this.#segmenter.goOnAfter(segment.epoch, segment.number);
    this.#keys.adopt(segment);
    this.#list(segment, { name, announced });
    if (this.live) return;
    this.ended = ended;
    this.disposeLater();
  }

  /** Calls `notify` once, when the list has got beyond `version`, or when it can't be waited for any more. */
  wait(version: number, notify: (what: WaitResult) => void): { cancel(): void } {
    const done = (what: WaitResult) => {
      waiting.timer.cancel();
      if (this.#waiting.delete(waiting)) notify(what);
    };
    const timer = this.#context.clock.after(this.maxWaitMs, () => done("late"));
    const waiting: Waiting = { version, timer, notify: done };
    this.#waiting.add(waiting);
    return {
      cancel: () => {
        timer.cancel();
        this.#waiting.delete(waiting);
      },
    };
  }

  /** Frees everything. */
  close(): void {
    this.#dispose?.cancel();
    this.#leave();
    this.#segmenter.close();
    this.window.clear();
    for (const { notify } of [...this.#waiting]) notify("late");
    this.#events.closed(this);
  }

  send(range: PacketRange): boolean {
    const { start, from, to } = range;
    const { epochs, log } = this.#stream as Stream;
    if (start !== undefined && from !== this.#next) {
      // Readers are kept from what no player could show, such as a new source's sound before its first picture.
      const isHeld = this.#next >= log.start && this.#next < from;
      if (isHeld) for (let seq = this.#next; seq < from; seq++) this.#take(log.at(seq), seq);
      else this.#segmenter.begin(start.headers, this.#hasSpanBefore(from));
    } else if (!range.complete) this.#segmenter.lost();
    this.#next = to;
    const first = epochs.at(from);
    const same = first === epochs.at(to - 1) && epochs.losses.every(({ seq }) => seq < from || seq >= to);
    range.forEach((packet, seq) => {
      if (same) this.#segmenter.take(packet, first);
      else this.#take(packet, seq);
    });
    return true;
  }

  #take(packet: Packet, seq: number): void {
    const { epochs } = this.#stream as Stream;
    if (epochs.losses.some((loss) => loss.seq === seq)) this.#segmenter.lost();
    this.#segmenter.take(packet, epochs.at(seq));
  }

  /** Whether the log has all that came of a span before a packet, and no key frame was among it: a reader waits for the first. */
  #hasSpanBefore(seq: number): boolean {
    const { log, epochs } = this.#stream as Stream;
    const epoch = seq < log.end ? epochs.at(seq) : undefined;
    const span = epoch?.spans[spanAt(epoch, log.timeAt(seq))];
    let found = false;
    for (let at = Math.max(log.start, seq - MAX_LOOK_BACK); at < seq; at++) {
      const { kind, flags, time } = log.at(at);
      if (kind === PacketKind.Data || isHeader(flags)) continue;
      if (isKey(kind, flags)) return false;
      if (time === span?.from) found = true;
    }
    return found;
  }

  cut(segment: Segment): void {
    this.refusal = undefined;
    const { hls_keys = false, hls_fragments_per_key = 1 } = this.config ?? {};
    this.#list(hls_keys ? this.#keys.encrypt(segment, hls_fragments_per_key) : segment);
  }

  refused(reason: string): void {
    this.refusal = reason;
    this.#context.log.warn("stream can't be cut for HLS", { stream: streamLabel(this.key), reason });
    for (const { notify } of [...this.#waiting]) notify("refused");
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

  #list(segment: Segment, carried?: Pick<CarriedSegment, "name" | "announced">): void {
    this.#listedAt = this.#context.clock.now();
    this.window.add(segment, this.#listedAt, carried);
    this.#events.changed(this);
    for (const { version, notify } of [...this.#waiting])
      if (this.window.version > version && this.listed) notify("listed");
  }

  /** The last packets have come, and the publisher does not come back within its grace time. */
  #stopped(): void {
    if (this.#ending !== "unpublished") return;
    this.#segmenter.end(this.#stream?.epochs.epoch);
    this.#segmenter.settle();
    this.ended = this.listed;
    this.#events.changed(this);
  }

  /** It can't be guessed, and no other content ever has it. */
  nameOf(segment: Segment): string {
    const { damaged, key } = segment;
    const own = damaged ? `-${this.#context.randomHex(4)}` : "";
    const encrypted = key === undefined ? "" : `-${key.id.slice(0, 8)}`;
    return `${this.#plainName(segment)}${encrypted}${own}${this.#format.suffix}`;
  }

  #plainName({ epoch, number }: Pick<Segment, "epoch" | "number">): string {
    return `${epoch}-${this.#fragmentMs / 1000}-${number}`;
  }

  /** The key of segments that may be asked for, by its name. */
  keyNamed(name: string): SegmentKey | undefined {
    return this.window.available.find(({ epoch, key }) => key !== undefined && keyName(epoch, key) === name)?.key;
  }

  /** As `nameOf`; servers whose init segments are equal name them so. */
  initNameOf(epoch: string, init: Uint8Array): string {
    return `${epoch}-${createHash("sha256").update(init).digest("hex").slice(0, 16)}.mp4`;
  }

  #leave(): void {
    if (this.#reader !== undefined) this.#stream?.leave(this.#reader);
    this.#reader = undefined;
    this.#stream = undefined;
  }
}
