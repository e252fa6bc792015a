// Hot: one encode for each flush of each stream that is heard as AAC.
import { copyBytes } from "../base/memory.ts";
import {
  ADTS_HEADER_BYTES,
  adtsFixedHeader,
  adtsRefusal,
  MAX_ADTS_FRAME,
  readAudioSpecificConfig,
  writeAdtsHeader,
} from "./aac.ts";
import { Codec, nameOfCodec, soundCodec } from "./codec.ts";
import { Content, FrameReader } from "./frame.ts";
import { type Packet, PacketKind } from "./packet.ts";
import { type PacketCursor, PacketListCursor, type PacketSource } from "./packet-cursor.ts";

const NOTHING = new Uint8Array(0);
/** Instead of a fixed header: there is no configuration, or ADTS can't carry it. */
const NONE = 0;
/** Configurations that are remembered: readers that lag behind still have frames of old ones. */
const MAX_CONFIGS = 64;

/**
 * A stream's AAC frames, each behind an ADTS header made from the AudioSpecificConfig in force (ISO 14496-3, 1.A.2.2). One object a
 * stream, as it remembers the configurations for readers that continue without headers. Frames without a configuration, or with one
 * that ADTS can't carry, are left out.
 */
export class AacFormat {
  readonly audio = true;
  readonly video = false;
  readonly #body = new FrameReader();
  /** The fixed header in force from each sequence number on, in order. */
  readonly #seqs: number[] = [];
  readonly #fixed: number[] = [];

  get withoutVideo(): this {
    return this;
  }

  /** The frames in [from, to). Where a reader begins, `headers` are those in force at `from`. */
  encode(source: PacketSource, from: number, to: number, headers?: readonly Packet[]): Uint8Array {
    const body = this.#body;
    if (headers !== undefined) this.#remember(from, fixedOf(headers, body));
    const begin = this.#inForce(from);
    const cursor = source.cursor(from, to);
    let fixed = begin;
    let size = 0;
    for (let seq = from; cursor.next(); seq++) {
      const content = readAac(cursor, body);
      if (content === Content.Header) {
        fixed = fixedHeader(cursor, body);
        this.#remember(seq, fixed);
      } else if (content === Content.Frame && fits(body, fixed)) size += ADTS_HEADER_BYTES + body.end - body.start;
    }
    const out = new Uint8Array(size);
    let at = 0;
    fixed = begin;
    cursor.rewind();
    while (cursor.next()) {
      const content = readAac(cursor, body);
      if (content === Content.Header) fixed = fixedHeader(cursor, body);
      else if (content === Content.Frame && fits(body, fixed)) {
        const length = body.end - body.start;
        at = writeAdtsHeader(out, at, fixed, length);
        copyBytes(out, at, cursor.bytes, body.start, body.end);
        at += length;
      }
    }
    return out;
  }

  /** Nothing: each frame has its header. */
  prefix(): Uint8Array {
    return NOTHING;
  }

  /** The index of the newest configuration at or before a sequence number; -1 when there is none. */
  #indexAt(seq: number): number {
    let at = this.#seqs.length - 1;
    while (at >= 0 && (this.#seqs[at] as number) > seq) at--;
    return at;
  }

  #inForce(seq: number): number {
    return this.#fixed[Math.max(0, this.#indexAt(seq))] ?? NONE;
  }

  /** Remembers a configuration, unless it equals the one before: encoders repeat their headers. */
  #remember(seq: number, fixed: number): void {
    const before = this.#indexAt(seq);
    if (before >= 0 && this.#fixed[before] === fixed) return;
    if (this.#seqs[before] === seq) {
      this.#fixed[before] = fixed;
      return;
    }
    this.#seqs.splice(before + 1, 0, seq);
    this.#fixed.splice(before + 1, 0, fixed);
    if (this.#seqs.length <= MAX_CONFIGS) return;
    this.#seqs.shift();
    this.#fixed.shift();
  }
}

/** The AAC content of a packet: `Content.None` for other packets, and for empty bodies. */
function readAac({ kind, bytes, offset, length }: PacketCursor, body: FrameReader): number {
  if (kind !== PacketKind.Audio) return Content.None;
  body.read(kind, bytes, offset, offset + length);
  return body.codec === Codec.Aac && body.start < body.end ? body.content : Content.None;
}

function fits(body: FrameReader, fixed: number): boolean {
  return fixed !== NONE && body.end - body.start <= MAX_ADTS_FRAME;
}

function fixedHeader(cursor: PacketCursor, { start, end }: FrameReader): number {
  const config = readAudioSpecificConfig(cursor.bytes.subarray(start, end));
  return config === undefined || adtsRefusal(config) !== undefined ? NONE : adtsFixedHeader(config);
}

function fixedOf(headers: readonly Packet[], body: FrameReader): number {
  const cursor = new PacketListCursor(headers);
  while (cursor.next()) if (readAac(cursor, body) === Content.Header) return fixedHeader(cursor, body);
  return NONE;
}

/**
 * Why a stream can't be sent as AAC, in words, by its headers, or by an audio frame if there is no header; undefined when it can, or when
 * neither has come.
 */
export function aacRefusal(described: readonly Packet[]): string | undefined {
  const cursor = new PacketListCursor(described);
  const body = new FrameReader();
  while (cursor.next()) {
    if (readAac(cursor, body) !== Content.Header) continue;
    const config = readAudioSpecificConfig(cursor.bytes.subarray(body.start, body.end));
    return config === undefined ? "the stream's AAC configuration cannot be read" : adtsRefusal(config);
  }
  const codec = soundCodec(described);
  return codec === 0 || codec === Codec.Aac
    ? undefined
    : `the sound is ${nameOfCodec(PacketKind.Audio, codec)}, not AAC`;
}
