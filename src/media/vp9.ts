import { BitReader } from "../bytes/bits.ts";
import type { PictureInfo } from "./sps.ts";

const RECORD_BYTES = 8;
const FULL_BOX_BYTES = 4;
const SYNC = 0x498342;
const RGB = 7;
/** Level 1, for encoders that give none. */
const LEVEL_1 = 10;

/** A VPCodecConfigurationRecord. */
export interface Vp9Config {
  /** A copy of the record, without the version and flags of its box. */
  readonly record: Uint8Array;
  /** For CODECS of a playlist: "vp09.00.10.08"; colours other than BT.709's follow. */
  readonly codecs: string;
}

/** Reads a configuration record, bare or behind the version and flags of its box: encoders send both. Undefined for other bytes. */
export function readVp9Config(bytes: Uint8Array): Vp9Config | undefined {
  const isBox = bytes.length >= FULL_BOX_BYTES + RECORD_BYTES && bytes[0] === 1 && bytes[1] === 0 && bytes[2] === 0;
  const start = isBox && bytes[3] === 0 ? FULL_BOX_BYTES : 0;
  const record = bytes.slice(start, start + RECORD_BYTES);
  const [profile = 0, level = 0, depths = 0, primaries = 0, transfer = 0, matrix = 0] = record;
  const bitDepth = depths >> 4;
  if (record.length < RECORD_BYTES || profile > 3 || ![8, 10, 12].includes(bitDepth)) return undefined;
  const main = [profile, level === 0 ? LEVEL_1 : level, bitDepth];
  const colours = [primaries, transfer, matrix];
  // BT.709, or unspecified.
  const isPlain = colours.every((value) => value === 1 || value === 2) && [0, 2].includes(depths & 15);
  const all = isPlain ? main : [...main, (depths >> 1) & 7, ...colours, depths & 1];
  return { record, codecs: `vp09.${all.map((value) => value.toString().padStart(2, "0")).join(".")}` };
}

/** The size of pictures by a key frame's uncompressed header (VP9, 6.2); undefined for another frame. */
export function vp9Picture(frame: Uint8Array): PictureInfo | undefined {
  const bits = new BitReader(frame);
  const marker = bits.read(2);
  const profile = bits.read(1) + 2 * bits.read(1);
  if (profile === 3) bits.skip(1);
  const shown = bits.flag();
  const inter = bits.flag();
  bits.skip(2);
  if (marker !== 2 || shown || inter || bits.read(24) !== SYNC) return undefined;
  if (profile >= 2) bits.skip(1);
  const odd = (profile & 1) !== 0;
  if (bits.read(3) !== RGB) bits.skip(odd ? 4 : 1);
  else if (odd) bits.skip(1);
  const width = bits.read(16) + 1;
  const height = bits.read(16) + 1;
  return bits.overrun ? undefined : { width, height, reorderDepth: 0, frameMs: undefined };
}
