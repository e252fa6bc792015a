// Hot: push runs for each piece that is received of a stream.
import { ProtocolError } from "../base/errors.ts";
import {
  BACK_POINTER_BYTES,
  HEADER_BYTES,
  headerSize,
  mediaKind,
  readTagHeader,
  TAG_HEADER_BYTES,
  type TagHeader,
  tagSize,
  tagTimestamp,
} from "./flv.ts";
import { PacketKind } from "./packet.ts";

/** Maximum bytes of a file header: no version has a longer one. */
const MAX_HEADER_BYTES = 1024;

/** Receives each audio, video and script tag. The payload of audio and video is lent for the call, a script's belongs to the receiver. */
export type OnFlvTag = (kind: PacketKind, timestamp: number, payload: Uint8Array) => void;

const NOTHING = new Uint8Array(0);
/** A unit's first buffer; it doubles as bytes come, since a tag's size may be a lie. */
const FIRST_BYTES = 4096;

/** How an FLV file is read. */
export interface FlvReaderOptions {
  /** Tags of other types and wrong PreviousTagSizes are errors: FFmpeg writes none. */
  readonly strict?: boolean;
}

/**
 * Reads an FLV file that arrives in pieces and may never end (FLV 10.1, Annex E). Buffers at most one tag, in up to twice the bytes of it
 * that have come. Tags of other types, empty and encrypted ones are skipped.
 */
export class FlvReader {
  readonly #onTag: OnFlvTag;
  readonly #strict: boolean;
  /** The unit being collected: the file's header, a tag's header, or a tag's body, which in strict reading includes the size behind it. */
  #unit: Uint8Array = NOTHING;
  #have = 0;
  #need = HEADER_BYTES;
  #expect: "signature" | "tag" | "body" = "signature";
  /** Bytes to skip before that unit. */
  #skip = 0;
  #tag: TagHeader = { kind: undefined, size: 0, timestamp: 0 };
  #stopped = false;

  constructor(onTag: OnFlvTag, { strict = false }: FlvReaderOptions = {}) {
    this.#onTag = onTag;
    this.#strict = strict;
  }

  /** Bytes that are held of an incomplete unit. */
  get bufferedBytes(): number {
    return this.#have;
  }

  /** Processes the next bytes, and keeps no view of them. Throws ProtocolError when they are not an FLV file. */
  push(input: Uint8Array): void {
    // Views of a subclass (Buffer) cost several times as much.
    const plain = input.constructor === Uint8Array;
    const bytes = plain ? input : new Uint8Array(input.buffer, input.byteOffset, input.length);
    let at = 0;
    while (at < bytes.length && !this.#stopped) {
      if (this.#skip === 0 && this.#have === 0 && this.#expect === "tag") {
        const next = this.#readWhole(bytes, at);
        if (next > at) {
          at = next;
          continue;
        }
      }
      if (this.#skip > 0) {
        const passed = Math.min(this.#skip, bytes.length - at);
        this.#skip -= passed;
        at += passed;
        continue;
      }
      const end = Math.min(bytes.length, at + this.#need - this.#have);
      this.#collect(bytes, at, end);
      at = end;
      if (this.#have === this.#need) this.#whole();
    }
  }

  /** Hands over nothing more. */
  stop(): void {
    this.#stopped = true;
    this.#unit = NOTHING;
    this.#have = 0;
  }

  /** Hands over the tags from `from` on that are whole in the input; returns where the first incomplete one begins. */
  #readWhole(bytes: Uint8Array, from: number): number {
    let at = from;
    while (at + TAG_HEADER_BYTES <= bytes.length && !this.#stopped) {
      const body = at + TAG_HEADER_BYTES;
      const size = tagSize(bytes, at);
      const end = body + size;
      if (end + BACK_POINTER_BYTES > bytes.length) return at;
      at = end + BACK_POINTER_BYTES;
      const kind = mediaKind(bytes[body - TAG_HEADER_BYTES] ?? 0, size);
      if (this.#strict) {
        checkKind(kind, size);
        checkBackPointer(bytes, end, size);
      }
      if (kind === undefined) continue;
      const payload = kind === PacketKind.Data ? bytes.slice(body, end) : bytes.subarray(body, end);
      this.#onTag(kind, tagTimestamp(bytes, body - TAG_HEADER_BYTES), payload);
    }
    return at;
  }

  #whole(): void {
    const bytes = this.#unit;
    this.#unit = NOTHING;
    this.#have = 0;
    if (this.#expect === "body") {
      const { kind, size, timestamp } = this.#tag;
      if (this.#strict) checkBackPointer(bytes, size, size);
      this.#next(this.#strict ? 0 : BACK_POINTER_BYTES);
      if (kind !== undefined) this.#onTag(kind, timestamp, bytes.subarray(0, size));
      return;
    }
    if (this.#expect === "signature") {
      const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
      this.#next(headerSize(view, MAX_HEADER_BYTES) - HEADER_BYTES + BACK_POINTER_BYTES);
      return;
    }
    this.#tag = readTagHeader(bytes, 0);
    const { kind, size } = this.#tag;
    if (this.#strict) checkKind(kind, size);
    if (kind === undefined) this.#next(size + BACK_POINTER_BYTES);
    else {
      this.#expect = "body";
      this.#need = this.#strict ? size + BACK_POINTER_BYTES : size;
    }
  }

  /** A tag's header is next, after this many bytes to skip. */
  #next(skip: number): void {
    this.#expect = "tag";
    this.#need = TAG_HEADER_BYTES;
    this.#skip = skip;
  }

  /** Copies bytes to the unit, in an array of their own, so that no larger buffer is kept alive. */
  #collect(bytes: Uint8Array, from: number, to: number): void {
    const have = this.#have + to - from;
    if (have > this.#unit.length) {
      // Once the unit is whole, it fills its buffer.
      const larger = new Uint8Array(Math.min(this.#need, Math.max(have, 2 * this.#unit.length, FIRST_BYTES)));
      larger.set(this.#unit.subarray(0, this.#have));
      this.#unit = larger;
    }
    this.#unit.set(bytes.subarray(from, to), this.#have);
    this.#have = have;
  }
}

function checkKind(kind: PacketKind | undefined, size: number): void {
  if (kind === undefined && size > 0) throw new ProtocolError("an FLV tag of an unknown type");
}

function checkBackPointer(bytes: Uint8Array, at: number, size: number): void {
  const pointer =
    ((bytes[at] ?? 0) << 24) | ((bytes[at + 1] ?? 0) << 16) | ((bytes[at + 2] ?? 0) << 8) | (bytes[at + 3] ?? 0);
  if (pointer !== size + TAG_HEADER_BYTES)
    throw new ProtocolError(`an FLV tag of ${size + TAG_HEADER_BYTES} bytes with the size ${pointer >>> 0} behind it`);
}
