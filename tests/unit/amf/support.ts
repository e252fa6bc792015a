import type { AmfValue } from "../../../src/amf/value.ts";

/** The bytes of a hexadecimal text; spaces in it are for readers. */
export function bytesOf(hex: string): Uint8Array {
  return Uint8Array.fromHex(hex.replaceAll(" ", ""));
}

/** The opposite, without spaces. */
export function hexOf(bytes: Uint8Array): string {
  return bytes.toHex();
}

/** Null inside `levels` arrays. */
export function nested(levels: number): AmfValue {
  let value: AmfValue = null;
  for (let i = 0; i < levels; i++) value = [value];
  return value;
}
