import { joined } from "../../base/memory.ts";

/*
 * box       size:32 type:32 content          ISO 14496-12, 4.2
 * full box  size:32 type:32 version:8 flags:24 content
 *
 * Boxes that are written once for a stream are joined from lists of bytes; `fragment-boxes.ts` writes fragments.
 */

/** Bytes of a box: those of its fields, or of a box inside. */
export type Bytes = Uint8Array | readonly number[];

/** An unsigned integer of 8 bits. */
export const u8 = (value: number): number[] => [value & 0xff];
/** An unsigned integer of 16 bits. */
export const u16 = (value: number): number[] => [(value >>> 8) & 0xff, value & 0xff];
/** An unsigned integer of 24 bits. */
export const u24 = (value: number): number[] => [(value >>> 16) & 0xff, ...u16(value)];
/** An unsigned integer of 32 bits. */
export const u32 = (value: number): number[] => [(value >>> 24) & 0xff, ...u24(value)];
/** This many zero bytes, for reserved and predefined fields. */
export const zeros = (count: number): Uint8Array => new Uint8Array(count);
/** Characters of ASCII. */
export const ascii = (text: string): number[] => Array.from(text, (character) => character.charCodeAt(0) & 0x7f);

/** A box with these contents, one after another. */
export function box(type: string, ...content: readonly Bytes[]): Uint8Array {
  const size = content.reduce((sum, { length }) => sum + length, 8);
  return joined(Uint8Array.from([...u32(size), ...ascii(type)]), ...content.map(bytesOf));
}

/** A box with a version and 24 bits of flags. */
export function fullBox(type: string, version: number, flags: number, ...content: readonly Bytes[]): Uint8Array {
  return box(type, u8(version), u24(flags), ...content);
}

function bytesOf(part: Bytes): Uint8Array {
  return part instanceof Uint8Array ? part : Uint8Array.from(part);
}
