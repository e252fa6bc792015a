import type { ReaderEvents } from "../../../src/live/readers/format.ts";
import type { Reader } from "../../../src/live/readers/reader.ts";
import type { Stream } from "../../../src/live/stream.ts";
import { type Packet, PacketFlag, PacketKind } from "../../../src/media/packet.ts";
import { FakeSink } from "../fake-sink.ts";
import { type GotMessage, RtmpDecoder } from "../rtmp-decoder.ts";
import type { Library, Made } from "./encoder.ts";
import { Mark, type TracingFormat } from "./tracing-format.ts";

/** What a stream took, by sequence number. */
export interface Taken {
  readonly made: Made;
  readonly packet: Packet;
}

/** A sink that reads what it is given at once, before the kernel has taken it. */
class ReadingSink extends FakeSink {
  read: ((bytes: Uint8Array) => void) | undefined;

  override send(bytes: Uint8Array): boolean {
    this.read?.(bytes);
    this.sent.length = 0;
    return super.send(bytes);
  }
}

/** A reader that understands all it gets and holds it against what was published. Any fault is thrown. */
export class Watcher implements ReaderEvents {
  readonly sink: ReadingSink;
  readonly reader: Reader;
  readonly stream: Stream;
  /** Packets of the log between those it got. */
  gaps = 0;
  /** Never asked for a pause or another format: every gap is a loss. */
  plain = true;
  /** Has always had room. */
  fast: boolean;
  format: TracingFormat;
  readonly #taken: readonly Taken[];
  readonly #library: Library;
  #decoder: RtmpDecoder;
  #expected: Taken[] = [];
  #inHeaders = false;
  #headersTo = 0;
  #joined = false;
  #to = -1;
  #frame: string | undefined;
  #videoHeader: string | undefined;
  #audioHeader: string | undefined;
  /** After a change of format the header that was in force may be unknown to us. */
  #audioSure = true;
  readonly #times = new Map<PacketKind, number>();
  #published: boolean;

  constructor(
    stream: Stream,
    format: TracingFormat,
    taken: readonly Taken[],
    library: Library,
    room: number,
    spend: () => void,
  ) {
    this.stream = stream;
    this.format = format;
    this.#taken = taken;
    this.#library = library;
    this.fast = room === Number.POSITIVE_INFINITY;
    this.sink = new ReadingSink(room);
    this.#decoder = this.#newDecoder();
    this.sink.read = (bytes) => {
      // Headers without a packet: from there on it misses nothing.
      if (this.#inHeaders && this.#to < 0) this.#to = this.#headersTo;
      this.#decoder.push(bytes);
    };
    this.sink.onSend = spend;
    this.#published = stream.source !== undefined;
    this.reader = stream.join(format, this.sink, this);
    this.#joined = true;
    this.#headersTo = this.reader.position;
    this.sink.onDrain = () => this.reader.drained();
  }

  published(): void {
    if (this.#published) throw new Error("told twice of a publisher");
    this.#published = true;
  }

  unpublished(): void {
    if (!this.#published) throw new Error("told twice of the end");
    this.#published = false;
    const { state } = this.reader;
    if (state === "lagging") throw new Error("told of the end before its last packets");
    const to = this.#inHeaders ? this.reader.position : this.#to;
    const { audio, video } = this.reader.home.format;
    if (state === "current" && audio && video && to !== this.stream.log.end)
      throw new Error(`told of the end at ${to} of ${this.stream.log.end}`);
  }

  pause(): void {
    this.plain = false;
    this.stream.pause(this.reader);
  }

  unpause(): void {
    this.stream.unpause(this.reader);
  }

  stall(): void {
    this.fast = false;
    this.sink.stall();
  }

  /** Reads all that waits for it, and goes on reading as it did: everything, or nothing more. */
  catchUp(): void {
    this.unpause();
    while (this.sink.queued > 0) this.sink.drain(1024 * 1024);
    if (!this.fast) this.sink.drain(1024 * 1024);
  }

  /** Another format; chunk size and message stream id stay as they are on a connection. */
  reformat(format: TracingFormat): void {
    const { chunkSize, messageStreamId } = this.format.options;
    if (format.options.chunkSize !== chunkSize || format.options.messageStreamId !== messageStreamId) return;
    this.plain = false;
    this.#audioSure = false;
    this.format = format;
    this.stream.reformat(this.reader, format);
  }

  /** Everything that it can have had it has had. */
  checkComplete(): void {
    const { state, lost, position } = this.reader;
    if (this.#expected.length > 0) throw new Error(`${this.#expected[0]?.made.name} is missing`);
    if (state === "lagging") throw new Error("lags though its sink is empty");
    const { audio, video } = this.reader.home.format;
    if (state !== "current" || !audio || !video) return;
    // It may have had headers only, and wait for the first packet after them.
    const to = this.#inHeaders ? position : this.#to;
    const gaps = this.gaps + (this.#inHeaders && this.#to >= 0 ? position - this.#to : 0);
    const { end } = this.stream.log;
    if (to !== end) throw new Error(`ends at ${to} of ${end}`);
    if (this.plain && lost !== gaps) throw new Error(`${lost} counted as lost, ${gaps} are`);
    if (lost > gaps) throw new Error(`${lost} counted as lost of ${gaps}`);
    if (this.fast && lost > 0) throw new Error(`${lost} lost though it was never slow`);
    if (this.fast && this.plain && gaps > 0) throw new Error("a gap though it was never slow");
  }

  #newDecoder(): RtmpDecoder {
    return new RtmpDecoder(this.format.options.chunkSize, (got) => this.#onMessage(got));
  }

  #onMessage(got: GotMessage): void {
    if (got.type === Mark.Headers) this.#onHeadersMark(JSON.parse(got.name));
    else if (got.type === Mark.Packets) this.#onPacketsMark(JSON.parse(got.name));
    else if (this.#inHeaders) this.#onHeader(got);
    else this.#onPacket(got);
  }

  #onHeadersMark([audio, video]: number[]): void {
    if (this.#expected.length > 0) throw new Error(`${this.#expected[0]?.made.name} is missing`);
    this.#inHeaders = true;
    this.#noteFormat(audio, video);
    this.#headersTo = this.#joined ? this.reader.position : -1;
  }

  #onPacketsMark([from = -1, to = -1, audio, video]: number[]): void {
    if (this.#expected.length > 0) throw new Error(`${this.#expected[0]?.made.name} is missing`);
    if (this.#to >= 0 && from < this.#to) throw new Error(`goes back from ${this.#to} to ${from}`);
    if (this.#to >= 0) this.gaps += from - this.#to;
    this.#noteFormat(audio, video);
    if (this.#to < 0 && !this.#inHeaders) throw new Error("begins without headers");
    this.#to = to;
    this.#inHeaders = false;
    for (let seq = from; seq < to; seq++) {
      const taken = this.#taken[seq];
      if (taken === undefined) throw new Error(`nobody sent ${seq}`);
      if (takes(taken.packet, audio === 1, video === 1)) this.#expected.push(taken);
    }
  }

  /** What an encoding leaves out may be whole rounds, of which nothing is seen. */
  #noteFormat(audio: number | undefined, video: number | undefined): void {
    if (audio === 0 || video === 0) this.plain = false;
  }

  #onHeader(got: GotMessage): void {
    const made = this.#library.get(got.name);
    if (made === undefined) throw new Error(`nobody made ${got.name}`);
    if (made.what === "videoHeader") this.#videoHeader = made.name;
    else if (made.what === "audioHeader") this.#audioHeader = made.name;
    // Data said before the first key frame is kept for those to come.
    else if (made.what !== "metadata" && made.what !== "text") throw new Error(`${got.name} among the headers`);
  }

  #onPacket(got: GotMessage): void {
    const next = this.#expected.shift();
    if (next === undefined) throw new Error(`${got.name} was not expected`);
    const { made, packet } = next;
    if (got.name !== made.name) throw new Error(`${got.name} instead of ${made.name}`);
    if (got.payload.length !== packet.payload.length) throw new Error(`${got.name} has another size`);
    if (got.streamId !== this.format.options.messageStreamId) throw new Error(`stream id ${got.streamId}`);
    const metadata = packet.kind === PacketKind.Data && (packet.flags & PacketFlag.Config) !== 0;
    if (got.time !== (metadata ? 0 : packet.time >>> 0)) throw new Error(`${got.name} at ${got.time}`);
    if (!metadata) this.#checkTime(packet, made);
    this.#decode(made);
  }

  #checkTime(packet: Packet, made: Made): void {
    const { kind, time } = packet;
    const last = this.#times.get(kind) ?? 0;
    if (time < last) throw new Error(`time runs back from ${last} to ${time} at ${made.name}`);
    // A header may have been stamped for the other track; only frames are shown.
    if (made.what !== "audioHeader" && made.what !== "videoHeader") this.#times.set(kind, time);
  }

  #decode(made: Made): void {
    if (made.what === "videoHeader") this.#videoHeader = made.name;
    else if (made.what === "audioHeader") {
      this.#audioHeader = made.name;
      this.#audioSure = true;
    } else if (made.what === "audio") {
      const known = made.header === undefined || this.#audioHeader === made.header;
      if (!known && this.#audioSure) throw new Error(`${made.name} needs ${made.header}, has ${this.#audioHeader}`);
    } else if (made.what === "key" || made.what === "inter") {
      if (made.header !== undefined && this.#videoHeader !== made.header)
        throw new Error(`${made.name} needs ${made.header}, has ${this.#videoHeader}`);
      if (made.what === "inter" && this.#frame !== made.after)
        throw new Error(`${made.name} needs ${made.after}, has ${this.#frame}`);
      this.#frame = made.name;
    }
  }
}

function takes({ kind }: Packet, audio: boolean, video: boolean): boolean {
  if (kind === PacketKind.Video) return video;
  return kind === PacketKind.Audio ? audio : true;
}
