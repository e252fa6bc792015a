import { AmfObject, type AmfValue, AmfXml } from "../../src/amf/value.ts";

/** A body, its values and where they come from. Sections are those of "Action Message Format -- AMF 0" (Adobe, 2007). */
export interface AmfVector {
  readonly name: string;
  readonly value: readonly AmfValue[];
  readonly hex: string;
}

/** What a body that must be refused is refused with. */
export interface BadAmfVector {
  readonly name: string;
  readonly hex: string;
  readonly message: string;
}

/** Written exactly as they are read. */
export const amf0Vectors: readonly AmfVector[] = [
  { name: "2.2 number", value: [1], hex: "00 3ff0000000000000" },
  { name: "2.2 number, negative zero", value: [-0], hex: "00 8000000000000000" },
  { name: "2.2 number, not a number", value: [Number.NaN], hex: "00 7ff8000000000000" },
  { name: "2.3 boolean true", value: [true], hex: "01 01" },
  { name: "2.3 boolean false", value: [false], hex: "01 00" },
  { name: "2.4 string", value: ["live"], hex: "02 0004 6c697665" },
  { name: "2.4 string, empty", value: [""], hex: "02 0000" },
  { name: "2.4 string beyond ASCII", value: ["中é😀"], hex: "02 0009 e4b8ad c3a9 f09f9880" },
  { name: "2.4 string that begins with a byte order mark", value: ["\ufeffa"], hex: "02 0004 efbbbf 61" },
  { name: "2.5 object", value: [AmfObject.of({ a: 1 })], hex: "03 0001 61 00 3ff0000000000000 0000 09" },
  { name: "2.5 object, empty", value: [AmfObject.of({})], hex: "03 0000 09" },
  { name: "2.7 null", value: [null], hex: "05" },
  { name: "2.8 undefined", value: [undefined], hex: "06" },
  { name: "2.10 ECMA array", value: [AmfObject.ecma({ a: true })], hex: "08 00000001 0001 61 01 01 0000 09" },
  { name: "2.12 strict array", value: [["a", null]], hex: "0a 00000002 02 0001 61 05" },
  { name: "2.12 strict array, empty", value: [[]], hex: "0a 00000000" },
  { name: "2.13 date", value: [new Date(1_000_000_000_000)], hex: "0b 426d1a94a2000000 0000" },
  { name: "2.17 XML document", value: [new AmfXml("<a/>")], hex: "0f 00000004 3c612f3e" },
  {
    name: "2.18 typed object",
    value: [new AmfObject("object", "C", new Map([["a", null]]))],
    hex: "10 0001 43 0001 61 05 0000 09",
  },
  { name: "3.1 AMF3 byte array", value: [new Uint8Array([1, 2])], hex: "11 0c 05 0102" },
  { name: "an object whose member has an empty name", value: [AmfObject.of({ "": null })], hex: "03 0000 05 0000 09" },
  {
    name: "a member named __proto__",
    value: [new AmfObject("object", undefined, new Map([["__proto__", AmfObject.of({ x: true })]]))],
    hex: "03 0009 5f5f70726f746f5f5f 03 0001 78 01 01 000009 000009",
  },
];

const shared = AmfObject.of({ a: null });

/** Other spellings of values: read, but never written like this. */
export const amf0ReadOnlyVectors: readonly AmfVector[] = [
  { name: "no values", value: [], hex: "" },
  { name: "2.3 boolean, any byte but zero is true", value: [true], hex: "01 ff" },
  { name: "2.9 reference to an object", value: [shared, shared], hex: "03 0001 61 05 000009 07 0000" },
  {
    name: "2.9 reference to the second object of an array",
    value: [[AmfObject.of({}), shared, shared]],
    hex: "0a 00000003 03 000009 03 0001 61 05 000009 07 0002",
  },
  {
    name: "2.9 reference to an ECMA array",
    value: [AmfObject.ecma({}), AmfObject.ecma({})],
    hex: "08 00000000 000009 070000",
  },
  {
    name: "2.10 ECMA array whose count is too small",
    value: [AmfObject.ecma({ a: null })],
    hex: "08 00000000 0001 61 05 000009",
  },
  {
    name: "2.10 ECMA array whose count is too large",
    value: [AmfObject.ecma({ a: null })],
    hex: "08 ffffffff 0001 61 05 000009",
  },
  {
    name: "ECMA array without an end marker, last in the body",
    value: [AmfObject.ecma({ a: null })],
    hex: "08 00000001 0001 61 05",
  },
  { name: "ECMA array without anything, last in the body", value: [AmfObject.ecma({})], hex: "08 00000000" },
  {
    name: "2.13 date with a time zone, which is not used",
    value: [new Date(1_000_000_000_000)],
    hex: "0b 426d1a94a2000000 fe20",
  },
  { name: "2.14 long string, though short", value: ["ab"], hex: "0c 00000002 6162" },
  { name: "2.15 unsupported", value: [undefined], hex: "0d" },
  { name: "2.18 typed object of no class", value: [AmfObject.of({})], hex: "10 0000 000009" },
  { name: "3.1 AMF3 integer, then AMF0", value: [5, null], hex: "11 04 05 05" },
  {
    name: "3.1 AMF3 strings, the second a reference to the first",
    value: ["ab", true, "ab"],
    hex: "11 06 05 6162 01 01 11 06 00",
  },
  {
    name: "a key that comes twice keeps its place and its last value",
    value: [AmfObject.of({ a: true, b: null })],
    hex: "03 0001 61 05 0001 62 05 0001 61 01 01 000009",
  },
  { name: "text that is not UTF-8", value: ["a\ufffdb"], hex: "02 0003 61ff62" },
];

/** Bodies that are refused. */
export const amf0BadVectors: readonly BadAmfVector[] = [
  { name: "2.6 MovieClip is reserved", hex: "04", message: "unknown AMF0 marker 0x4 at offset 0" },
  { name: "2.11 an end marker without an object", hex: "05 09", message: "unknown AMF0 marker 0x9 at offset 1" },
  { name: "2.16 RecordSet is reserved", hex: "0e", message: "unknown AMF0 marker 0xe at offset 0" },
  { name: "a marker that nobody defined", hex: "12", message: "unknown AMF0 marker 0x12 at offset 0" },
  {
    name: "a number that is cut short",
    hex: "00 3ff0",
    message: "AMF0 body ends too early: 8 bytes expected at offset 1, 2 there",
  },
  {
    name: "a long string longer than the body",
    hex: "0c ffffffff 61",
    message: "AMF0 body ends too early: 4294967295 bytes expected at offset 5, 1 there",
  },
  {
    name: "an object without an end marker",
    hex: "03 0001 61 05",
    message: "AMF0 body ends too early: 3 bytes expected at offset 5, 0 there",
  },
  {
    name: "a name with the end marker for its value",
    hex: "03 0001 61 09",
    message: "unknown AMF0 marker 0x9 at offset 4",
  },
  {
    name: "a strict array of more values than bytes",
    hex: "0a ffffffff 05",
    message: "AMF0 array claims 4294967295 values in 1 bytes",
  },
  { name: "a reference to nothing", hex: "07 0000", message: "AMF reference 0 points nowhere: 0 objects so far" },
  {
    name: "an array that contains itself",
    hex: "0a 00000001 07 0000",
    message: "AMF reference 0 points to an object that contains it",
  },
  {
    name: "an object that contains itself deeper down",
    hex: "03 0001 61 0a 00000001 07 0000 000009",
    message: "AMF reference 0 points to an object that contains it",
  },
];
