// Hot: stamped once for each frame sent, read once for each frame received.
import { deltaSlices, keySlice } from "./picture.ts";

/*
 * A video frame that identifies itself: an AVC tag body (FLV 10.1, E.4.3) of two NAL units, an SEI message that every decoder
 * ignores (ITU-T H.264, D.1.6, user_data_unregistered) and the picture.
 *
 *    0  17/27 01 000000   nalLength:32   06
 *   10  05 size id[16]    source[5] sequence[5] length[4] sentUs[8]
 *   50  05 size fill[]    80
 *       nalLength:32      slice
 *
 * Numbers are written 7 bits a byte with the high bit set, and the fill is never below 4, so that no start code appears.
 */

/** UUID that identifies this SEI message among others of its type. */
const ID = Uint8Array.from([
  0x9b, 0x4e, 0x5a, 0x71, 0xc3, 0xd8, 0x4f, 0x6b, 0x8e, 0x27, 0xa5, 0x19, 0x7d, 0xb2, 0xe6, 0x5c,
]);
const ID_AT = 12;
const SOURCE_AT = ID_AT + 16;
const SEQUENCE_AT = SOURCE_AT + 5;
const LENGTH_AT = SEQUENCE_AT + 5;
const SENT_AT = LENGTH_AT + 4;
const FILL_MESSAGE_AT = SENT_AT + 8;
const NAL_AT = 9;
/** Between the fill and the slice: the end of the SEI, the slice's length. */
const FILL_TO_SLICE = 5;
const MIN_FILL = 16;
const FILL_VALUES = 251;

const DELTA_SLICE_BYTES = deltaSlices[0]?.length ?? 0;
const KEY_SLICES = [keySlice] as const;

/** The minimum size of a frame, with a whole picture in it. */
export const MIN_FRAME_BYTES = FILL_MESSAGE_AT + 2 + MIN_FILL + FILL_TO_SLICE + keySlice.length;

/** A buffer for frames of one size. It is rewritten for each frame, so its user must have copied the frame before. */
export class SyntheticFrame {
  readonly payload: Uint8Array;
  readonly #key: boolean;
  readonly #fillAt: number;
  readonly #fillEnd: number;

  /** The payload has `size` bytes, one less where no SEI message makes that size, and never less than the minimum. */
  constructor(key: boolean, size: number) {
    const slice = key ? keySlice : this.#delta(0);
    const room = Math.max(MIN_FILL + 1, size - FILL_MESSAGE_AT - 1 - FILL_TO_SLICE - slice.length);
    const fill = room - 1 - Math.floor(room / 256);
    const long = Math.floor(fill / 255);
    this.#key = key;
    this.#fillAt = FILL_MESSAGE_AT + 2 + long;
    this.#fillEnd = this.#fillAt + fill;
    this.payload = new Uint8Array(this.#fillEnd + FILL_TO_SLICE + slice.length);
    this.payload.set([key ? 0x17 : 0x27, 1]);
    this.#nalLength(5, this.#fillEnd + 1 - NAL_AT);
    this.payload.set([6, 5, FILL_MESSAGE_AT - ID_AT], NAL_AT);
    this.payload.set(ID, ID_AT);
    writeNumber(this.payload, LENGTH_AT, 4, this.payload.length);
    this.payload[FILL_MESSAGE_AT] = 5;
    this.payload.fill(0xff, FILL_MESSAGE_AT + 1, this.#fillAt - 1);
    this.payload[this.#fillAt - 1] = fill % 255;
    this.payload[this.#fillEnd] = 0x80;
    this.#nalLength(this.#fillEnd + 1, slice.length);
    this.payload.set(slice, this.#fillEnd + FILL_TO_SLICE);
  }

  /** Turns the buffer into frame `sequence` (u32) of the stream `source` (u32), `sinceKey` frames after its key frame. */
  stamp(source: number, sequence: number, sentUs: number, sinceKey: number): void {
    writeNumber(this.payload, SOURCE_AT, 5, source);
    writeNumber(this.payload, SEQUENCE_AT, 5, sequence);
    writeNumber(this.payload, SENT_AT, 8, sentUs);
    this.payload.fill(fillOf(sequence), this.#fillAt, this.#fillEnd);
    if (!this.#key) this.payload.set(this.#delta(sinceKey), this.#fillEnd + FILL_TO_SLICE);
  }

  #delta(sinceKey: number): Uint8Array {
    return deltaSlices[sinceKey % deltaSlices.length] ?? keySlice;
  }

  #nalLength(at: number, length: number): void {
    new DataView(this.payload.buffer).setUint32(at, length);
  }
}

/** Reads stamps, one after another, without allocating. */
export class StampReader {
  source = 0;
  sequence = 0;
  sentUs = 0;
  #length = 0;

  /** Whether `payload` is a synthetic frame; if so, the fields have its stamp. */
  read(payload: Uint8Array): boolean {
    if (payload.length < FILL_MESSAGE_AT) return false;
    for (let i = 0; i < ID.length; i++) if (payload[ID_AT + i] !== ID[i]) return false;
    this.source = readNumber(payload, SOURCE_AT, 5);
    this.sequence = readNumber(payload, SEQUENCE_AT, 5);
    this.#length = readNumber(payload, LENGTH_AT, 4);
    this.sentUs = readNumber(payload, SENT_AT, 8);
    return true;
  }

  /**
   * Whether the frame just read has its length and its content: with `whole` all but the numbers that were read, else only
   * the last byte of its fill.
   */
  intact(payload: Uint8Array, whole: boolean): boolean {
    if (payload.length !== this.#length) return false;
    const fill = fillOf(this.sequence);
    const key = payload[0] === 0x17;
    const sliceBytes = key ? keySlice.length : DELTA_SLICE_BYTES;
    const end = payload.length - sliceBytes - FILL_TO_SLICE;
    if (payload[end - 1] !== fill) return false;
    if (!whole) return true;
    let at = FILL_MESSAGE_AT + 1;
    while (payload[at] === 0xff) at++;
    const fillBytes = (at - FILL_MESSAGE_AT - 1) * 255 + (payload[at] ?? 0);
    if (fillBytes !== end - at - 1) return false;
    for (at++; at < end; at++) if (payload[at] !== fill) return false;
    if (payload[end] !== 0x80) return false;
    return framed(payload, end, sliceBytes) && isSlice(payload, end + FILL_TO_SLICE, key ? KEY_SLICES : deltaSlices);
  }
}

/** Whether the bytes around the stamp and the fill, which ends at `end`, are unchanged. */
function framed(payload: Uint8Array, end: number, sliceBytes: number): boolean {
  if ((payload[0] !== 0x17 && payload[0] !== 0x27) || readU32(payload, 1) !== 0x01000000) return false;
  if (readU32(payload, 5) !== end + 1 - NAL_AT || readU32(payload, end + 1) !== sliceBytes) return false;
  if (payload[NAL_AT] !== 6 || payload[NAL_AT + 1] !== 5 || payload[NAL_AT + 2] !== FILL_MESSAGE_AT - ID_AT)
    return false;
  return payload[FILL_MESSAGE_AT] === 5;
}

/** Whether any of `slices` is at `at`. Which one is expected would be known only by counting from the key frame. */
function isSlice(payload: Uint8Array, at: number, slices: readonly Uint8Array[]): boolean {
  for (let which = 0; which < slices.length; which++) {
    const slice = slices[which];
    if (slice === undefined) continue;
    let same = 0;
    while (same < slice.length && payload[at + same] === slice[same]) same++;
    if (same === slice.length) return true;
  }
  return false;
}

function readU32(bytes: Uint8Array, at: number): number {
  let value = 0;
  for (let i = at; i < at + 4; i++) value = value * 256 + (bytes[i] ?? 0);
  return value;
}

function fillOf(sequence: number): number {
  return 4 + ((sequence * 31 + 7) % FILL_VALUES);
}

function writeNumber(out: Uint8Array, at: number, bytes: number, value: number): void {
  let rest = value;
  for (let i = at + bytes - 1; i >= at; i--) {
    out[i] = 0x80 | (rest % 128);
    rest = Math.floor(rest / 128);
  }
}

function readNumber(bytes: Uint8Array, at: number, count: number): number {
  let value = 0;
  for (let i = at; i < at + count; i++) value = value * 128 + ((bytes[i] ?? 0) & 0x7f);
  return value;
}
