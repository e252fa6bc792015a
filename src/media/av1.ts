import { BitReader } from "../bytes/bits.ts";
import { byteAt } from "./enhanced.ts";
import type { PictureInfo } from "./sps.ts";

const SEQUENCE_HEADER = 1;
/** Marker and version 1 (AV1-ISOBMFF, 2.3.3). */
const MARKER = 0x81;
const RECORD_BYTES = 4;
/** Maximum number of OBUs that are searched for a sequence header. */
const MAX_OBUS = 64;
/** Maximum bytes of a length (AV1, 4.10.5). */
const MAX_LEB128_BYTES = 8;

/** An AV1CodecConfigurationRecord. */
export interface Av1Config {
  /** For CODECS of a playlist: "av01.0.04M.08" (AV1-ISOBMFF, 5). */
  readonly codecs: string;
  /** Undefined when it has no sequence header. */
  readonly picture: PictureInfo | undefined;
}

/** Reads a configuration record, and keeps no view of it (AV1-ISOBMFF, 2.3.3); undefined for other bytes. */
export function readAv1Config(record: Uint8Array): Av1Config | undefined {
  if (record[0] !== MARKER || record.length < RECORD_BYTES) return undefined;
  const profile = byteAt(record, 1) >> 5;
  const level = (byteAt(record, 1) & 31).toString().padStart(2, "0");
  const depth = byteAt(record, 2);
  const tier = (depth & 0x80) === 0 ? "M" : "H";
  const bitDepth = (depth & 0x40) === 0 ? "08" : (depth & 0x20) === 0 ? "10" : "12";
  return { codecs: `av01.${profile}.${level}${tier}.${bitDepth}`, picture: av1Picture(record.subarray(RECORD_BYTES)) };
}

/** The size of pictures by the sequence header among these OBUs (AV1, 5.3 and 5.5); undefined when there is none. */
export function av1Picture(obus: Uint8Array): PictureInfo | undefined {
  for (let at = 0, count = 0; at < obus.length && count < MAX_OBUS; count++) {
    const header = byteAt(obus, at++);
    // obu_extension_flag, obu_has_size_field.
    if ((header & 4) !== 0) at++;
    let size = obus.length - at;
    if ((header & 2) !== 0) {
      size = 0;
      for (let i = 0; i < MAX_LEB128_BYTES; i++) {
        const byte = byteAt(obus, at++);
        size += (byte & 0x7f) * 2 ** (7 * i);
        if (byte < 0x80) break;
      }
    }
    if (((header >> 3) & 15) === SEQUENCE_HEADER) return readSequenceHeader(obus.subarray(at, at + size));
    at += size;
  }
  return undefined;
}

/** sequence_header_obu as far as max_frame_height_minus_1 (AV1, 5.5.1). */
function readSequenceHeader(obu: Uint8Array): PictureInfo | undefined {
  const bits = new BitReader(obu);
  bits.skip(4);
  if (bits.flag()) bits.skip(5);
  else skipOperatingPoints(bits);
  const widthBits = bits.read(4) + 1;
  const heightBits = bits.read(4) + 1;
  const width = bits.read(widthBits) + 1;
  const height = bits.read(heightBits) + 1;
  return bits.overrun ? undefined : { width, height, reorderDepth: 0, frameMs: undefined };
}

function skipOperatingPoints(bits: BitReader): void {
  let delayBits = 0;
  let hasModel = false;
  if (bits.flag()) {
    bits.skip(64);
    if (bits.flag()) bits.ue();
    hasModel = bits.flag();
    if (hasModel) {
      delayBits = bits.read(5) + 1;
      bits.skip(32 + 10);
    }
  }
  const hasDelay = bits.flag();
  for (let count = bits.read(5) + 1; count > 0; count--) {
    bits.skip(12);
    if (bits.read(5) > 7) bits.skip(1);
    if (hasModel && bits.flag()) bits.skip(2 * delayBits + 1);
    if (hasDelay && bits.flag()) bits.skip(4);
  }
}
