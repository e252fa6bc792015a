// Hot: flacSamples runs for each frame of FLAC that a muxer takes.
import { BitReader } from "../bytes/bits.ts";
import { byteAt } from "./enhanced.ts";

/** Bytes of a STREAMINFO block without its header. */
const STREAM_INFO_BYTES = 34;
const BLOCK_HEADER_BYTES = 4;
const MAGIC = 0x664c6143;

/** The contents of STREAMINFO (RFC 9639, 8.2). */
export interface FlacInfo {
  /** The block's bytes without its header. */
  readonly streamInfo: Uint8Array;
  /** Hz. */
  readonly sampleRate: number;
  readonly channels: number;
  readonly bitsPerSample: number;
  /** Samples of the longest frame. */
  readonly maxBlock: number;
}

/** Reads and copies STREAMINFO, the first block, with or without "fLaC" before it; undefined when the first block is another. */
export function readFlacInfo(bytes: Uint8Array): FlacInfo | undefined {
  const start = bytes.length >= 4 && new DataView(bytes.buffer, bytes.byteOffset).getUint32(0) === MAGIC ? 4 : 0;
  const isStreamInfo = (byteAt(bytes, start) & 0x7f) === 0 && byteAt(bytes, start + 3) === STREAM_INFO_BYTES;
  const at = start + BLOCK_HEADER_BYTES;
  if (!isStreamInfo || bytes.length < at + STREAM_INFO_BYTES) return undefined;
  const streamInfo = bytes.slice(at, at + STREAM_INFO_BYTES);
  const bits = new BitReader(streamInfo);
  bits.skip(16);
  const maxBlock = Math.max(1, bits.read(16));
  bits.skip(48);
  const sampleRate = bits.read(20);
  const channels = bits.read(3) + 1;
  const bitsPerSample = bits.read(5) + 1;
  return sampleRate === 0 ? undefined : { streamInfo, sampleRate, channels, bitsPerSample, maxBlock };
}

/** Number of samples of each channel in the frame in [start, end), by its header (RFC 9639, 9.1); 0 for other bytes. */
export function flacSamples(bytes: Uint8Array, start: number, end: number): number {
  if (end - start < 6 || bytes[start] !== 0xff || (byteAt(bytes, start + 1) & 0xfc) !== 0xf8) return 0;
  const code = byteAt(bytes, start + 2) >> 4;
  if (code === 0) return 0;
  if (code === 1) return 192;
  if (code <= 5) return 144 << code;
  if (code >= 8) return 1 << code;
  // The block size follows the frame's number, which is coded like a character in UTF-8.
  let at = start + 4;
  for (let ones = byteAt(bytes, at++); (ones & 0xc0) === 0xc0; ones = (ones << 1) & 0xff) at++;
  if (at + code - 5 > end) return 0;
  return code === 6 ? byteAt(bytes, at) + 1 : ((byteAt(bytes, at) << 8) | byteAt(bytes, at + 1)) + 1;
}
