import { between } from "./random.ts";

export function concat(parts: readonly Uint8Array[]): Uint8Array {
  const out = new Uint8Array(parts.reduce((sum, part) => sum + part.length, 0));
  let at = 0;
  for (const part of parts) {
    out.set(part, at);
    at += part.length;
  }
  return out;
}

/** "02 00 0a" to bytes; white space is free. */
export function fromHex(hex: string): Uint8Array {
  const digits = hex.replace(/\s+/g, "");
  const bytes = new Uint8Array(Buffer.from(digits, "hex"));
  if (2 * bytes.length !== digits.length) throw new Error(`not hexadecimal: ${hex}`);
  return bytes;
}

export function toHex(bytes: Uint8Array): string {
  return Buffer.from(bytes.buffer, bytes.byteOffset, bytes.length).toString("hex");
}

/** Pieces of 1 to `longest` bytes, each a copy in an array of its own. */
export function* fragments(bytes: Uint8Array, random: () => number, longest: number): Generator<Uint8Array> {
  for (let at = 0; at < bytes.length; ) {
    const piece = bytes.slice(at, at + between(random, 1, longest));
    at += piece.length;
    yield piece;
  }
}
