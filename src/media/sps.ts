import { BitReader } from "../bytes/bits.ts";

/** A sequence parameter set's description of the pictures. */
export interface PictureInfo {
  /** Size of the pictures as shown, pixels. */
  readonly width: number;
  readonly height: number;
  /** Maximum number of pictures that are decoded before a picture and shown after it; undefined when the SPS does not say. */
  readonly reorderDepth: number | undefined;
  /** Time between two pictures, ms; undefined when the SPS does not say. */
  readonly frameMs: number | undefined;
}

/** Maximum width and height that are accepted, pixels. */
const MAX_SIDE = 16384;
const MAX_REORDER_DEPTH = 16;

/** H.264 profiles whose parameter sets have chroma format and scaling lists (ISO 14496-10, 7.3.2.1.1). */
const highProfiles: ReadonlySet<number> = new Set([100, 110, 122, 244, 44, 83, 86, 118, 128, 138, 139, 134, 135]);
/** High profiles that have no inter prediction if constraint_set3_flag is set. */
const intraProfiles: ReadonlySet<number> = new Set([44, 86, 100, 110, 122, 244]);
const BASELINE = 66;
const EXTENDED_SAR = 255;
const MAX_CYCLE = 255;
const MAX_CPBS = 32;

/** Reads an H.264 sequence parameter set, with its NAL header (ISO 14496-10, 7.3.2.1 and E.1.1); undefined when it is broken. */
export function readH264Sps(nal: Uint8Array): PictureInfo | undefined {
  const bits = new BitReader(withoutEscapes(nal));
  bits.skip(8);
  const profile = bits.read(8);
  const constraints = bits.read(8);
  bits.skip(8);
  bits.ue();
  const chroma = highProfiles.has(profile) ? readHighProfile(bits) : 1;
  bits.ue();
  const orderType = bits.ue();
  if (orderType === 0) bits.ue();
  else if (orderType === 1) skipOrderCycle(bits);
  bits.ue();
  bits.skip(1);
  let width = (bits.ue() + 1) * 16;
  let height = (bits.ue() + 1) * 16;
  const frames = bits.flag();
  // Pictures may be fields: a unit of height counts in both fields of a frame.
  if (!frames) {
    bits.skip(1);
    height *= 2;
  }
  bits.skip(1);
  if (bits.flag()) {
    width -= (bits.ue() + bits.ue()) * horizontalUnit(chroma);
    height -= (bits.ue() + bits.ue()) * verticalUnit(chroma) * (frames ? 1 : 2);
  }
  const vui = bits.flag() ? readVui(bits) : { reorderDepth: undefined, frameMs: undefined };
  // Output order is decoding order: 8.2.1 for type 2; without B slices encoders have no reason to differ.
  const inOrder = orderType === 2 || profile === BASELINE || (intraProfiles.has(profile) && (constraints & 0x10) !== 0);
  return checked(bits, { width, height, reorderDepth: inOrder ? 0 : vui.reorderDepth, frameMs: vui.frameMs });
}

/** Reads an HEVC sequence parameter set, with its NAL header (ISO 23008-2, 7.3.2.2); undefined when it is broken. */
export function readHevcSps(nal: Uint8Array): PictureInfo | undefined {
  const bits = new BitReader(withoutEscapes(nal));
  bits.skip(16 + 4);
  const subLayers = bits.read(3);
  bits.skip(1 + 88 + 8);
  skipSubLayers(bits, subLayers);
  bits.ue();
  const chroma = bits.ue();
  if (chroma === 3) bits.skip(1);
  let width = bits.ue();
  let height = bits.ue();
  if (bits.flag()) {
    width -= (bits.ue() + bits.ue()) * horizontalUnit(chroma);
    height -= (bits.ue() + bits.ue()) * verticalUnit(chroma);
  }
  bits.ue();
  bits.ue();
  bits.ue();
  let reorderDepth = 0;
  for (let layer = bits.flag() ? 0 : subLayers; layer <= subLayers; layer++) {
    bits.ue();
    reorderDepth = bits.ue();
    bits.ue();
  }
  return checked(bits, { width, height, reorderDepth, frameMs: undefined });
}

function checked(bits: BitReader, info: PictureInfo): PictureInfo | undefined {
  const { width, height, reorderDepth = 0, frameMs = 1 } = info;
  const sizes = width > 0 && width <= MAX_SIDE && height > 0 && height <= MAX_SIDE;
  if (bits.overrun || !sizes || reorderDepth > MAX_REORDER_DEPTH) return undefined;
  return frameMs > 0 && frameMs < 1000 ? info : { ...info, frameMs: undefined };
}

/** Units of cropping by ChromaArrayType (ISO 14496-10, table 6-1). */
function horizontalUnit(chroma: number): number {
  return chroma === 1 || chroma === 2 ? 2 : 1;
}

function verticalUnit(chroma: number): number {
  return chroma === 1 ? 2 : 1;
}

/** Reads the fields that only sequence parameter sets of high profiles have; returns ChromaArrayType. */
function readHighProfile(bits: BitReader): number {
  const chroma = bits.ue();
  const separate = chroma === 3 && bits.flag();
  bits.ue();
  bits.ue();
  bits.skip(1);
  if (bits.flag()) skipScalingLists(bits, chroma === 3 ? 12 : 8);
  return separate ? 0 : chroma;
}

/** ISO 14496-10, E.1.1. */
function readVui(bits: BitReader): { reorderDepth: number | undefined; frameMs: number | undefined } {
  if (bits.flag() && bits.read(8) === EXTENDED_SAR) bits.skip(32);
  if (bits.flag()) bits.skip(1);
  if (bits.flag()) {
    bits.skip(4);
    if (bits.flag()) bits.skip(24);
  }
  if (bits.flag()) {
    bits.ue();
    bits.ue();
  }
  let frameMs: number | undefined;
  if (bits.flag()) {
    const units = bits.read(32);
    const scale = bits.read(32);
    bits.skip(1);
    // A unit is a field.
    if (scale > 0) frameMs = (2000 * units) / scale;
  }
  const nalHrd = bits.flag();
  if (nalHrd) skipHrd(bits);
  const vclHrd = bits.flag();
  if (vclHrd) skipHrd(bits);
  if (nalHrd || vclHrd) bits.skip(1);
  bits.skip(1);
  if (!bits.flag()) return { reorderDepth: undefined, frameMs };
  bits.skip(1);
  for (let i = 0; i < 4; i++) bits.ue();
  return { reorderDepth: bits.ue(), frameMs };
}

function skipHrd(bits: BitReader): void {
  const count = Math.min(bits.ue() + 1, MAX_CPBS);
  bits.skip(8);
  for (let i = 0; i < count; i++) {
    bits.ue();
    bits.ue();
    bits.skip(1);
  }
  bits.skip(20);
}

function skipScalingLists(bits: BitReader, count: number): void {
  for (let list = 0; list < count; list++) {
    if (!bits.flag()) continue;
    let last = 8;
    let next = 8;
    for (let i = 0; i < (list < 6 ? 16 : 64) && next !== 0; i++) {
      next = (last + bits.se() + 256) & 0xff;
      if (next !== 0) last = next;
    }
  }
}

function skipOrderCycle(bits: BitReader): void {
  bits.skip(1);
  bits.se();
  bits.se();
  const count = Math.min(bits.ue(), MAX_CYCLE);
  for (let i = 0; i < count; i++) bits.se();
}

/** The rest of profile_tier_level (ISO 23008-2, 7.3.3). */
function skipSubLayers(bits: BitReader, count: number): void {
  if (count === 0) return;
  const flags = bits.read(16);
  for (let layer = 0; layer < count; layer++) {
    if ((flags >> (15 - 2 * layer)) & 1) bits.skip(88);
    if ((flags >> (14 - 2 * layer)) & 1) bits.skip(8);
  }
}

/** A NAL unit's bytes without its emulation_prevention_three_bytes (ISO 14496-10, 7.3.1). */
function withoutEscapes(nal: Uint8Array): Uint8Array {
  const out = new Uint8Array(nal.length);
  let length = 0;
  let zeros = 0;
  for (const byte of nal) {
    if (zeros >= 2 && byte === 3) {
      zeros = 0;
      continue;
    }
    zeros = byte === 0 ? zeros + 1 : 0;
    out[length++] = byte;
  }
  return out.subarray(0, length);
}
