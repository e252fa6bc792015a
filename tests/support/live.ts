import { encodeAmf0 } from "../../src/amf/amf0.ts";
import { AmfObject } from "../../src/amf/value.ts";
import type { StreamConfig } from "../../src/live/config.ts";
import { SlabPool } from "../../src/live/log/slabs.ts";
import type { Demand } from "../../src/live/readers/demand.ts";
import type { ReaderEvents, WireFormat } from "../../src/live/readers/format.ts";
import type { Reader, ReaderState } from "../../src/live/readers/reader.ts";
import type { PublishOptions, Source, SourceEnd } from "../../src/live/source/source.ts";
import type { Stream } from "../../src/live/stream.ts";
import { type StreamObserver, Streams } from "../../src/live/streams.ts";
import { PacketKind } from "../../src/media/packet.ts";
import { epochIds } from "./epoch-ids.ts";
import { FakeClock } from "./fake-clock.ts";
import { FakeSink } from "./fake-sink.ts";
import { rethrow } from "./faults.ts";
import { TextFormat, TextReader } from "./text-format.ts";

const text = new TextEncoder();

/** A payload that names itself: the bytes of a codec's header, then the name, then zeros up to `size`. */
function named(head: readonly number[], name: string, size: number): Uint8Array {
  const bytes = text.encode(name);
  const payload = new Uint8Array(Math.max(size, head.length + bytes.length));
  payload.set(head);
  payload.set(bytes, head.length);
  return payload;
}

/** Payloads of H.264, AAC and of data; `name` is what `nameOf` finds in them. */
export const payloads = {
  videoHeader: (name: string, size = 0) => named([0x17, 0, 0, 0, 0], name, size),
  key: (name: string, size = 0) => named([0x17, 1, 0, 0, 0], name, size),
  inter: (name: string, size = 0) => named([0x27, 1, 0, 0, 0], name, size),
  audioHeader: (name: string, size = 0) => named([0xaf, 0], name, size),
  audio: (name: string, size = 0) => named([0xaf, 1], name, size),
  metadata: (title: string, _size = 0) => encodeAmf0(["@setDataFrame", "onMetaData", AmfObject.ecma({ title })]),
  text: (name: string, size = 0) => named([...encodeAmf0(["onTextData"])], name, size),
} as const;

/** The name in a payload of `payloads`. */
export function nameOf(kind: number, payload: Uint8Array): string {
  const skip = kind === PacketKind.Video ? 5 : kind === PacketKind.Audio ? 2 : 0;
  const printable = new TextDecoder("latin1").decode(payload.subarray(skip)).replace(/[^\x20-\x7e]+/g, " ");
  return kind === PacketKind.Data ? printable.replace(/^.*(onTextData|title) */, "").trim() : printable.trim();
}

/** One packet as a viewer got it. */
export interface Got {
  readonly kind: PacketKind;
  readonly time: number;
  readonly name: string;
  readonly payload: Uint8Array;
}

/** The configuration's defaults. */
export const streamDefaults: StreamConfig = {
  gop_cache: true,
  gop_cache_max_frames: 2500,
  gop_cache_max_bytes: 32 * 1024 * 1024,
  queue_length: 30,
  queue_max_bytes: 64 * 1024 * 1024,
  mw_latency: "auto",
  time_jitter: "full",
  grace: 30,
  switch_after: 1000,
};

/** What tells one viewer's bytes from another's. */
export interface ViewOptions {
  readonly audio?: boolean;
  readonly video?: boolean;
  /** Viewers with different ones share no bytes. */
  readonly variant?: number;
  /** What it asks with, when it is a viewer and no relay. */
  readonly demand?: Demand;
}

/** Streams on a fake clock, and what it takes to publish and to watch them. */
export class LiveStage {
  readonly clock = new FakeClock();
  /** Unused memory is given back by this clock, so that the other's timers are those of streams and readers. */
  readonly memoryClock = new FakeClock();
  readonly streams = new Streams(this.clock, rethrow, epochIds(), new SlabPool(this.memoryClock));
  readonly #formats = new Map<string, TextFormat>();
  readonly config: StreamConfig;

  constructor(config: Partial<StreamConfig> = {}) {
    this.config = { ...streamDefaults, ...config };
  }

  observe(observer: StreamObserver): void {
    this.streams.observe(observer);
  }

  stream(name = "show"): Stream {
    return this.streams.open({ vhost: "__defaultVhost__", app: "live", stream: name }, this.config);
  }

  /** The same format object for the same options. */
  format({ audio = true, video = true, variant = 1 }: ViewOptions = {}): WireFormat {
    const key = `${audio} ${video} ${variant}`;
    const known = this.#formats.get(key);
    if (known !== undefined) return known;
    const format = video ? new TextFormat(audio, this.format({ audio, video: false, variant })) : new TextFormat(audio);
    this.#formats.set(key, format);
    return format;
  }

  /** Begins to publish; fails when somebody does already, and `options` don't say otherwise. */
  publish(name = "show", id = "p", options: PublishOptions = {}): Feed {
    const source = this.stream(name).publish({ id, remote: "test", param: "", hops: [], via: "client" }, options);
    if (source === undefined) throw new Error(`${name} is busy`);
    return new Feed(source, this.clock);
  }

  /** Lets time pass for encoders that send at once. */
  wait(ms: number, ...feeds: readonly Feed[]): void {
    this.clock.advance(ms);
    for (const feed of feeds) feed.time += ms;
  }

  /** Begins to watch with a sink that has room for so many bytes. */
  view(options: ViewOptions & { room?: number; name?: string } = {}): Viewer {
    const { room, name, ...format } = options;
    return new Viewer(this, this.stream(name), format, room);
  }

  /** Begins to watch with a sink that still holds bytes of somebody else's until `release`. */
  hold(): { viewer: Viewer; release(): void } {
    const viewer = new Viewer(this, this.stream(), {}, undefined, 1);
    return {
      viewer,
      release: () => {
        viewer.sink.bytesQueued = 0;
        viewer.reader.drained();
      },
    };
  }
}

/** An encoder: sends packets with the timestamp of its own clock. */
export class Feed {
  readonly source: Source;
  readonly #clock: FakeClock;
  /** The next packet's timestamp, ms; grows with the fake clock. */
  time = 0;

  constructor(source: Source, clock: FakeClock) {
    this.source = source;
    this.#clock = clock;
  }

  /** Lets time pass for everybody. */
  wait(ms: number): this {
    this.#clock.advance(ms);
    this.time += ms;
    return this;
  }

  metadata(title = "meta"): this {
    return this.send(PacketKind.Data, payloads.metadata(title));
  }

  headers(video = "V0", audio = "A0"): this {
    return this.audioHeader(audio).videoHeader(video);
  }

  videoHeader(name: string): this {
    return this.send(PacketKind.Video, payloads.videoHeader(name));
  }

  audioHeader(name: string): this {
    return this.send(PacketKind.Audio, payloads.audioHeader(name));
  }

  key(name: string, size = 0): this {
    return this.send(PacketKind.Video, payloads.key(name, size));
  }

  inter(name: string, size = 0): this {
    return this.send(PacketKind.Video, payloads.inter(name, size));
  }

  audio(name: string, size = 0): this {
    return this.send(PacketKind.Audio, payloads.audio(name, size));
  }

  text(name: string, size = 0): this {
    return this.send(PacketKind.Data, payloads.text(name, size));
  }

  /** A key frame and `count` inter frames, 40 ms apart: `k1`, `k1+1`, `k1+2`. */
  gop(name: string, count: number, size = 0): this {
    this.key(name, size);
    for (let index = 1; index <= count; index++) this.wait(40).inter(`${name}+${index}`, size);
    return this.wait(40);
  }

  /** Any payload, at the encoder's time or another. */
  send(kind: PacketKind, payload: Uint8Array, time = this.time): this {
    this.source.push(kind, time >>> 0, payload);
    return this;
  }

  end(how: SourceEnd = "unpublished"): void {
    this.source.end(how);
  }
}

/** A reader with its sink and what it understood of its bytes. */
export class Viewer implements ReaderEvents {
  readonly sink: FakeSink;
  readonly reader: Reader;
  /** What came, in order: names of packets, and `published` and `unpublished`. */
  readonly log: string[] = [];
  readonly #stage: LiveStage;
  readonly #stream: Stream;
  readonly #text = new TextReader((kind, time, payload) => {
    const name = nameOf(kind, payload);
    this.got.push({ kind, time, payload, name });
    this.log.push(name);
  });
  #options: ViewOptions;

  constructor(stage: LiveStage, stream: Stream, options: ViewOptions, room?: number, bytesQueued = 0) {
    this.#stage = stage;
    this.#stream = stream;
    this.#options = options;
    this.sink = new FakeSink(room);
    this.sink.bytesQueued = bytesQueued;
    this.sink.take = (bytes) => this.#text.push(bytes);
    this.reader = stream.join(stage.format(options), this.sink, this, options.demand);
    this.sink.onDrain = () => this.reader.drained();
  }

  readonly got: Got[] = [];

  published(): void {
    this.log.push("published");
  }

  unpublished(): void {
    this.log.push("unpublished");
  }

  /** What it does when its stream is nowhere to be had. */
  onMissing: (reason: string) => void = () => undefined;

  missing(reason: string): void {
    this.onMissing(reason);
  }

  /** What it does when the stream is not given for what it asked with. */
  onRefused: (reason: string) => void = () => undefined;

  refused(reason: string): void {
    this.onRefused(reason);
  }

  get state(): ReaderState {
    return this.reader.state;
  }

  get lost(): number {
    return this.reader.lost;
  }

  /** What has come since the last call. */
  news(): string[] {
    return this.log.splice(0);
  }

  pause(): void {
    this.#stream.pause(this.reader);
  }

  unpause(): void {
    this.#stream.unpause(this.reader);
  }

  /** Switches audio or video. */
  receive(options: ViewOptions): void {
    this.#options = { ...this.#options, ...options };
    this.#stream.reformat(this.reader, this.#stage.format(this.#options));
  }

  leave(): void {
    this.#stream.leave(this.reader);
  }
}
