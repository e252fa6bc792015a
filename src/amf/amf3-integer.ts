import { ProtocolError } from "../base/errors.ts";
import type { ByteReader } from "../bytes/reader.ts";
import type { ByteWriter } from "../bytes/writer.ts";

const MAX_U29 = 0x1fffffff;

/** A U29 (AMF3 1.3.1): seven bits a byte with more to come while the high bit is set, then eight bits in a fourth byte. */
export function readU29(input: ByteReader): number {
  let value = 0;
  for (let i = 0; i < 3; i++) {
    const byte = input.u8();
    value = (value << 7) | (byte & 0x7f);
    if (byte < 0x80) return value;
  }
  return (value << 8) | input.u8();
}

/** Writes a U29 in as few bytes as it takes; throws `ProtocolError` when `value` needs more than 29 bits. */
export function writeU29(out: ByteWriter, value: number): void {
  if (value > MAX_U29) throw new ProtocolError(`AMF3 length ${value} is over ${MAX_U29}`);
  if (value < 0x80) {
    out.u8(value);
  } else if (value < 0x4000) {
    out.u16(((value << 1) & 0x7f00) | (value & 0x7f) | 0x8000);
  } else if (value < 0x200000) {
    out.u8((value >> 14) | 0x80);
    out.u8(((value >> 7) & 0x7f) | 0x80);
    out.u8(value & 0x7f);
  } else {
    out.u8((value >> 22) | 0x80);
    out.u8(((value >> 15) & 0x7f) | 0x80);
    out.u8(((value >> 8) & 0x7f) | 0x80);
    out.u8(value & 0xff);
  }
}
