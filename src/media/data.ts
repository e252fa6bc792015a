import { decodeAmf0 } from "../amf/amf0.ts";
import { Amf0Marker } from "../amf/amf0-marker.ts";
import type { AmfValue } from "../amf/value.ts";
import { ProtocolError } from "../base/errors.ts";
import { ByteReader } from "../bytes/reader.ts";

/** The data message whose newest values are kept for readers that join later. */
export const METADATA_NAME = "onMetaData";

const SET_DATA_FRAME = "@setDataFrame";
const CLEAR_DATA_FRAME = "@clearDataFrame";
/** A server's own answer to `play`: a publisher's copy would overrule ours. */
const SAMPLE_ACCESS = "|RtmpSampleAccess";
/** FFmpeg and some encoders send a bare number here. */
const TIMECODE_BYTES = 4;
const STRING_HEADER_BYTES = 3;
/** Maximum size of metadata that is parsed. Files of many hours have indexes of this size, which are dropped. */
const MAX_METADATA_BYTES = 4 * 1024 * 1024;

/** One data message of a publisher's (RTMP types 18 and 15). */
export interface DataMessage {
  /** Without `@setDataFrame` and `@clearDataFrame`; may be empty for AMF3. */
  readonly name: string;
  /** `metadata` and `clear` change the retained metadata; `pass` goes to the readers unchanged. */
  readonly action: "metadata" | "clear" | "pass";
  /** Whether the name came after `@setDataFrame`: then its values are added to the existing ones. */
  readonly merge: boolean;
  /** The values after the name, for metadata. Empty for other actions, whose values are not parsed. */
  readonly values: readonly AmfValue[];
  /** The message without `@setDataFrame`: the payload itself if it had none, else an exactly sized copy. */
  readonly body: Uint8Array;
}

/**
 * Reads a data message; undefined when readers should not get it. `amf3` is for type 15, whose names are AMF0 strings after a
 * zero byte; a body that begins otherwise passes unread. Throws `ProtocolError` for malformed metadata.
 */
export function readData(payload: Uint8Array, amf3: boolean): DataMessage | undefined {
  if (payload.length === 0 || (!amf3 && payload.length === TIMECODE_BYTES)) return undefined;
  const start = amf3 && payload[0] === 0 ? 1 : 0;
  const first = readName(payload, start);
  if (first === undefined) {
    return amf3 ? { name: "", action: "pass", merge: false, values: [], body: payload } : undefined;
  }
  if (first.name === SAMPLE_ACCESS) return undefined;
  if (first.name === CLEAR_DATA_FRAME) {
    const name = readName(payload, first.end)?.name ?? METADATA_NAME;
    return { name, action: "clear", merge: false, values: [], body: payload };
  }
  const merge = first.name === SET_DATA_FRAME;
  const named = merge ? readName(payload, first.end) : first;
  if (named === undefined || named.name === SAMPLE_ACCESS) return undefined;
  const { name } = named;
  if (name === METADATA_NAME) {
    if (payload.length > MAX_METADATA_BYTES)
      throw new ProtocolError(`metadata has ${payload.length} bytes, ${MAX_METADATA_BYTES} allowed`);
    return { name, action: "metadata", merge, values: decodeAmf0(payload.subarray(named.end)), body: payload };
  }
  return { name, action: "pass", merge, values: [], body: merge ? without(payload, start, first.end) : payload };
}

/** The name in the body of a data message, as `readData` returned it. */
export function dataName(body: Uint8Array, amf3: boolean): string {
  return readName(body, amf3 && body[0] === 0 ? 1 : 0)?.name ?? "";
}

/** The AMF0 string at `at` and its end; undefined when there is none. */
function readName(payload: Uint8Array, at: number): { name: string; end: number } | undefined {
  if (payload.length < at + STRING_HEADER_BYTES || payload[at] !== Amf0Marker.String) return undefined;
  const reader = new ByteReader(payload.subarray(at + 1), "data message");
  const length = reader.u16();
  if (length > reader.remaining) return undefined;
  return { name: reader.utf8(length), end: at + STRING_HEADER_BYTES + length };
}

/** A copy of `payload` without the bytes from `start` to `end`. */
function without(payload: Uint8Array, start: number, end: number): Uint8Array {
  const rest = new Uint8Array(payload.length - (end - start));
  rest.set(payload.subarray(0, start));
  rest.set(payload.subarray(end), start);
  return rest;
}
