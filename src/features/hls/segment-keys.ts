import { createCipheriv, createHmac } from "node:crypto";
import { freeBuffer, freeRead } from "../../base/memory.ts";
import type { Segment, SegmentKey } from "./segment.ts";

const ID_BYTES = 8;
const KEY_BYTES = 16;
const BLOCK_BYTES = 16;
/** What is encrypted at a time: the runtime makes an array of each. */
const STEP_BYTES = 256 * 1024;

/** What keys are made of. */
export interface KeyMakings {
  /** The secret that the servers of a cluster share; "" where there is none. */
  keySecret(): string;
  /** So many random bytes in hexadecimal. */
  randomHex(bytes: number): string;
}

/** What a stream's segments are called while they are not encrypted. */
type PlainName = (segment: Pick<Segment, "epoch" | "number">) => string;

/**
 * Encrypts the segments of one stream, each key for some that follow each other. Keys are derived from the cluster's secret and the name of the
 * first of them, so that all servers with that secret give the same bytes. Without a secret they are random.
 */
export class SegmentKeys {
  readonly #makings: KeyMakings;
  readonly #plainName: PlainName;
  /** The newest key, and the name of the first segment that it is for. */
  #last: { readonly first: string; readonly key: SegmentKey } | undefined;

  constructor(makings: KeyMakings, plainName: PlainName) {
    this.#makings = makings;
    this.#plainName = plainName;
  }

  /** Another process has encrypted this segment: its key is the one of those behind it, too. */
  adopt({ epoch, key }: Pick<Segment, "epoch" | "key">): void {
    if (key !== undefined) this.#last = { first: this.#plainName({ epoch, number: key.from }), key };
  }

  /** The segment encrypted and without parts, by a key for `perKey` segments. Its own bytes are freed. */
  encrypt(segment: Segment, perKey: number): Segment {
    const { epoch, number, bytes } = segment;
    if (bytes === undefined) return segment;
    const key = this.#keyOf(epoch, number - (number % perKey));
    const encrypted = encryptSegment(bytes, key.hex, number);
    freeBuffer(bytes);
    return { ...segment, bytes: encrypted, key, parts: [] };
  }

  #keyOf(epoch: string, from: number): SegmentKey {
    const first = this.#plainName({ epoch, number: from });
    if (this.#last?.first !== first) this.#last = { first, key: { from, ...this.#make(first) } };
    return this.#last.key;
  }

  #make(first: string): Pick<SegmentKey, "id" | "hex"> {
    const { keySecret, randomHex } = this.#makings;
    const secret = keySecret();
    if (secret === "") return { id: randomHex(ID_BYTES), hex: randomHex(KEY_BYTES) };
    const made = createHmac("sha256", secret).update(`srs hls key ${first}`).digest("hex");
    return { hex: made.slice(0, 2 * KEY_BYTES), id: made.slice(2 * KEY_BYTES, 2 * (KEY_BYTES + ID_BYTES)) };
  }
}

/**
 * AES-128 in CBC mode with PKCS7 padding, as METHOD=AES-128 has it (RFC 8216, 4.3.2.4). The initialization vector is the number, as it is where
 * EXT-X-KEY says none (5.2). The result is an array of its own.
 */
export function encryptSegment(bytes: Uint8Array, keyHex: string, number: number): Uint8Array<ArrayBuffer> {
  const vector = new Uint8Array(BLOCK_BYTES);
  new DataView(vector.buffer).setBigUint64(BLOCK_BYTES - 8, BigInt(number));
  const cipher = createCipheriv("aes-128-cbc", keyBytes(keyHex), vector);
  const encrypted = new Uint8Array(bytes.length + BLOCK_BYTES - (bytes.length % BLOCK_BYTES));
  let at = 0;
  for (let from = 0; from < bytes.length; from += STEP_BYTES) {
    const part = cipher.update(bytes.subarray(from, from + STEP_BYTES));
    encrypted.set(part, at);
    at += part.length;
    freeRead(part);
  }
  encrypted.set(cipher.final(), at);
  return encrypted;
}

/** A key as it is given out: 16 bytes. */
export function keyBytes(hex: string): Uint8Array<ArrayBuffer> {
  return Uint8Array.fromHex(hex);
}
