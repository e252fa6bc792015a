import { ProtocolError } from "../base/errors.ts";
import { ByteWriter } from "../bytes/writer.ts";
import { writeU29 } from "./amf3-integer.ts";
import { Amf3Marker } from "./amf3-marker.ts";
import { MAX_DEPTH } from "./limits.ts";
import { AmfObject, type AmfValue, AmfXml } from "./value.ts";

const MAX_INTEGER = 0x0fffffff;
const MIN_INTEGER = -0x10000000;
const EMPTY_STRING = 0x01;
/** Traits that follow here, are not externalizable, are dynamic and name no sealed members (AMF3 3.12). */
const DYNAMIC_TRAITS = 0x0b;
const encoder = new TextEncoder();

/**
 * An AMF3 body with these values, without references. Objects are written with dynamic members only.
 * Throws `ProtocolError` on values nested deeper than `MAX_DEPTH` (a loop among them), on an empty member name, which
 * AMF3 cannot carry, and on lengths over 28 bits.
 */
export function encodeAmf3(values: readonly AmfValue[]): Uint8Array {
  const out = new ByteWriter();
  for (const value of values) writeAmf3(out, value, 0);
  return out.finish();
}

/** Appends one value that stands inside `depth` objects and arrays. */
export function writeAmf3(out: ByteWriter, value: AmfValue, depth: number): void {
  switch (typeof value) {
    case "undefined":
      out.u8(Amf3Marker.Undefined);
      break;
    case "number":
      writeNumber(out, value);
      break;
    case "boolean":
      out.u8(value ? Amf3Marker.True : Amf3Marker.False);
      break;
    case "string":
      out.u8(Amf3Marker.String);
      writeString(out, value);
      break;
    default:
      if (value === null) out.u8(Amf3Marker.Null);
      else writeComplex(out, value, depth);
  }
}

function writeNumber(out: ByteWriter, value: number): void {
  if (Number.isInteger(value) && value >= MIN_INTEGER && value <= MAX_INTEGER && !Object.is(value, -0)) {
    out.u8(Amf3Marker.Integer);
    writeU29(out, value & 0x1fffffff);
  } else {
    out.u8(Amf3Marker.Double);
    out.f64(value);
  }
}

function writeComplex(out: ByteWriter, value: object, depth: number): void {
  if (value instanceof AmfObject) {
    writeObject(out, value, depth);
  } else if (value instanceof Date) {
    out.u8(Amf3Marker.Date);
    writeU29(out, 1);
    out.f64(value.getTime());
  } else if (value instanceof AmfXml) {
    out.u8(Amf3Marker.Xml);
    writeString(out, value.text);
  } else if (value instanceof Uint8Array) {
    out.u8(Amf3Marker.ByteArray);
    writeBytes(out, value);
  } else {
    writeArray(out, value as readonly AmfValue[], depth);
  }
}

function writeObject(out: ByteWriter, object: AmfObject, depth: number): void {
  checkDepth(depth);
  if (object.kind === "ecma-array") {
    out.u8(Amf3Marker.Array);
    writeU29(out, 1); // no values without names
  } else {
    out.u8(Amf3Marker.Object);
    writeU29(out, DYNAMIC_TRAITS);
    writeString(out, object.className ?? "");
  }
  for (const [name, value] of object.entries) {
    if (name === "") throw new ProtocolError("AMF3 has no room for a member with an empty name");
    writeString(out, name);
    writeAmf3(out, value, depth + 1);
  }
  out.u8(EMPTY_STRING);
}

function writeArray(out: ByteWriter, values: readonly AmfValue[], depth: number): void {
  checkDepth(depth);
  out.u8(Amf3Marker.Array);
  writeU29(out, values.length * 2 + 1);
  out.u8(EMPTY_STRING); // no named values
  for (const value of values) writeAmf3(out, value, depth + 1);
}

function checkDepth(depth: number): void {
  if (depth >= MAX_DEPTH) throw new ProtocolError(`AMF values are nested deeper than ${MAX_DEPTH}`);
}

function writeString(out: ByteWriter, text: string): void {
  writeBytes(out, encoder.encode(text));
}

function writeBytes(out: ByteWriter, bytes: Uint8Array): void {
  writeU29(out, bytes.length * 2 + 1);
  out.bytes(bytes);
}
