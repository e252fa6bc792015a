import { ProtocolError } from "../base/errors.ts";
import { PacketKind } from "./packet.ts";

/*
 * FLV 10.1, Annex E:
 *
 *   header  "FLV" version:8 flags:8 headerSize:32 previousTagSize0:32
 *   tag     00 filter:1 type:5  size:24  time:24 timeHigh:8  streamId:24  body[size]  previousTagSize:32
 */

/** One tag of an FLV file. */
export interface FlvTag {
  readonly kind: PacketKind;
  /** Unsigned 32-bit milliseconds, as in the file. */
  readonly timestamp: number;
  /** A view into the file's bytes. */
  readonly payload: Uint8Array;
}

/** Size of a file header without extensions. */
export const HEADER_BYTES = 9;
/** Bytes of a tag's header. */
export const TAG_HEADER_BYTES = 11;
/** Size of the PreviousTagSize after each tag. */
export const BACK_POINTER_BYTES = 4;
const TYPE_MASK = 0x1f;
/** "FLV" */
const SIGNATURE = 0x464c56;
/** The body is encrypted (E.4.1, Filter). */
const FILTER = 0x20;

/**
 * The audio, video and script tags of an FLV file; `file` holds its beginning or all of it. A tag that is cut off at the end is
 * dropped, and so are tags of other types, empty and encrypted ones. Throws `ProtocolError` when it is not an FLV file.
 */
export function* flvTags(file: Uint8Array): Generator<FlvTag, void> {
  const view = new DataView(file.buffer, file.byteOffset, file.byteLength);
  let at = firstTag(file, view);
  while (at + TAG_HEADER_BYTES <= file.length) {
    const { kind, size, timestamp } = readTagHeader(file, at);
    const body = at + TAG_HEADER_BYTES;
    const end = body + size;
    if (end > file.length) return;
    if (kind !== undefined) yield { kind, timestamp, payload: file.subarray(body, end) };
    at = end + BACK_POINTER_BYTES;
  }
}

function firstTag(file: Uint8Array, view: DataView): number {
  if (file.length < HEADER_BYTES)
    throw new ProtocolError(`an FLV file has a header of 9 bytes, this has ${file.length}`);
  return headerSize(view, file.length) + BACK_POINTER_BYTES;
}

/** The size of the file header that begins `view`, no longer than `most`. Throws ProtocolError when it is none. */
export function headerSize(view: DataView, most: number): number {
  if (view.getUint32(0) >>> 8 !== SIGNATURE) throw new ProtocolError('an FLV file begins with "FLV"');
  // E.2: the header of a later version may be longer.
  const size = view.getUint32(5);
  if (size < HEADER_BYTES || size > most) throw new ProtocolError(`an FLV header of ${size} bytes`);
  return size;
}

/** A tag's header; `kind` is undefined for a tag to skip: of another type, empty, or encrypted. */
export interface TagHeader {
  readonly kind: PacketKind | undefined;
  /** Size of the body, bytes. */
  readonly size: number;
  /** Unsigned 32-bit milliseconds. */
  readonly timestamp: number;
}

/** Reads the tag header (E.4.1) at a position. */
export function readTagHeader(bytes: Uint8Array, at: number): TagHeader {
  const size = tagSize(bytes, at);
  return { kind: mediaKind(bytes[at] ?? 0, size), size, timestamp: tagTimestamp(bytes, at) };
}

/** Size of the body of the tag whose header is at a position, bytes. */
export function tagSize(bytes: Uint8Array, at: number): number {
  return ((bytes[at + 1] ?? 0) << 16) | ((bytes[at + 2] ?? 0) << 8) | (bytes[at + 3] ?? 0);
}

/** Time of the tag whose header is at a position, unsigned 32-bit milliseconds. */
export function tagTimestamp(bytes: Uint8Array, at: number): number {
  const low = ((bytes[at + 4] ?? 0) << 16) | ((bytes[at + 5] ?? 0) << 8) | (bytes[at + 6] ?? 0);
  return (low | ((bytes[at + 7] ?? 0) << 24)) >>> 0;
}

/** The kind of a tag by its header's first byte; undefined for a tag to skip: of another type, empty, or encrypted. */
export function mediaKind(first: number, size: number): PacketKind | undefined {
  const kind = first & TYPE_MASK;
  return size > 0 && (first & FILTER) === 0 && isMedia(kind) ? kind : undefined;
}

function isMedia(kind: number): kind is PacketKind {
  return kind === PacketKind.Audio || kind === PacketKind.Video || kind === PacketKind.Data;
}
