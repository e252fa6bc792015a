import { ProtocolError } from "../base/errors.ts";
import { ByteWriter } from "../bytes/writer.ts";
import { Amf0Marker } from "./amf0-marker.ts";
import { writeAmf3 } from "./amf3-encode.ts";
import { MAX_DEPTH } from "./limits.ts";
import { AmfObject, type AmfValue, AmfXml } from "./value.ts";

const MAX_SHORT_BYTES = 0xffff;
const MAX_BYTES_PER_UNIT = 3;
const encoder = new TextEncoder();

/**
 * An AMF0 body with these values, without references: shared branches are written each time.
 * Everything that `decodeAmf0` returns can be encoded. Throws `ProtocolError` on values nested deeper than `MAX_DEPTH`
 * (a loop among them) and on names longer than 65,535 bytes.
 */
export function encodeAmf0(values: readonly AmfValue[]): Uint8Array {
  const out = new ByteWriter();
  for (const value of values) writeValue(out, value, 0);
  return out.finish();
}

function writeValue(out: ByteWriter, value: AmfValue, depth: number): void {
  switch (typeof value) {
    case "undefined":
      out.u8(Amf0Marker.Undefined);
      break;
    case "number":
      out.u8(Amf0Marker.Number);
      out.f64(value);
      break;
    case "boolean":
      out.u8(Amf0Marker.Boolean);
      out.u8(value ? 1 : 0);
      break;
    case "string":
      writeString(out, value);
      break;
    default:
      if (value === null) out.u8(Amf0Marker.Null);
      else writeComplex(out, value, depth);
  }
}

function writeComplex(out: ByteWriter, value: object, depth: number): void {
  if (value instanceof AmfObject) {
    writeObject(out, value, depth);
  } else if (value instanceof Date) {
    out.u8(Amf0Marker.Date);
    out.f64(value.getTime());
    out.i16(0);
  } else if (value instanceof AmfXml) {
    out.u8(Amf0Marker.XmlDocument);
    writeLong(out, value.text);
  } else if (value instanceof Uint8Array) {
    out.u8(Amf0Marker.AvmPlus); // AMF0 has no byte arrays
    writeAmf3(out, value, depth);
  } else {
    writeStrictArray(out, value as readonly AmfValue[], depth);
  }
}

function writeObject(out: ByteWriter, object: AmfObject, depth: number): void {
  checkDepth(depth);
  if (object.kind === "ecma-array") {
    out.u8(Amf0Marker.EcmaArray);
    out.u32(object.entries.size);
  } else if (object.className === undefined) {
    out.u8(Amf0Marker.Object);
  } else {
    out.u8(Amf0Marker.TypedObject);
    writeShort(out, object.className);
  }
  for (const [name, value] of object.entries) {
    writeShort(out, name);
    writeValue(out, value, depth + 1);
  }
  out.u24(Amf0Marker.ObjectEnd);
}

function writeStrictArray(out: ByteWriter, values: readonly AmfValue[], depth: number): void {
  checkDepth(depth);
  out.u8(Amf0Marker.StrictArray);
  out.u32(values.length);
  for (const value of values) writeValue(out, value, depth + 1);
}

function checkDepth(depth: number): void {
  if (depth >= MAX_DEPTH) throw new ProtocolError(`AMF values are nested deeper than ${MAX_DEPTH}`);
}

function writeString(out: ByteWriter, text: string): void {
  if (text.length * MAX_BYTES_PER_UNIT <= MAX_SHORT_BYTES) {
    out.u8(Amf0Marker.String);
    writeShort(out, text);
    return;
  }
  const bytes = encoder.encode(text);
  if (bytes.length <= MAX_SHORT_BYTES) {
    out.u8(Amf0Marker.String);
    out.u16(bytes.length);
  } else {
    out.u8(Amf0Marker.LongString);
    out.u32(bytes.length);
  }
  out.bytes(bytes);
}

// UTF-8 (AMF0 1.3.1): the length in 16 bits, then the text.
function writeShort(out: ByteWriter, text: string): void {
  const at = out.length;
  out.u16(0);
  const bytes = out.utf8(text);
  if (bytes > MAX_SHORT_BYTES) throw new ProtocolError(`AMF0 name of ${bytes} bytes, limit ${MAX_SHORT_BYTES}`);
  out.patchU16(at, bytes);
}

// UTF-8-long (AMF0 1.3.1): the length in 32 bits, then the text.
function writeLong(out: ByteWriter, text: string): void {
  const at = out.length;
  out.u32(0);
  out.patchU32(at, out.utf8(text));
}
