import type { FlvTag } from "../../src/media/flv.ts";
import { concat } from "./bytes.ts";

/** What an FLV file with audio and video begins with. */
export const flvHeader = Uint8Array.from([0x46, 0x4c, 0x56, 1, 5, 0, 0, 0, 9, 0, 0, 0, 0]);

/** An FLV file with these tags. */
export function flvFile(tags: readonly FlvTag[]): Uint8Array {
  return concat([flvHeader, ...tags.map(flvTag)]);
}

/** One tag with a copy of its payload. */
export function flvTag({ kind, timestamp, payload }: FlvTag): Uint8Array {
  const tag = new Uint8Array(11 + payload.length + 4);
  const view = new DataView(tag.buffer);
  view.setUint32(0, payload.length);
  view.setUint8(0, kind);
  view.setUint32(4, timestamp << 8);
  view.setUint8(7, timestamp >>> 24);
  tag.set(payload, 11);
  view.setUint32(11 + payload.length, 11 + payload.length);
  return tag;
}
