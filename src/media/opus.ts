// Hot: opusSamples runs for each packet of Opus that a muxer takes.
import { byteAt } from "./enhanced.ts";

/** Opus always counts in 48 kHz (RFC 7845, 4). */
export const OPUS_RATE = 48000;
/** Samples of the longest packet: 120 ms (RFC 6716, 3.2.5). */
const MAX_SAMPLES = 5760;
const MAGIC = "OpusHead";
/** Bytes of an identification header without a channel mapping table. */
const HEAD_BYTES = 19;

/** An identification header (RFC 7845, 5.1). */
export interface OpusHead {
  readonly channels: number;
  /** Number of samples that a decoder drops at the beginning. */
  readonly preSkip: number;
  /** Sample rate before encoding, Hz; 0 if it is unknown. */
  readonly inputRate: number;
  /** Q7.8 dB, signed. */
  readonly gain: number;
  readonly mappingFamily: number;
  /** Stream count, coupled count and channel mapping; empty for family 0. */
  readonly mapping: Uint8Array;
}

/** Reads an identification header, and keeps no view of it; undefined when it is cut off or of another version. */
export function readOpusHead(bytes: Uint8Array): OpusHead | undefined {
  for (let i = 0; i < MAGIC.length; i++) if (bytes[i] !== MAGIC.charCodeAt(i)) return undefined;
  if (bytes.length < HEAD_BYTES) return undefined;
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  const channels = view.getUint8(9);
  const mappingFamily = view.getUint8(18);
  const mappingBytes = mappingFamily === 0 ? 0 : 2 + channels;
  const isMono = channels === 1 || channels === 2;
  if (view.getUint8(8) >> 4 !== 0 || channels === 0 || (mappingFamily === 0 && !isMono)) return undefined;
  if (bytes.length < HEAD_BYTES + mappingBytes) return undefined;
  return {
    channels,
    preSkip: view.getUint16(10, true),
    inputRate: view.getUint32(12, true),
    gain: view.getInt16(16, true),
    mappingFamily,
    mapping: bytes.slice(HEAD_BYTES, HEAD_BYTES + mappingBytes),
  };
}

/** Number of samples at 48 kHz in the packet in [start, end), by its table of contents (RFC 6716, 3.1); 0 when it is broken. */
export function opusSamples(bytes: Uint8Array, start: number, end: number): number {
  if (start >= end) return 0;
  const toc = byteAt(bytes, start);
  const config = toc >> 3;
  let samples = 0;
  if (config >= 16) samples = 120 << (config & 3);
  else if (config >= 12) samples = 480 << (config & 1);
  else samples = (config & 3) === 3 ? 2880 : 480 << (config & 3);
  const code = toc & 3;
  if (code === 3) samples *= start + 1 < end ? byteAt(bytes, start + 1) & 63 : 0;
  else if (code !== 0) samples *= 2;
  return samples <= MAX_SAMPLES ? samples : 0;
}
