import { PacketKind } from "../../src/media/packet.ts";
import { concat, fromHex } from "./bytes.ts";

/** How many ways `enhance` knows. */
export const ENHANCED_WAYS = 5;

const AVC1 = fromHex("61766331");
const MP4A = fromHex("6d703461");
const OPUS = fromHex("4f707573");

/**
 * A legacy H.264 or AAC payload with an enhanced header: plain, behind ModEx, as track 0 alone, behind a track 3 of the same
 * codec or before a track 1 of another, with `beside` for a body. Enhanced RTMP v2.
 */
export function enhance(kind: PacketKind, legacy: Uint8Array, way: number, beside = new Uint8Array(1)): Uint8Array {
  const video = kind === PacketKind.Video;
  const [first = 0, type = 0] = legacy;
  const mark = video ? 0x80 | (first & 0x70) : 0x90;
  const fourCc = video ? AVC1 : MP4A;
  // Only frames have a composition time.
  const body = legacy.subarray(video && type !== 1 ? 5 : 2);
  const multitrack = mark | (video ? 6 : 5);
  const track = (id: number, bytes: Uint8Array) =>
    concat([Uint8Array.of(id, bytes.length >>> 16, bytes.length >>> 8, bytes.length), bytes]);
  switch (way) {
    case 0:
      return concat([Uint8Array.of(mark | type), fourCc, body]);
    case 1:
      return concat([Uint8Array.of(mark | 7, 0, 9, type), fourCc, body]);
    case 2:
      return concat([Uint8Array.of(multitrack, type), fourCc, Uint8Array.of(0), body]);
    case 3:
      return concat([Uint8Array.of(multitrack, 0x10 | type), fourCc, track(3, beside), track(0, body)]);
    default:
      return concat([Uint8Array.of(multitrack, 0x20 | type), fourCc, track(0, body), OPUS, track(1, beside)]);
  }
}
