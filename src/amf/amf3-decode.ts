import { ProtocolError } from "../base/errors.ts";
import { ByteReader } from "../bytes/reader.ts";
import { readU29 } from "./amf3-integer.ts";
import { Amf3Marker } from "./amf3-marker.ts";
import { type Traits, TraitsTable } from "./amf3-traits.ts";
import { Budget } from "./budget.ts";
import { MAX_NAME_BYTES } from "./limits.ts";
import { References } from "./references.ts";
import { AmfObject, type AmfValue, AmfXml } from "./value.ts";

/** Externalizable classes of Flex whose body is one value: that value stands for them. */
const FLEX_WRAPPERS: ReadonlySet<string> = new Set([
  "flex.messaging.io.ArrayCollection",
  "flex.messaging.io.ObjectProxy",
]);

/**
 * All values of an AMF3 body (AMF3, section 3). They share no memory with `body`.
 * Throws `ProtocolError` when the body is cut short, malformed or beyond the limits of `limits.ts`.
 */
export function decodeAmf3(body: Uint8Array): AmfValue[] {
  const input = new ByteReader(body, "AMF3 body");
  const reader = new Amf3Reader(input, new Budget());
  const values: AmfValue[] = [];
  while (input.remaining > 0) values.push(reader.value());
  return values;
}

/** Reads the AMF3 values of one body one by one, with its three reference tables. */
export class Amf3Reader {
  private readonly input: ByteReader;
  private readonly budget: Budget;
  private readonly objects: References;
  private readonly traits: TraitsTable;
  private readonly strings: string[] = [];
  private readonly stringBytes: number[] = [];

  /** Both are shared with the AMF0 reader when the value stands in an AMF0 body. */
  constructor(input: ByteReader, budget: Budget) {
    this.input = input;
    this.budget = budget;
    this.objects = new References(budget);
    this.traits = new TraitsTable(budget);
  }

  /** The next value. */
  value(): AmfValue {
    const { input } = this;
    this.budget.spend(1);
    const marker = input.u8();
    switch (marker) {
      case Amf3Marker.Undefined:
        return undefined;
      case Amf3Marker.Null:
        return null;
      case Amf3Marker.False:
        return false;
      case Amf3Marker.True:
        return true;
      case Amf3Marker.Integer:
        return (readU29(input) << 3) >> 3; // the 29th bit is the sign
      case Amf3Marker.Double:
        return input.f64();
      case Amf3Marker.String:
        return this.string();
      default:
        return this.complex(marker);
    }
  }

  // Each of these values begins with a U29: a reference (low bit 0), or a length or flags above a low bit of 1.
  private complex(marker: number): AmfValue {
    if (marker < Amf3Marker.XmlDocument || marker > Amf3Marker.Dictionary) {
      throw new ProtocolError(`unknown AMF3 marker 0x${marker.toString(16)} at offset ${this.input.offset - 1}`);
    }
    const start = this.input.offset;
    const head = readU29(this.input);
    if ((head & 1) === 0) return this.objects.get(head >> 1);
    switch (marker) {
      case Amf3Marker.XmlDocument:
      case Amf3Marker.Xml:
        return this.leaf(new AmfXml(this.input.utf8(head >> 1)), start);
      case Amf3Marker.Date:
        return this.leaf(new Date(this.input.f64()), start);
      case Amf3Marker.ByteArray:
        return this.leaf(this.input.bytes(head >> 1).slice(), start);
      default:
        return this.container(marker, head, start);
    }
  }

  private leaf(value: AmfValue, start: number): AmfValue {
    this.objects.leaf(value, this.input.offset - start);
    return value;
  }

  private container(marker: number, head: number, start: number): AmfValue {
    const index = this.objects.open(start);
    const value = this.contents(marker, head);
    this.objects.close(index, value, this.input.offset);
    return value;
  }

  private contents(marker: number, head: number): AmfValue {
    switch (marker) {
      case Amf3Marker.Array:
        return this.array(head >> 1);
      case Amf3Marker.Object:
        return this.object(head);
      case Amf3Marker.Dictionary:
        return this.dictionary(head >> 1);
      default:
        return this.vector(marker, head >> 1);
    }
  }

  // Named values up to an empty name, then `count` values without names (AMF3 3.11).
  private array(count: number): AmfValue {
    this.claim("array", count, 1);
    const named = new AmfObject("ecma-array");
    this.members(named);
    if (named.entries.size === 0) return this.values(count);
    for (let i = 0; i < count; i++) named.entries.set(String(i), this.value());
    return named;
  }

  private object(head: number): AmfValue {
    const traits = (head & 2) === 0 ? this.traits.get(head >> 2) : this.newTraits(head);
    if (traits.externalizable) {
      if (FLEX_WRAPPERS.has(traits.className)) return this.value();
      throw new ProtocolError(`AMF3 class "${traits.className}" has a format of its own, which is unknown here`);
    }
    const object = new AmfObject("object", traits.className || undefined);
    for (const name of traits.names) object.entries.set(name, this.value());
    if (traits.dynamic) this.members(object);
    return object;
  }

  // AMF3 3.12: class name and names of the sealed members; their values come with each object.
  private newTraits(head: number): Traits {
    const start = this.input.offset;
    const referenced = this.budget.referenced;
    const externalizable = (head & 4) !== 0;
    const count = externalizable ? 0 : head >> 4;
    const className = this.name();
    this.claim("traits", count, 1);
    this.budget.spend(count);
    const names: string[] = [];
    for (let i = 0; i < count; i++) names.push(this.name());
    const bytes = this.input.offset - start + this.budget.referenced - referenced;
    return this.traits.add({ className, externalizable, dynamic: (head & 8) !== 0, names, bytes });
  }

  // Dynamic members, or the named part of an array: names and values up to an empty name.
  private members(object: AmfObject): void {
    for (let name = this.name(); name !== ""; name = this.name()) object.entries.set(name, this.value());
  }

  // AMF3 3.15: a byte that says whether the length is fixed, for objects a class name, then the items.
  private vector(marker: number, count: number): AmfValue {
    const { input } = this;
    input.skip(1);
    if (marker === Amf3Marker.VectorObject) {
      this.name();
      this.claim("vector", count, 1);
      return this.values(count);
    }
    this.claim("vector", count, marker === Amf3Marker.VectorDouble ? 8 : 4);
    this.budget.spend(count);
    const numbers: number[] = [];
    for (let i = 0; i < count; i++) {
      if (marker === Amf3Marker.VectorDouble) numbers.push(input.f64());
      else numbers.push(marker === Amf3Marker.VectorInt ? input.u32() | 0 : input.u32());
    }
    return numbers;
  }

  // AMF3 3.16: a byte for weak keys, then keys and values. Keys may be objects, so pairs and not a Map of strings.
  private dictionary(count: number): AmfValue {
    this.input.skip(1);
    this.claim("dictionary", count, 2);
    this.budget.spend(count);
    this.budget.reach(1); // a pair is an array of its own
    this.budget.depth += 1;
    const pairs: AmfValue[] = [];
    for (let i = 0; i < count; i++) pairs.push([this.value(), this.value()]);
    this.budget.depth -= 1;
    return pairs;
  }

  private values(count: number): AmfValue[] {
    const values: AmfValue[] = [];
    for (let i = 0; i < count; i++) values.push(this.value());
    return values;
  }

  // AMF3 1.3.2: the empty string is never put into the table.
  private string(): string {
    const head = readU29(this.input);
    const length = head >> 1;
    if ((head & 1) === 0) return this.stringAt(length);
    const text = this.input.utf8(length);
    if (length > 0) {
      this.strings.push(text);
      this.stringBytes.push(length);
    }
    return text;
  }

  private stringAt(index: number): string {
    const text = this.strings[index];
    if (text === undefined) {
      throw new ProtocolError(`AMF3 string reference ${index} points nowhere: ${this.strings.length} strings so far`);
    }
    this.budget.refer(this.stringBytes[index] as number); // same length as `strings`
    return text;
  }

  private name(): string {
    const name = this.string();
    if (name.length > MAX_NAME_BYTES) {
      throw new ProtocolError(`AMF3 name of ${name.length} characters, limit ${MAX_NAME_BYTES}`);
    }
    return name;
  }

  private claim(what: string, count: number, bytesEach: number): void {
    const { remaining } = this.input;
    if (count * bytesEach > remaining)
      throw new ProtocolError(`AMF3 ${what} claims ${count} items in ${remaining} bytes`);
  }
}
