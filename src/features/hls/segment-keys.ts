import { createCipheriv, createHmac } from "node:crypto";
import { freeBuffer, freeRead } from "../../base/memory.ts";
import type { HlsConfig } from "./config.ts";
import type { Segment, SegmentKey, SegmentPart } from "./segment.ts";

const ID_BYTES = 8;
const KEY_BYTES = 16;
const BLOCK_BYTES = 16;
/** Bytes that are encrypted at a time: the runtime makes an array of each step's result. */
const STEP_BYTES = 256 * 1024;
const NOTHING = new Uint8Array(0);
/** Number of keys that are remembered: random ones can't be made again. */
const MAX_KEYS = 8;

/** What keys are made of. */
export interface KeyMakings {
  /** The secret that the servers of a cluster share; "" where there is none. */
  keySecret(): string;
  /** This many random bytes, in hexadecimal. */
  randomHex(bytes: number): string;
}

/** Whether segments are encrypted, as it is configured now. */
type KeysConfig = Pick<HlsConfig, "hls_keys" | "hls_fragments_per_key">;

/** What a stream's segments are called while they are not encrypted. */
export type PlainName = (segment: Pick<Segment, "epoch" | "number">) => string;

/**
 * The keys of one stream's segments, each for a run of consecutive segments. A key is derived from the cluster's secret and the name of the
 * run's first segment, so that all servers with that secret send the same bytes. Without a secret it is random.
 */
export class SegmentKeys {
  readonly #makings: KeyMakings;
  readonly #config: () => KeysConfig | undefined;
  readonly #plainName: PlainName;
  /** The newest keys, by the name of each run's first segment: renditions are not all at the same segment. */
  readonly #newest = new Map<string, SegmentKey>();

  constructor(makings: KeyMakings, config: () => KeysConfig | undefined, plainName: PlainName) {
    this.#makings = makings;
    this.#config = config;
    this.#plainName = plainName;
  }

  /** Another process has encrypted this segment: the rest of its run gets the same key. */
  adopt({ epoch, key }: Pick<Segment, "epoch" | "key">): void {
    if (key !== undefined) this.#remember(this.#plainName({ epoch, number: key.from }), key);
  }

  /** The key for a segment that begins now; undefined for a segment in the clear. */
  keyOf({ epoch, number }: Pick<Segment, "epoch" | "number">): SegmentKey | undefined {
    const { hls_keys = false, hls_fragments_per_key = 1 } = this.#config() ?? {};
    if (!hls_keys) return undefined;
    const from = number - (number % hls_fragments_per_key);
    const first = this.#plainName({ epoch, number: from });
    return this.#newest.get(first) ?? this.#remember(first, { from, ...this.#make(first) });
  }

  #remember(first: string, key: SegmentKey): SegmentKey {
    this.#newest.set(first, key);
    const [oldest = ""] = this.#newest.keys();
    if (this.#newest.size > MAX_KEYS) this.#newest.delete(oldest);
    return key;
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
 * Encrypts a segment as a whole, and each of its parts by itself: players may load either. The result's bytes are all in one new buffer;
 * the buffer of the segment in the clear is freed.
 */
export function encryptedSegment(segment: Segment, key: SegmentKey): Segment {
  const { number, bytes, parts = [] } = segment;
  if (bytes === undefined) return segment;
  const plain = [bytes, ...parts.map((part) => part.bytes)];
  const all = new Uint8Array(plain.reduce((sum, { length }) => sum + encryptedLength(length), 0));
  let at = 0;
  const [whole, ...views] = plain.map((each) => {
    const view = all.subarray(at, at + encryptedLength(each.length));
    at += view.length;
    encryptInto(view, each, key.hex, number);
    return view;
  });
  freeBuffer(bytes);
  const own = parts.map((part, index) => encryptedPart(part, key, views[index] ?? NOTHING));
  return { ...segment, bytes: whole, key, parts: own };
}

/** A part with its encrypted bytes, and the key of its segment. */
export function encryptedPart(part: SegmentPart, key: SegmentKey, bytes: Uint8Array): SegmentPart {
  return { ...part, segment: { ...part.segment, key }, bytes };
}

/**
 * Encrypts as METHOD=AES-128 says: AES-128 in CBC mode with PKCS7 padding (RFC 8216, 4.3.2.4). The initialization vector of a segment and
 * its parts is the segment's number, as an EXT-X-KEY without IV means (5.2). The result is an array of its own.
 */
export function encrypt(bytes: Uint8Array, keyHex: string, number: number): Uint8Array<ArrayBuffer> {
  const encrypted = new Uint8Array(encryptedLength(bytes.length));
  encryptInto(encrypted, bytes, keyHex, number);
  return encrypted;
}

function encryptedLength(length: number): number {
  return length + BLOCK_BYTES - (length % BLOCK_BYTES);
}

function encryptInto(encrypted: Uint8Array, bytes: Uint8Array, keyHex: string, number: number): void {
  const vector = new Uint8Array(BLOCK_BYTES);
  new DataView(vector.buffer).setBigUint64(BLOCK_BYTES - 8, BigInt(number));
  const cipher = createCipheriv("aes-128-cbc", keyBytes(keyHex), vector);
  let at = 0;
  for (let from = 0; from < bytes.length; from += STEP_BYTES) {
    const part = cipher.update(bytes.subarray(from, from + STEP_BYTES));
    encrypted.set(part, at);
    at += part.length;
    freeRead(part);
  }
  encrypted.set(cipher.final(), at);
}

/** A key as it is given out: 16 bytes. */
export function keyBytes(hex: string): Uint8Array<ArrayBuffer> {
  return Uint8Array.fromHex(hex);
}
