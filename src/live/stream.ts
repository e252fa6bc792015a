// Hot: push runs for each packet.
import type { Clock, Timer } from "../base/clock.ts";
import { classify } from "../media/classify.ts";
import { readData } from "../media/data.ts";
import { Metadata } from "../media/metadata.ts";
import { Packet, PacketFlag, PacketKind } from "../media/packet.ts";
import type { StreamConfig } from "./config.ts";
import { Fanout, type FanoutSource } from "./fanout.ts";
import type { Flushable, Flusher } from "./flusher.ts";
import type { ReaderEvents, Sink, StartPoint, WireFormat } from "./format.ts";
import { Gop } from "./gop.ts";
import { Headers } from "./headers.ts";
import { PacketLog } from "./log.ts";
import { Reader } from "./reader.ts";
import { Resumption } from "./resumption.ts";
import { LiveSource, type Source, type SourceEnd, type SourceInfo, type SourceOwner } from "./source.ts";
import { Timeline } from "./timeline.ts";

/** However long `queue_length` is: more packets than this are not kept for a slow reader. */
const MAX_LOG_PACKETS = 1 << 16;
/** A publisher that is faster than the flushes waits for one: no more than this comes between two. */
const MAX_UNFLUSHED_PACKETS = 4096;
const MAX_UNFLUSHED_BYTES = 16 * 1024 * 1024;
/** Readers served between two looks at the clock. */
const SLICE_READERS = 128;

const HEADER = PacketFlag.SequenceHeader | PacketFlag.Config;
const NOT_A_FRAME = HEADER | PacketFlag.SequenceEnd;

/** What a stream tells whoever created it. */
export interface StreamOwner {
  readonly clock: Clock;
  readonly flusher: Flusher;
  published(stream: Stream, source: Source): void;
  unpublished(stream: Stream, source: Source, how: SourceEnd): void;
  /** Nobody publishes, reads, or may come back: the stream can be forgotten. */
  idle(stream: Stream): void;
}

/**
 * One live stream: at most one active source, one log, any number of readers. Readers belong to the stream, not to the
 * source: sources come and go, and no reader is disconnected.
 */
export class Stream implements FanoutSource, Flushable, SourceOwner {
  /** `vhost/app/stream`. */
  readonly key: string;
  readonly config: StreamConfig;
  readonly log = new PacketLog();
  readonly #owner: StreamOwner;
  readonly #headers = new Headers();
  readonly #metadata = new Metadata();
  readonly #timeline: Timeline;
  readonly #gop: Gop;
  readonly #fanouts = new Map<WireFormat, Fanout>();
  readonly #readers = new Set<Reader>();
  #source: LiveSource | undefined;
  readonly #resumption: Resumption;
  #grace: Timer | undefined;
  /** Everything before this has been handed to the fan-outs. */
  #flushed = 0;
  #unflushedBytes = 0;
  /** Packets before this are older than `queue_length`. */
  #floor = 0;
  /** Owned by the flusher, as is `dueAt`. */
  queued = false;
  dueAt = 0;

  constructor(key: string, config: StreamConfig, owner: StreamOwner) {
    this.key = key;
    this.config = config;
    this.#owner = owner;
    this.#timeline = new Timeline(config.time_jitter);
    this.#resumption = new Resumption(this.#timeline);
    this.#gop = new Gop(config);
  }

  /** The active source. */
  get source(): Source | undefined {
    return this.#source;
  }

  get readerCount(): number {
    return this.#readers.size;
  }

  /** Makes `info` the stream's active source; undefined when it has one already. */
  publish(info: SourceInfo): Source | undefined {
    if (this.#source !== undefined) return undefined;
    this.#grace?.cancel();
    this.#grace = undefined;
    this.#headers.clear();
    this.#metadata.clear();
    this.#timeline.newSource();
    this.#resumption.newSource();
    const source = new LiveSource(this, info, this.#owner.clock.now());
    this.#source = source;
    for (const reader of this.#readers) {
      reader.stopPending = false;
      if (reader.announced) continue;
      reader.announced = true;
      reader.events.published?.();
    }
    this.#owner.published(this, source);
    return source;
  }

  /** Lets a reader in; it gets bytes in `format` through `sink`, beginning with headers and a key frame. */
  join(format: WireFormat, sink: Sink, events: ReaderEvents): Reader {
    const fanout = this.#fanout(format);
    const reader = new Reader(fanout, sink, events);
    reader.announced = this.#source !== undefined;
    // It may share its sink with other readers, or with one that has just left.
    reader.blocked = (sink.bytesQueued ?? 0) > 0;
    this.#readers.add(reader);
    fanout.admit(reader, this.config.gop_cache ? 0 : this.log.end);
    return reader;
  }

  /** The reader is gone. */
  leave(reader: Reader): void {
    if (!this.#readers.delete(reader)) return;
    this.#remove(reader);
    reader.state = "closed";
    this.#forgetIfIdle();
  }

  /** The reader gets nothing until `unpause`; it does not count as slow. */
  pause(reader: Reader): void {
    if (reader.state === "paused" || reader.state === "closed") return;
    this.#remove(reader);
    reader.state = "paused";
  }

  /** Goes on: from where it stopped while its GOP lasts, else from the newest GOP. */
  unpause(reader: Reader): void {
    if (reader.state !== "paused") return;
    const fanout = this.#fanout(reader.home.format);
    const start = this.startPoint(fanout.format);
    const sameGop = start !== undefined && reader.position >= start.seq && reader.position >= this.log.start;
    if (sameGop) fanout.adopt(reader);
    else fanout.admit(reader, reader.position);
  }

  /** Changes what a reader gets, without a gap; when video comes back, at the next key frame. */
  reformat(reader: Reader, format: WireFormat): void {
    const before = reader.home.format;
    if (format === before || reader.state === "closed") return;
    const { state } = reader;
    this.#remove(reader);
    const fanout = this.#fanout(format);
    if (state === "paused") {
      reader.home = fanout;
      reader.state = state;
    } else if (state === "waiting" || (format.video && !before.video)) {
      fanout.admit(reader, Math.max(reader.notBefore, reader.position));
    } else {
      fanout.adopt(reader);
    }
  }

  /** How far a reader is behind the newest packet, ms; 0 for one that is up to date or has nothing to be behind of. */
  lagMs(reader: Reader): number {
    const { position } = reader;
    if (reader.state !== "lagging" || position < this.log.start || position >= this.log.end) return 0;
    return Math.max(0, this.#timeline.newest - this.log.at(position).time);
  }

  /** Where a reader of `format` may start now. */
  startPoint(format: WireFormat): StartPoint | undefined {
    if (this.#source === undefined) return undefined;
    const start = this.#gop.start;
    if (format.video && !this.#gop.audioOnly)
      return start !== undefined && start.seq >= this.log.start ? start : undefined;
    if (this.#headers.list.length === 0 && this.log.end === this.log.start) return undefined;
    return { seq: this.#flushed, time: this.#timeline.newest, headers: this.#headers.list };
  }

  /** Hands what has come since the last flush to the fan-outs. */
  beginFlush(): void {
    for (const fanout of this.#fanouts.values()) fanout.begin();
    this.#flushed = this.log.end;
    this.#unflushedBytes = 0;
  }

  /** Goes on with the flush until it is done (false) or `until` (monotonic ms) has passed (true: call again). */
  runFlush(until: number): boolean {
    const { clock } = this.#owner;
    for (const fanout of this.#fanouts.values()) {
      while (fanout.run(SLICE_READERS)) if (clock.now() >= until) return true;
    }
    this.#trim();
    return false;
  }

  /** One media message of the active source, its timestamp as on the wire. */
  push(source: LiveSource, kind: PacketKind, timestamp: number, payload: Uint8Array, amf3: boolean): void {
    if (source !== this.#source) return;
    if (kind === PacketKind.Data) {
      this.#pushData(timestamp, payload, amf3);
      return;
    }
    const class_ = classify(kind, payload);
    const flags = class_ & 0xff;
    const track = class_ >>> 8;
    const header = (flags & HEADER) !== 0;
    const key = kind === PacketKind.Video && (flags & NOT_A_FRAME) === 0 && (flags & PacketFlag.Key) !== 0;
    // What comes before the first key frame cannot be decoded by anyone.
    if (kind === PacketKind.Video && !header && !source.decodable(key, track)) return;
    if (!header && !this.#resumption.over) {
      const verdict = this.#resumption.judge(kind, track, flags, timestamp, payload);
      if (verdict === "repeated") return;
      if (verdict === "other") this.#gop.clear();
    }
    const time = header
      ? this.#timeline.placeBeside(timestamp, this.#timeline.newestOf(kind, track))
      : this.#timeline.place(kind, track, timestamp, this.#owner.clock.now());
    const packet = new Packet(kind, time, payload, flags, track);
    if (header) this.#headers.set(packet);
    const seq = this.log.append(packet);
    if (key && track === source.keyTrack) {
      this.#gop.key(seq, packet, this.#headers.list);
      this.#resumption.key(packet);
    } else if (kind === PacketKind.Video) this.#gop.video(packet);
    else this.#gop.audio(packet);
    this.#appended(packet);
  }

  /** The active source is gone. Readers stay; they are told at once, or after the grace time when it may come back. */
  endSource(source: LiveSource, how: SourceEnd): void {
    if (source !== this.#source) return;
    // First the last packets: whoever is told of the end below may close at once.
    this.#owner.flusher.flushNow(this);
    this.#source = undefined;
    this.#owner.unpublished(this, source, how);
    if (this.#readers.size === 0) {
      this.#forgetIfIdle();
      return;
    }
    this.#owner.flusher.mark(this);
    if (how === "unpublished") this.#announceStop();
    else this.#grace = this.#owner.clock.after(this.config.grace * 1000, () => this.#announceStop());
  }

  #announceStop(): void {
    this.#grace = undefined;
    this.#resumption.forget();
    this.#gop.clear();
    // The last packets are still to be flushed; the notice must not overtake them.
    this.#owner.flusher.flushNow(this);
    for (const reader of this.#readers) {
      if (!reader.announced) continue;
      if (reader.state === "lagging") reader.stopPending = true;
      else reader.tellStopped();
    }
    this.#forgetIfIdle();
  }

  #pushData(timestamp: number, payload: Uint8Array, amf3: boolean): void {
    const message = readData(payload, amf3);
    if (message === undefined) return;
    const time = this.#timeline.placeBeside(timestamp);
    let packet: Packet | undefined;
    if (message.action === "pass")
      packet = new Packet(PacketKind.Data, time, message.body, amf3 ? PacketFlag.Amf3 : 0, 0);
    else {
      this.#metadata.apply(message);
      const merged = this.#metadata.payload();
      if (merged !== undefined) packet = new Packet(PacketKind.Data, time, merged, PacketFlag.Config, 0);
      this.#headers.setMetadata(packet);
    }
    if (packet === undefined) return;
    this.log.append(packet);
    this.#gop.data(packet);
    this.#appended(packet);
  }

  #appended(packet: Packet): void {
    if (this.#readers.size === 0) {
      this.#flushed = this.log.end;
      this.#trim();
      return;
    }
    const { flusher } = this.#owner;
    this.#unflushedBytes += packet.payload.length;
    const much = this.log.end - this.#flushed > MAX_UNFLUSHED_PACKETS || this.#unflushedBytes > MAX_UNFLUSHED_BYTES;
    if (much) flusher.flushNow(this);
    else flusher.mark(this);
  }

  /** Drops what nobody needs; readers too far behind lose their place first. */
  #trim(): void {
    let lagging = false;
    for (const [format, fanout] of this.#fanouts) {
      if (fanout.size === 0) this.#fanouts.delete(format);
      else if (fanout.hasLagging) lagging = true;
    }
    if (lagging) this.#dropSlow();
    let keep = this.#flushed;
    const start = this.#gop.start;
    if (this.config.gop_cache && start !== undefined && start.seq < keep) keep = start.seq;
    for (const fanout of this.#fanouts.values()) keep = Math.min(keep, fanout.oldestNeeded);
    this.log.dropUntil(keep);
  }

  #dropSlow(): void {
    const { log, config } = this;
    const oldest = this.#timeline.newest - config.queue_length * 1000;
    this.#floor = Math.max(this.#floor, log.start);
    while (this.#floor < log.end && log.at(this.#floor).time < oldest) this.#floor++;
    this.#dropBefore(this.#floor);
    if (log.bytes <= config.queue_max_bytes && log.end - log.start <= MAX_LOG_PACKETS) return;
    this.#dropBefore(this.#gop.start?.seq ?? log.end);
    if (this.#gop.start === undefined) this.#dropBefore(log.end);
  }

  #dropBefore(floor: number): void {
    if (floor > this.log.start) for (const fanout of this.#fanouts.values()) fanout.dropBefore(floor);
  }

  /** Takes a reader out of its fan-out, and the fan-out away when it was the last: a client can make up ever new formats. */
  #remove(reader: Reader): void {
    const { home } = reader;
    home.remove(reader);
    if (home.size === 0 && this.#fanouts.get(home.format) === home) this.#fanouts.delete(home.format);
  }

  #fanout(format: WireFormat): Fanout {
    let fanout = this.#fanouts.get(format);
    if (fanout === undefined) {
      fanout = new Fanout(format, this, this.#flushed);
      this.#fanouts.set(format, fanout);
    }
    return fanout;
  }

  #forgetIfIdle(): void {
    if (this.#source !== undefined || this.#readers.size > 0) return;
    this.#grace?.cancel();
    this.#grace = undefined;
    this.#owner.idle(this);
  }
}
