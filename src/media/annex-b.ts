// Hot: take and write run for each video frame of a muxer. They allocate one view for each NAL unit, and nothing else.
import { Codec } from "./codec.ts";
import { byteAt } from "./enhanced.ts";
import type { VideoConfig } from "./video-config.ts";

/** The NAL unit types that differ between the codecs. */
interface NalTypes {
  /** How `typeAt` gets the type from a NAL unit's first byte. */
  readonly shift: number;
  readonly mask: number;
  readonly sps: number;
  readonly pps: number;
  readonly aud: number;
  /** An access unit delimiter for pictures of any type, behind a start code. */
  readonly delimiter: Uint8Array;
}

/** ISO 14496-10, table 7-1 and 7.3.2.4. */
const h264: NalTypes = { shift: 0, mask: 31, sps: 7, pps: 8, aud: 9, delimiter: Uint8Array.of(0, 0, 0, 1, 0x09, 0xf0) };
/** ISO 23008-2, table 7-1 and 7.3.2.5. */
const hevc: NalTypes = {
  shift: 1,
  mask: 63,
  sps: 33,
  pps: 34,
  aud: 35,
  delimiter: Uint8Array.of(0, 0, 0, 1, 0x46, 0x01, 0x50),
};

/** Maximum number of NAL units in a frame: at the highest levels of H.264 and of HEVC, a picture has up to 600 slices. */
const MAX_NALS = 2048;

const START_CODE_BYTES = 4;
/** The parameter sets that a frame brings. */
const Own = { Sps: 1, Pps: 2 } as const;

/**
 * One frame's NAL units in Annex B format, for MPEG-TS (ISO 13818-1, 2.14): a delimiter first, then the parameter sets where a
 * key frame does not bring its own, then all NAL units but delimiters. One object is used for all frames.
 */
export class AnnexB {
  #config: VideoConfig | undefined;
  #payload: Uint8Array | undefined;
  #start = 0;
  #end = 0;
  #sets = false;
  /** Size of what `write` writes, bytes; 0 for a frame without NAL units, or with wrong lengths. */
  size = 0;

  /** Takes the frame in [start, end) of `payload`, which is lent until it is written. */
  take(config: VideoConfig, payload: Uint8Array, start: number, end: number, key: boolean): void {
    this.#config = config;
    this.#payload = payload;
    this.#start = start;
    this.#end = end;
    this.size = 0;
    const types = typesOf(config);
    let size = 0;
    let own = 0;
    let at = start;
    for (let count = 0; at < end; count++) {
      const length = nalLength(payload, at, config.lengthBytes);
      at += config.lengthBytes;
      if (length > end - at || count === MAX_NALS) return;
      const type = length === 0 ? types.aud : typeAt(payload, at, types);
      if (type !== types.aud) size += START_CODE_BYTES + length;
      if (type === types.sps) own |= Own.Sps;
      if (type === types.pps) own |= Own.Pps;
      at += length;
    }
    if (size === 0) return;
    this.#sets = key && own !== (Own.Sps | Own.Pps);
    this.size = size + types.delimiter.length + (this.#sets ? config.parameterSets.length : 0);
  }

  /** Writes `size` bytes at `at`. */
  write(out: Uint8Array, at: number): void {
    const config = this.#config;
    const payload = this.#payload;
    if (config === undefined || payload === undefined) return;
    const types = typesOf(config);
    out.set(types.delimiter, at);
    let to = at + types.delimiter.length;
    if (this.#sets) {
      out.set(config.parameterSets, to);
      to += config.parameterSets.length;
    }
    for (let from = this.#start; from < this.#end; ) {
      const length = nalLength(payload, from, config.lengthBytes);
      from += config.lengthBytes;
      if (length > 0 && typeAt(payload, from, types) !== types.aud) {
        out[to] = 0;
        out[to + 1] = 0;
        out[to + 2] = 0;
        out[to + 3] = 1;
        out.set(payload.subarray(from, from + length), to + START_CODE_BYTES);
        to += START_CODE_BYTES + length;
      }
      from += length;
    }
  }
}

function nalLength(payload: Uint8Array, at: number, bytes: number): number {
  let length = 0;
  for (let i = 0; i < bytes; i++) length = length * 256 + byteAt(payload, at + i);
  return length;
}

function typesOf(config: VideoConfig): NalTypes {
  return config.codec === Codec.Hevc ? hevc : h264;
}

function typeAt(payload: Uint8Array, at: number, types: NalTypes): number {
  return (byteAt(payload, at) >> types.shift) & types.mask;
}
