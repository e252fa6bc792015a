// Hot: push runs for each piece that is received of a stream.
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

/** Longest file header: no version has a longer one. */
const MAX_HEADER_BYTES = 1024;

/** Receives each audio, video and script tag. The payload of audio and video is lent for the call, a script's belongs to the receiver. */
export type OnFlvTag = (kind: PacketKind, timestamp: number, payload: Uint8Array) => void;

/**
 * Reads an FLV file that arrives in pieces and may never end (FLV 10.1, Annex E). Buffers at most one tag's body. Tags of other
 * types, empty and encrypted ones are skipped.
 */
export class FlvReader {
  readonly #onTag: OnFlvTag;
  /** The unit being collected: the file's header, or a tag's header or body. */
  #pieces: Uint8Array[] = [];
  #have = 0;
  #need = HEADER_BYTES;
  #expect: "signature" | "tag" | "body" = "signature";
  /** Bytes to skip before that unit. */
  #skip = 0;
  #tag: TagHeader = { kind: undefined, size: 0, timestamp: 0 };
  #stopped = false;

  constructor(onTag: OnFlvTag) {
    this.#onTag = onTag;
  }

  /** Bytes held of what has not come whole. */
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
      this.#pieces.push(bytes.slice(at, end));
      this.#have += end - at;
      at = end;
      if (this.#have === this.#need) this.#whole();
    }
  }

  /** Hands over nothing more. */
  stop(): void {
    this.#stopped = true;
    this.#pieces = [];
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
      if (kind === undefined) continue;
      const payload = kind === PacketKind.Data ? bytes.slice(body, end) : bytes.subarray(body, end);
      this.#onTag(kind, tagTimestamp(bytes, body - TAG_HEADER_BYTES), payload);
    }
    return at;
  }

  #whole(): void {
    const bytes = this.#take();
    if (this.#expect === "body") {
      const { kind, timestamp } = this.#tag;
      this.#next(BACK_POINTER_BYTES);
      if (kind !== undefined) this.#onTag(kind, timestamp, bytes);
      return;
    }
    if (this.#expect === "signature") {
      const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
      this.#next(headerSize(view, MAX_HEADER_BYTES) - HEADER_BYTES + BACK_POINTER_BYTES);
      return;
    }
    this.#tag = readTagHeader(bytes, 0);
    if (this.#tag.kind === undefined) this.#next(this.#tag.size + BACK_POINTER_BYTES);
    else {
      this.#expect = "body";
      this.#need = this.#tag.size;
    }
  }

  /** A tag's header is next, after this many bytes to skip. */
  #next(skip: number): void {
    this.#expect = "tag";
    this.#need = TAG_HEADER_BYTES;
    this.#skip = skip;
  }

  /** Joins the pieces in an array of their own, so that no larger buffer is kept alive. */
  #take(): Uint8Array {
    const whole = new Uint8Array(this.#have);
    let at = 0;
    for (const piece of this.#pieces) {
      whole.set(piece, at);
      at += piece.length;
    }
    this.#pieces = [];
    this.#have = 0;
    return whole;
  }
}
