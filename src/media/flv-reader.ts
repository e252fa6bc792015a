import {
  BACK_POINTER_BYTES,
  HEADER_BYTES,
  headerSize,
  readTagHeader,
  TAG_HEADER_BYTES,
  type TagHeader,
} from "./flv.ts";
import type { PacketKind } from "./packet.ts";

/** A longer file header is none: no version has one. */
const MAX_HEADER_BYTES = 1024;

/** What a reader hands over: each audio, video and script tag; `payload` is the receiver's. */
export type OnFlvTag = (kind: PacketKind, timestamp: number, payload: Uint8Array) => void;

/**
 * Reads an FLV file that comes piece by piece and may never end (FLV 10.1, Annex E). Holds no more than one tag's body, as far as
 * it has come. Tags of other types, empty and encrypted ones are passed over.
 */
export class FlvReader {
  readonly #onTag: OnFlvTag;
  /** What belongs together and has not come whole: the file's header, or a tag's header or body. */
  #pieces: Uint8Array[] = [];
  #have = 0;
  #need = HEADER_BYTES;
  #expect: "signature" | "tag" | "body" = "signature";
  /** Bytes to pass over before what is expected. */
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

  /** Takes the next bytes. Throws ProtocolError when they are no FLV file. */
  push(bytes: Uint8Array): void {
    let at = 0;
    while (at < bytes.length && !this.#stopped) {
      if (this.#skip > 0) {
        const passed = Math.min(this.#skip, bytes.length - at);
        this.#skip -= passed;
        at += passed;
        continue;
      }
      const end = Math.min(bytes.length, at + this.#need - this.#have);
      this.#pieces.push(bytes.subarray(at, end));
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

  #whole(): void {
    const bytes = this.#take();
    if (this.#expect === "body") {
      const { kind, timestamp } = this.#tag;
      this.#next(BACK_POINTER_BYTES);
      if (kind !== undefined) this.#onTag(kind, timestamp, bytes);
      return;
    }
    const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
    if (this.#expect === "signature") {
      this.#next(headerSize(view, MAX_HEADER_BYTES) - HEADER_BYTES + BACK_POINTER_BYTES);
      return;
    }
    this.#tag = readTagHeader(view, 0);
    if (this.#tag.kind === undefined) this.#next(this.#tag.size + BACK_POINTER_BYTES);
    else {
      this.#expect = "body";
      this.#need = this.#tag.size;
    }
  }

  /** A tag's header is next, behind so many bytes. */
  #next(skip: number): void {
    this.#expect = "tag";
    this.#need = TAG_HEADER_BYTES;
    this.#skip = skip;
  }

  /** The pieces in one array of their own: nothing keeps a buffer alive that others' bytes are in. */
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
