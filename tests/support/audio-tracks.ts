import { encodeAmf0 } from "../../src/amf/amf0.ts";
import { AmfObject } from "../../src/amf/value.ts";
import { concat } from "./bytes.ts";

const MP4A = new TextEncoder().encode("mp4a");

/** A legacy AAC payload as the one of a track of its own: Multitrack, OneTrack (Enhanced RTMP v2). */
export function asTrack(id: number, legacy: Uint8Array): Uint8Array {
  return concat([Uint8Array.of(0x95, legacy[1] ?? 0), MP4A, Uint8Array.of(id), legacy.subarray(2)]);
}

/** Metadata with the names and languages of audio tracks. */
export function trackMetadata(tracks: Readonly<Record<number, { name?: string; language?: string }>>): Uint8Array {
  const infos = Object.entries(tracks).map(([id, info]) => [id, AmfObject.of(info)]);
  return encodeAmf0(["onMetaData", AmfObject.ecma({ audioTrackIdInfoMap: AmfObject.of(Object.fromEntries(infos)) })]);
}
