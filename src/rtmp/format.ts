// Hot: one encode for each flush of each stream that is watched.
import { encodeAmf0 } from "../amf/amf0.ts";
import { type Packet, PacketFlag, PacketKind } from "../media/packet.ts";
import { type PacketCursor, PacketListCursor, type PacketSource } from "../media/packet-cursor.ts";
import { messageSize, writeMessage } from "./chunk-writer.ts";
import { ChunkStreamId, MessageType } from "./messages.ts";

/** `"@setDataFrame"` in AMF0: what a publisher puts before `"onMetaData"`. */
const SET_DATA_FRAME = encodeAmf0(["@setDataFrame"]);

/** Flags of the data that a publisher sends as `@setDataFrame`: metadata, and data that arrived as such. */
const WRAPPED = PacketFlag.Config | PacketFlag.SetDataFrame;

/** What distinguishes RTMP encodings. */
export interface RtmpFormatOptions {
  /** Outgoing chunk size, bytes. */
  readonly chunkSize: number;
  readonly messageStreamId: number;
  readonly audio: boolean;
  readonly video: boolean;
  /** Metadata, and other data messages that came that way, are sent as `@setDataFrame`, as a publisher sends them. */
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

  /** This format without video; the same object each time. */
  get withoutVideo(): RtmpFormat {
    if (!this.video) return this;
    this.#withoutVideo ??= new RtmpFormat({ ...this.#options, video: false });
    return this.#withoutVideo;
  }

  /** Encodes `source` in [from, to) into one new buffer. */
  encode(source: PacketSource, from: number, to: number): Uint8Array {
    return this.#encode(source.cursor(from, to), undefined);
  }

  /** Metadata, and sequence headers with the timestamp `time`. */
  prefix(headers: readonly Packet[], time: number): Uint8Array {
    return this.#encode(new PacketListCursor(headers), time);
  }

  /** `time` is for all packets; undefined: each has its own. */
  #encode(cursor: PacketCursor, time: number | undefined): Uint8Array {
    const { chunkSize } = this.#options;
    let size = 0;
    while (cursor.next()) {
      if (!this.#takes(cursor.kind)) continue;
      const length = cursor.length + (this.#wraps(cursor) ? SET_DATA_FRAME.length : 0);
      size += messageSize(length, timestampOf(cursor, time), chunkSize);
    }
    const out = new Uint8Array(size);
    let at = 0;
    cursor.rewind();
    while (cursor.next()) if (this.#takes(cursor.kind)) at = this.#write(out, at, cursor, timestampOf(cursor, time));
    return out;
  }

  #takes(kind: PacketKind): boolean {
    if (kind === PacketKind.Video) return this.video;
    return kind === PacketKind.Audio ? this.audio : true;
  }

  #write(out: Uint8Array, at: number, cursor: PacketCursor, timestamp: number): number {
    const { chunkSize, messageStreamId } = this.#options;
    const { kind, bytes, offset, length } = cursor;
    if (kind === PacketKind.Data) return this.#writeData(out, at, cursor, timestamp);
    const chunkStreamId = kind === PacketKind.Video ? ChunkStreamId.Video : ChunkStreamId.Audio;
    return writeMessage(out, at, chunkStreamId, timestamp, kind, messageStreamId, bytes, chunkSize, offset, length);
  }

  #writeData(out: Uint8Array, at: number, cursor: PacketCursor, timestamp: number): number {
    const { chunkSize, messageStreamId } = this.#options;
    const amf3 = (cursor.flags & PacketFlag.Amf3) !== 0;
    const type = amf3 ? MessageType.DataAmf3 : PacketKind.Data;
    let payload = cursor.bytes.subarray(cursor.offset, cursor.offset + cursor.length);
    if (this.#wraps(cursor)) payload = setDataFrame(payload, amf3);
    return writeMessage(out, at, ChunkStreamId.Data, timestamp, type, messageStreamId, payload, chunkSize);
  }

  #wraps({ kind, flags }: PacketCursor): boolean {
    return this.#options.publishing && kind === PacketKind.Data && (flags & WRAPPED) !== 0;
  }
}

/** onMetaData is sent with timestamp 0, as encoders do: with another one, FFmpeg takes it for a subtitle and invents a stream. */
function timestampOf(packet: PacketCursor, time: number | undefined): number {
  if (packet.kind === PacketKind.Data && (packet.flags & PacketFlag.Config) !== 0) return 0;
  return (time ?? packet.time) >>> 0;
}

/** Inserts `@setDataFrame`, after the format byte that an AMF3 message may begin with. */
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

/** Returns one format object for each way of encoding, so that readers with the same one share their bytes. */
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
