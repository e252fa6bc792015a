// Hot: one encode for each flush of each stream that is watched as FLV.
import { copyBytes } from "../base/memory.ts";
import { BACK_POINTER_BYTES, TAG_HEADER_BYTES } from "./flv.ts";
import { ClassicTag } from "./flv-classic.ts";
import { type Packet, PacketFlag, PacketKind } from "./packet.ts";
import { type PacketCursor, PacketListCursor, type PacketSource } from "./packet-cursor.ts";

/** The options of an FLV encoding. */
export interface FlvFormatOptions {
  /** Packets stay as they came, with all of enhanced RTMP; otherwise `ClassicTag` rewrites them. Both leave out data in AMF3. */
  readonly enhanced: boolean;
  readonly audio: boolean;
  readonly video: boolean;
}

/**
 * Packets as FLV tags (FLV 10.1, Annex E), without the file's header: `flvFileHeader` makes it, once, before a reader's first
 * bytes.
 */
export class FlvFormat {
  readonly audio: boolean;
  readonly video: boolean;
  readonly enhanced: boolean;
  /** What the viewer asked for, which may include video even while the reader, waiting for it, gets none. */
  readonly #asked: FlvFormatOptions;
  readonly #classic: ClassicTag | undefined;
  #withoutVideo: FlvFormat | undefined;

  constructor(options: FlvFormatOptions, asked = options) {
    this.audio = options.audio;
    this.video = options.video;
    this.enhanced = options.enhanced;
    this.#asked = asked;
    this.#classic = options.enhanced ? undefined : new ClassicTag();
  }

  /** The same but without video; the same object each time. */
  get withoutVideo(): FlvFormat {
    if (!this.video) return this;
    this.#withoutVideo ??= new FlvFormat({ ...this.#asked, video: false }, this.#asked);
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

  /** `time` is the timestamp of all packets; undefined: each packet has its own. */
  #encode(cursor: PacketCursor, time: number | undefined): Uint8Array {
    let size = 0;
    while (cursor.next())
      if (this.#takes(cursor)) size += TAG_HEADER_BYTES + this.#bodySize(cursor) + BACK_POINTER_BYTES;
    const out = new Uint8Array(size);
    let at = 0;
    cursor.rewind();
    while (cursor.next()) if (this.#takes(cursor)) at = this.#write(out, at, cursor, timestampOf(cursor, time));
    return out;
  }

  /** Whether the packet is encoded; leaves its plan in `#classic`. */
  #takes(cursor: PacketCursor): boolean {
    const { kind } = cursor;
    if (kind === PacketKind.Video) {
      if (!this.video) return false;
    } else if (kind === PacketKind.Audio) {
      if (!this.audio) return false;
    } else if ((cursor.flags & PacketFlag.Amf3) !== 0) return false;
    return this.#classic === undefined ? cursor.length > 0 : this.#classic.plan(cursor);
  }

  #bodySize(cursor: PacketCursor): number {
    const classic = this.#classic;
    return classic === undefined ? cursor.length : classic.headBytes + classic.end - classic.start;
  }

  #write(out: Uint8Array, at: number, cursor: PacketCursor, timestamp: number): number {
    const classic = this.#classic;
    const size = this.#bodySize(cursor);
    const body = at + TAG_HEADER_BYTES;
    const end = body + size;
    out[at] = cursor.kind;
    out[at + 1] = size >>> 16;
    out[at + 2] = size >>> 8;
    out[at + 3] = size;
    out[at + 4] = timestamp >>> 16;
    out[at + 5] = timestamp >>> 8;
    out[at + 6] = timestamp;
    out[at + 7] = timestamp >>> 24;
    // The stream id in the next three bytes is 0.
    if (classic === undefined) copyBytes(out, body, cursor.bytes, cursor.offset, cursor.offset + cursor.length);
    else {
      for (let i = 0; i < classic.headBytes; i++) out[body + i] = classic.head[i] as number;
      copyBytes(out, body + classic.headBytes, cursor.bytes, classic.start, classic.end);
    }
    if (cursor.kind === PacketKind.Data && (cursor.flags & PacketFlag.Config) !== 0) this.#correct(out, body, end);
    const whole = TAG_HEADER_BYTES + size;
    out[end] = whole >>> 24;
    out[end + 1] = whole >>> 16;
    out[end + 2] = whole >>> 8;
    out[end + 3] = whole;
    return end + BACK_POINTER_BYTES;
  }

  /** Clears hasAudio and hasVideo in metadata if the viewer asked not to have them: mpegts.js would wait for them. */
  #correct(out: Uint8Array, body: number, end: number): void {
    if (!this.#asked.audio) setFalse(out, body, end, HAS_AUDIO);
    if (!this.#asked.video) setFalse(out, body, end, HAS_VIDEO);
  }
}

/** An AMF0 object's key with its length, and the marker of a boolean behind it. */
const keyOfBoolean = (name: string) => new TextEncoder().encode(`\0\b${name}\x01`);
const HAS_AUDIO = keyOfBoolean("hasAudio");
const HAS_VIDEO = keyOfBoolean("hasVideo");

function setFalse(out: Uint8Array, body: number, end: number, key: Uint8Array): void {
  for (let at = body; at + key.length < end; at++) {
    let same = 0;
    while (same < key.length && out[at + same] === key[same]) same++;
    if (same === key.length) out[at + same] = 0;
  }
}

/** onMetaData goes out at 0, as in RTMP: FFmpeg takes one with another time for a subtitle and invents a stream. */
function timestampOf(cursor: PacketCursor, time: number | undefined): number {
  if (cursor.kind === PacketKind.Data && (cursor.flags & PacketFlag.Config) !== 0) return 0;
  return (time ?? cursor.time) >>> 0;
}

/** Hands out one format object for each way of encoding, so that readers with the same one share their bytes. */
export class FlvFormats {
  readonly #formats = new Map<string, FlvFormat>();

  get(options: FlvFormatOptions): FlvFormat {
    const key = `${options.enhanced} ${options.audio} ${options.video}`;
    let format = this.#formats.get(key);
    if (format === undefined) {
      format = new FlvFormat(options);
      this.#formats.set(key, format);
    }
    return format;
  }
}
