import { ProtocolError } from "../base/errors.ts";
import { ByteReader } from "../bytes/reader.ts";
import { Amf0Marker } from "./amf0-marker.ts";
import { Amf3Reader } from "./amf3-decode.ts";
import { Budget } from "./budget.ts";
import { MAX_NAME_BYTES } from "./limits.ts";
import { References } from "./references.ts";
import { AmfObject, type AmfValue, AmfXml } from "./value.ts";

/**
 * All values of an AMF0 body (AMF0, section 2). They share no memory with `body`.
 * Throws `ProtocolError` when the body is cut short, malformed or beyond the limits of `limits.ts`.
 */
export function decodeAmf0(body: Uint8Array): AmfValue[] {
  const reader = new Amf0Reader(new ByteReader(body, "AMF0 body"));
  const values: AmfValue[] = [];
  while (reader.input.remaining > 0) values.push(reader.value());
  return values;
}

/** Reads one body: references reach back over all of its values. */
class Amf0Reader {
  readonly input: ByteReader;
  private readonly budget = new Budget();
  private readonly references = new References(this.budget);
  private amf3: Amf3Reader | undefined;

  constructor(input: ByteReader) {
    this.input = input;
  }

  value(): AmfValue {
    const { input } = this;
    this.budget.spend(1);
    const marker = input.u8();
    switch (marker) {
      case Amf0Marker.Number:
        return input.f64();
      case Amf0Marker.Boolean:
        return input.u8() !== 0;
      case Amf0Marker.String:
        return input.utf8(input.u16());
      case Amf0Marker.LongString:
        return input.utf8(input.u32());
      case Amf0Marker.Null:
        return null;
      case Amf0Marker.Undefined:
      case Amf0Marker.Unsupported:
        return undefined;
      case Amf0Marker.Object:
        return this.object("object");
      case Amf0Marker.TypedObject:
        return this.object("object", this.name() || undefined);
      case Amf0Marker.EcmaArray:
        // The count is a hint, and often 0 or wrong (AMF0 2.10).
        input.skip(4);
        return this.object("ecma-array");
      case Amf0Marker.StrictArray:
        return this.strictArray();
      case Amf0Marker.Reference:
        return this.references.get(input.u16());
      case Amf0Marker.Date:
        return this.date();
      case Amf0Marker.XmlDocument:
        return new AmfXml(input.utf8(input.u32()));
      case Amf0Marker.AvmPlus:
        // The value is counted by the AMF3 reader.
        this.budget.values -= 1;
        this.amf3 ??= new Amf3Reader(input, this.budget);
        return this.amf3.value();
      default:
        throw new ProtocolError(`unknown AMF0 marker 0x${marker.toString(16)} at offset ${input.offset - 1}`);
    }
  }

  private object(kind: "object" | "ecma-array", className?: string): AmfObject {
    const { input } = this;
    const object = new AmfObject(kind, className);
    const index = this.references.open(input.offset);
    while (!this.atEnd(kind)) {
      const name = this.name();
      object.entries.set(name, this.value());
    }
    this.references.close(index, object, input.offset);
    return object;
  }

  // The end of an object is an empty name with the end marker after it (AMF0 2.11). Some cameras omit it after an ECMA
  // array that ends the body. An empty name before any other marker is a name.
  private atEnd(kind: "object" | "ecma-array"): boolean {
    const { input } = this;
    if (kind === "ecma-array" && input.remaining === 0) return true;
    const start = input.offset;
    if (input.u24() === Amf0Marker.ObjectEnd) return true;
    input.offset = start;
    return false;
  }

  private name(): string {
    const length = this.input.u16();
    if (length > MAX_NAME_BYTES) throw new ProtocolError(`AMF0 name of ${length} bytes, limit ${MAX_NAME_BYTES}`);
    return this.input.utf8(length);
  }

  private strictArray(): AmfValue[] {
    const { input } = this;
    const start = input.offset;
    const count = input.u32();
    if (count > input.remaining) {
      throw new ProtocolError(`AMF0 array claims ${count} values in ${input.remaining} bytes`);
    }
    const values: AmfValue[] = [];
    const index = this.references.open(start);
    for (let i = 0; i < count; i++) values.push(this.value());
    this.references.close(index, values, input.offset);
    return values;
  }

  // Milliseconds since 1970 in UTC. The time zone after it is reserved and must not be used (AMF0 2.13).
  private date(): Date {
    const milliseconds = this.input.f64();
    this.input.skip(2);
    return new Date(milliseconds);
  }
}
