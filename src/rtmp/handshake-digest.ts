import { createHmac, timingSafeEqual } from "node:crypto";

// The handshake that Flash Player 9 introduced and Adobe never specified: C1 and S1 carry an HMAC-SHA256 digest at an
// offset that their own bytes give, C2 and S2 are signed with the other side's digest.
//
//   C1/S1:  time(4) version(4) block(764) block(764)
//   digest block:  offset(4) ... digest(32) ...      at offset = sum of the 4 bytes % 728, counted from their end
//   key block:     ... key(128) ... offset(4)        random bytes serve: only RTMPE needs a real key
//   schema 0:  key block, digest block      schema 1:  digest block, key block

/** Bytes of C1, C2, S1 and S2 each. */
export const PACKET_BYTES = 1536;
const DIGEST_BYTES = 32;
/** The protocol version in C0 and S0: RTMP in the clear. */
export const PLAIN_VERSION = 3;

/** Which of the two blocks comes first. */
export type Schema = 0 | 1;

/** Fills an array with random bytes. */
export type RandomFill = (into: Uint8Array) => void;

/** Where the digest block begins, by schema. */
const DIGEST_BLOCK = [772, 8] as const;
/** 764 bytes of block less the offset field and the digest. */
const OFFSET_MODULUS = 728;
const SIGNED_BYTES = PACKET_BYTES - DIGEST_BYTES;

const KEY_TAIL = Uint8Array.of(
  ...[0xf0, 0xee, 0xc2, 0x4a, 0x80, 0x68, 0xbe, 0xe8, 0x2e, 0x00, 0xd0, 0xd1, 0x02, 0x9e, 0x7e, 0x57],
  ...[0x6e, 0xec, 0x5d, 0x2d, 0x29, 0x80, 0x6f, 0xab, 0x93, 0xb8, 0xe6, 0x36, 0xcf, 0xeb, 0x31, 0xae],
);

/** One side's well-known key: `text` signs its C1 or S1, the whole signs its answer to the other's digest. */
export interface SideKey {
  readonly text: Uint8Array;
  readonly whole: Uint8Array;
}

function sideKey(words: string): SideKey {
  const text = new TextEncoder().encode(words);
  const whole = new Uint8Array(text.length + KEY_TAIL.length);
  whole.set(text);
  whole.set(KEY_TAIL, text.length);
  return { text, whole };
}

/** 30 and 62 bytes. */
export const clientKey = sideKey("Genuine Adobe Flash Player 001");
/** 36 and 68 bytes. */
export const serverKey = sideKey("Genuine Adobe Flash Media Server 001");

/** Where the digest of a C1 or S1 lies if it is of this schema. */
export function digestOffset(packet: Uint8Array, schema: Schema): number {
  const block = DIGEST_BLOCK[schema];
  let sum = 0;
  for (const byte of packet.subarray(block, block + 4)) sum += byte;
  return block + 4 + (sum % OFFSET_MODULUS);
}

function digestOf(packet: Uint8Array, at: number, key: SideKey): Uint8Array {
  return createHmac("sha256", key.text)
    .update(packet.subarray(0, at))
    .update(packet.subarray(at + DIGEST_BYTES, PACKET_BYTES))
    .digest();
}

/** Puts the digest of `side` into its C1 or S1 and returns it (a view of the packet). */
export function writeDigest(packet: Uint8Array, schema: Schema, side: SideKey): Uint8Array {
  const at = digestOffset(packet, schema);
  packet.set(digestOf(packet, at, side), at);
  return packet.subarray(at, at + DIGEST_BYTES);
}

/** The digest of `side` in its C1 or S1 (a view) and its schema; undefined when there is none: the handshake is simple. */
export function findDigest(packet: Uint8Array, side: SideKey): { schema: Schema; digest: Uint8Array } | undefined {
  for (const schema of [0, 1] as const) {
    const at = digestOffset(packet, schema);
    const digest = packet.subarray(at, at + DIGEST_BYTES);
    if (timingSafeEqual(digest, digestOf(packet, at, side))) return { schema, digest };
  }
  return undefined;
}

/** Ends a C2 or S2 of random bytes with the signature of `side` over the digest that the peer sent. */
export function signAnswer(packet: Uint8Array, peerDigest: Uint8Array, side: SideKey): void {
  const key = createHmac("sha256", side.whole).update(peerDigest).digest();
  packet.set(createHmac("sha256", key).update(packet.subarray(0, SIGNED_BYTES)).digest(), SIGNED_BYTES);
}

/** Writes a big-endian u32. */
export function putU32(packet: Uint8Array, at: number, value: number): void {
  packet[at] = value >>> 24;
  packet[at + 1] = value >>> 16;
  packet[at + 2] = value >>> 8;
  packet[at + 3] = value;
}
