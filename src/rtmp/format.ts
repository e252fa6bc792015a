// Hot: one encode for each flush of each stream that is watched.
import { encodeAmf0 } from "../amf/amf0.ts";
import { type Packet, PacketFlag, PacketKind } from "../media/packet.ts";
import { messageSize, writeMessage } from "./chunk-writer.ts";
import { ChunkStreamId, MessageType } from "./messages.ts";

/** `"@setDataFrame"` in AMF0: what a publisher puts before `"onMetaData"`. */
const SET_DATA_FRAME = encodeAmf0(["@setDataFrame"]);

/** Metadata, and what came so. */
const WRAPPED = PacketFlag.Config | PacketFlag.SetDataFrame;

/** Where `RtmpFormat` finds packets by sequence number. */
export interface PacketSource {
  at(seq: number): Packet;
}

/** What tells one RTMP encoding from another. */
export interface RtmpFormatOptions {
  /** Outgoing chunk size, bytes. */
  readonly chunkSize: number;
  readonly messageStreamId: number;
  readonly audio: boolean;
  readonly video: boolean;
  /** Metadata, and what came so, goes out as `@setDataFrame`, as a publisher sends it. */
  readonly publishing: boolean;
}

/**
 * Packets as RTMP messages, each with a type-0 chunk header and an absolute timestamp, so that the same bytes serve every
 * connection with the same chunk size and message stream id.
 */
export class RtmpFormat {
  readonly audio: boolean;
  readonly video: boolean;
  readonly #options: RtmpFormatOptions;
  #withoutVideo: RtmpFormat | undefined;

  constructor(options: RtmpFormatOptions) {
    this.#options = options;
    this.audio = options.audio;
    this.video = options.video;
  }

  /** The same but without video; the same object each time. */
  get withoutVideo(): RtmpFormat {
    if (!this.video) return this;
    this.#withoutVideo ??= new RtmpFormat({ ...this.#options, video: false });
    return this.#withoutVideo;
  }

  /** Encodes `source` in [from, to) into one new buffer. */
  encode(source: PacketSource, from: number, to: number): Uint8Array {
    const { chunkSize } = this.#options;
    const packets: Packet[] = [];
    let size = 0;
    for (let seq = from; seq < to; seq++) {
      const packet = source.at(seq);
      if (!this.#takes(packet)) continue;
      packets.push(packet);
      size += messageSize(this.#length(packet), timestampOf(packet, packet.time), chunkSize);
    }
    const out = new Uint8Array(size);
    let at = 0;
    for (const packet of packets) at = this.#write(out, at, packet, timestampOf(packet, packet.time));
    return out;
  }

  /** Metadata, and sequence headers with the timestamp `time`. */
  prefix(headers: readonly Packet[], time: number): Uint8Array {
    const { chunkSize } = this.#options;
    const taken = headers.filter((packet) => this.#takes(packet));
    let size = 0;
    for (const packet of taken) size += messageSize(this.#length(packet), timestampOf(packet, time), chunkSize);
    const out = new Uint8Array(size);
    let at = 0;
    for (const packet of taken) at = this.#write(out, at, packet, timestampOf(packet, time));
    return out;
  }

  #takes(packet: Packet): boolean {
    if (packet.kind === PacketKind.Video) return this.#options.video;
    return packet.kind === PacketKind.Audio ? this.#options.audio : true;
  }

  #write(out: Uint8Array, at: number, packet: Packet, timestamp: number): number {
    const { chunkSize, messageStreamId } = this.#options;
    let chunkStreamId: number = ChunkStreamId.Data;
    let type: number = packet.kind;
    let { payload } = packet;
    if (packet.kind === PacketKind.Video) chunkStreamId = ChunkStreamId.Video;
    else if (packet.kind === PacketKind.Audio) chunkStreamId = ChunkStreamId.Audio;
    else {
      const amf3 = (packet.flags & PacketFlag.Amf3) !== 0;
      if (amf3) type = MessageType.DataAmf3;
      if (this.#wraps(packet)) payload = setDataFrame(payload, amf3);
    }
    return writeMessage(out, at, chunkStreamId, timestamp, type, messageStreamId, payload, chunkSize);
  }

  #length(packet: Packet): number {
    return packet.payload.length + (this.#wraps(packet) ? SET_DATA_FRAME.length : 0);
  }

  #wraps(packet: Packet): boolean {
    return this.#options.publishing && packet.kind === PacketKind.Data && (packet.flags & WRAPPED) !== 0;
  }
}

/** onMetaData goes out at 0, as encoders send it: FFmpeg takes one with another time for a subtitle and invents a stream. */
function timestampOf(packet: Packet, time: number): number {
  return packet.kind === PacketKind.Data && (packet.flags & PacketFlag.Config) !== 0 ? 0 : time >>> 0;
}

/** Behind the format byte that AMF3 may begin with. */
function setDataFrame(message: Uint8Array, amf3: boolean): Uint8Array {
  const at = amf3 && message[0] === 0 ? 1 : 0;
  const payload = new Uint8Array(SET_DATA_FRAME.length + message.length);
  payload.set(message.subarray(0, at));
  payload.set(SET_DATA_FRAME, at);
  payload.set(message.subarray(at), SET_DATA_FRAME.length + at);
  return payload;
}

/** Message stream ids up to this share their formats; servers give out 1. */
const MAX_SHARED_STREAM_ID = 64;

/** Hands out one format object for each way of encoding, so that readers with the same one share their bytes. */
export class RtmpFormats {
  readonly #formats = new Map<string, RtmpFormat>();

  get(options: RtmpFormatOptions): RtmpFormat {
    if (options.messageStreamId > MAX_SHARED_STREAM_ID) return new RtmpFormat(options);
    const key = `${options.chunkSize} ${options.messageStreamId} ${options.audio} ${options.video} ${options.publishing}`;
    let format = this.#formats.get(key);
    if (format === undefined) {
      format = new RtmpFormat(options);
      this.#formats.set(key, format);
    }
    return format;
  }
}
