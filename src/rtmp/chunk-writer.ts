// Hot: every message that leaves passes here once for each wire encoding. No closures, strings or views.
import { copyBytes } from "../base/memory.ts";
import { EXTENDED } from "./chunk-header.ts";

/** Type-0 chunk header with a one-byte basic header (RTMP 1.0, 5.3.1). */
const HEADER_BYTES = 12;

/**
 * Bytes that `writeMessage` writes for a message. `timestamp` is u32 milliseconds, `chunkSize` at least 1.
 * Throws a RangeError for a payload of 2^24 bytes or more, which no header can express.
 */
export function messageSize(payloadLength: number, timestamp: number, chunkSize: number): number {
  if (payloadLength > 0xffffff) throw new RangeError(`an RTMP message cannot carry ${payloadLength} bytes`);
  const extra = timestamp >= EXTENDED ? 4 : 0;
  const splits = payloadLength > chunkSize ? Math.ceil(payloadLength / chunkSize) - 1 : 0;
  return HEADER_BYTES + extra + payloadLength + splits * (1 + extra);
}

/**
 * Writes one message at `at` and returns where it ends: a type-0 header, then type-3 ones, with an extended timestamp
 * repeated on each (RTMP 1.0, 5.3). `out` must have room for `messageSize` bytes; `chunkStreamId` is 2 to 63. The message's payload is
 * `length` bytes of `payload` from `offset` on.
 */
export function writeMessage(
  out: Uint8Array,
  at: number,
  chunkStreamId: number,
  timestamp: number,
  type: number,
  streamId: number,
  payload: Uint8Array,
  chunkSize: number,
  offset = 0,
  length = payload.length,
): number {
  const extended = timestamp >= EXTENDED;
  const field = extended ? EXTENDED : timestamp;
  out[at] = chunkStreamId;
  out[at + 1] = field >>> 16;
  out[at + 2] = field >>> 8;
  out[at + 3] = field;
  out[at + 4] = length >>> 16;
  out[at + 5] = length >>> 8;
  out[at + 6] = length;
  out[at + 7] = type;
  out[at + 8] = streamId;
  out[at + 9] = streamId >>> 8;
  out[at + 10] = streamId >>> 16;
  out[at + 11] = streamId >>> 24;
  let to = at + HEADER_BYTES;
  if (extended) to = writeU32(out, to, timestamp);
  let from = offset;
  const end = offset + length;
  while (end - from > chunkSize) {
    copyBytes(out, to, payload, from, from + chunkSize);
    from += chunkSize;
    to += chunkSize;
    out[to++] = 0xc0 | chunkStreamId;
    if (extended) to = writeU32(out, to, timestamp);
  }
  copyBytes(out, to, payload, from, end);
  return to + end - from;
}

function writeU32(out: Uint8Array, at: number, value: number): number {
  out[at] = value >>> 24;
  out[at + 1] = value >>> 16;
  out[at + 2] = value >>> 8;
  out[at + 3] = value;
  return at + 4;
}
