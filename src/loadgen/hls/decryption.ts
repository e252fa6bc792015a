import { createDecipheriv } from "node:crypto";
import { ProtocolError } from "../../base/errors.ts";
import { joined } from "../../base/memory.ts";

const CIPHER = "aes-128-cbc";
/** Bytes of a key, and of an initialization vector. */
export const KEY_BYTES = 16;

/** Decrypts a segment with METHOD=AES-128 (RFC 8216, 4.3.2.4). Throws ProtocolError. */
export function decrypted(bytes: Uint8Array, key: Uint8Array, iv: Uint8Array): Uint8Array {
  if (bytes.length === 0 || bytes.length % KEY_BYTES !== 0)
    throw new ProtocolError("an encrypted segment is no whole number of blocks");
  const decipher = createDecipheriv(CIPHER, key, iv);
  try {
    return joined(decipher.update(bytes), decipher.final());
  } catch {
    // The padding is wrong, the only error that the cipher detects.
    throw new ProtocolError("a segment can't be decrypted with the key that the playlist names");
  }
}

/** The initialization vector of a segment: that of the playlist, else the segment's number. */
export function vectorOf(iv: string | undefined, sequence: number): Uint8Array {
  return Uint8Array.fromHex(iv ?? sequence.toString(16).padStart(2 * KEY_BYTES, "0"));
}
