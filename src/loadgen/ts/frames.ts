// Hot: frame runs for each frame of each player.
import { copyBytes } from "../../base/memory.ts";
import { StreamType, type TsEvents, TsReader } from "./packets.ts";

/** Receives a transport stream's frames in the form that they have in FLV. Payloads are lent for the call. */
export interface FrameSink {
  /** A video sequence header came. */
  header(): void;
  /** A video frame as an AVC tag's body, empty for other codecs; `timestamp` is its decoding time, ms. */
  video(timestamp: number, payload: Uint8Array, key: boolean, arrivedMs: number): void;
  /** An audio frame as an AAC tag's body, unchanged for other codecs. */
  audio(timestamp: number, payload: Uint8Array, arrivedMs: number): void;
}

/** Sampling rates of AAC by index (ISO 14496-3, table 1.18). */
const AAC_RATES = [96000, 88200, 64000, 48000, 44100, 32000, 24000, 22050, 16000, 12000, 11025, 8000, 7350] as const;
const AAC_SAMPLES = 1024;
const ADTS_HEADER_BYTES = 7;
const TICKS_PER_MS = 90;
/** An AVC tag's bytes before its NAL units, and an AAC tag's before its frame (FLV 10.1, E.4.2 and E.4.3). */
const VIDEO_TAG_BYTES = 5;
const AUDIO_TAG_BYTES = 2;
/** NAL units of H.264 and HEVC that carry no picture: parameter sets, delimiters. */
const AvcNal = { Key: 5, Sps: 7, Pps: 8, Delimiter: 9 } as const;
const HevcNal = { FirstKey: 16, LastKey: 21, Sps: 33 } as const;
const nothing = new Uint8Array(0);

/** Converts the frames of a transport stream to the form that they have in FLV, so that one check serves both. */
export class TsFrames implements TsEvents {
  readonly #sink: FrameSink;
  readonly #counts: { continuityErrors: number };
  readonly #arrival: { readonly arrivedMs: number };
  readonly #reader: TsReader;
  #payload = new Uint8Array(4096);

  /** Counts continuity errors in `counts`; `arrival` says when the bytes being read were received. */
  constructor(sink: FrameSink, counts: { continuityErrors: number }, arrival: { readonly arrivedMs: number }) {
    this.#sink = sink;
    this.#counts = counts;
    this.#arrival = arrival;
    this.#reader = new TsReader(this);
  }

  /** By PID, the first and the newest continuity counter. */
  get counters(): { readonly first: ReadonlyMap<number, number>; readonly last: ReadonlyMap<number, number> } {
    return { first: this.#reader.firstCounters, last: this.#reader.counters };
  }

  /** Takes the next bytes. Throws ProtocolError if they are not a transport stream. */
  push(bytes: Uint8Array): void {
    this.#reader.push(bytes, this.#arrival.arrivedMs);
  }

  /** The stream ends: hands over incomplete frames. */
  end(): void {
    this.#reader.end();
  }

  broken(): void {
    this.#counts.continuityErrors++;
  }

  frame(streamType: number, dts: number, bytes: Uint8Array, arrivedMs: number): void {
    const timestamp = Math.round(dts / TICKS_PER_MS);
    if (streamType === StreamType.H264) this.#avc(timestamp, bytes, arrivedMs);
    else if (streamType === StreamType.Hevc) this.#hevc(timestamp, bytes, arrivedMs);
    else if (streamType === StreamType.Aac) this.#aac(dts, bytes, arrivedMs);
    else if (streamType === StreamType.Mp3) this.#sink.audio(timestamp, bytes, arrivedMs);
  }

  /** Replaces each NAL unit's start code by its length, and leaves out units that FLV has in its sequence header. */
  #avc(timestamp: number, bytes: Uint8Array, arrivedMs: number): void {
    // A length has at most one byte more than a start code, and a NAL unit at least one byte.
    this.#reserve(VIDEO_TAG_BYTES + bytes.length * 2);
    let key = false;
    let out = VIDEO_TAG_BYTES;
    let next = startCode(bytes, 0);
    while (next < bytes.length) {
      const start = next + 3;
      next = startCode(bytes, start);
      const end = withoutZeros(bytes, start, next);
      const type = (bytes[start] ?? 0) & 0x1f;
      if (type === AvcNal.Key) key = true;
      if (type === AvcNal.Sps) this.#sink.header();
      if (type === AvcNal.Sps || type === AvcNal.Pps || type === AvcNal.Delimiter) continue;
      writeU32(this.#payload, out, end - start);
      copyBytes(this.#payload, out + 4, bytes, start, end);
      out += 4 + end - start;
    }
    this.#payload.set([key ? 0x17 : 0x27, 1, 0, 0, 0]);
    this.#sink.video(timestamp, this.#payload.subarray(0, out), key, arrivedMs);
  }

  #hevc(timestamp: number, bytes: Uint8Array, arrivedMs: number): void {
    let key = false;
    for (let at = startCode(bytes, 0); at < bytes.length; at = startCode(bytes, at + 3)) {
      const type = ((bytes[at + 3] ?? 0) >> 1) & 0x3f;
      if (type >= HevcNal.FirstKey && type <= HevcNal.LastKey) key = true;
      if (type === HevcNal.Sps) this.#sink.header();
    }
    this.#sink.video(timestamp, nothing, key, arrivedMs);
  }

  /** The frames of a PES packet, each behind an ADTS header (ISO 14496-3, 1.A.2.2). */
  #aac(dts: number, bytes: Uint8Array, arrivedMs: number): void {
    this.#reserve(AUDIO_TAG_BYTES + bytes.length);
    this.#payload.set([0xaf, 1]);
    let ticks = dts;
    for (let at = 0; at + ADTS_HEADER_BYTES <= bytes.length; ) {
      const second = bytes[at + 1] ?? 0;
      const length = (((bytes[at + 3] ?? 0) & 3) << 11) | ((bytes[at + 4] ?? 0) << 3) | ((bytes[at + 5] ?? 0) >> 5);
      const header = (second & 1) === 1 ? ADTS_HEADER_BYTES : ADTS_HEADER_BYTES + 2;
      if (bytes[at] !== 0xff || second >> 4 !== 0xf || length < header || at + length > bytes.length) return;
      copyBytes(this.#payload, AUDIO_TAG_BYTES, bytes, at + header, at + length);
      const payload = this.#payload.subarray(0, AUDIO_TAG_BYTES + length - header);
      this.#sink.audio(Math.round(ticks / TICKS_PER_MS), payload, arrivedMs);
      ticks += (AAC_SAMPLES * TICKS_PER_MS * 1000) / (AAC_RATES[((bytes[at + 2] ?? 0) >> 2) & 0xf] ?? AAC_RATES[3]);
      at += length;
    }
  }

  #reserve(bytes: number): void {
    if (this.#payload.length < bytes) this.#payload = new Uint8Array(bytes * 2);
  }
}

/** Where the next start code `00 00 01` begins, at `from` or behind it; the length when there is none. */
function startCode(bytes: Uint8Array, from: number): number {
  for (let one = bytes.indexOf(1, from + 2); one >= 0; one = bytes.indexOf(1, one + 1)) {
    if (bytes[one - 1] === 0 && bytes[one - 2] === 0) return one - 2;
  }
  return bytes.length;
}

/** The end of a NAL unit before the zeros that belong to the next start code. */
function withoutZeros(bytes: Uint8Array, start: number, end: number): number {
  let last = end;
  while (last > start && bytes[last - 1] === 0) last--;
  return last;
}

function writeU32(into: Uint8Array, at: number, value: number): void {
  into[at] = value >>> 24;
  into[at + 1] = value >>> 16;
  into[at + 2] = value >>> 8;
  into[at + 3] = value;
}
