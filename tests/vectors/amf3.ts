import { AmfObject, AmfXml } from "../../src/amf/value.ts";
import type { AmfVector, BadAmfVector } from "./amf0.ts";

// Sections are those of "Action Message Format -- AMF 3" (Adobe, January 2013).

/** Written exactly as they are read. */
export const amf3Vectors: readonly AmfVector[] = [
  { name: "3.2 undefined", value: [undefined], hex: "00" },
  { name: "3.3 null", value: [null], hex: "01" },
  { name: "3.4 false", value: [false], hex: "02" },
  { name: "3.5 true", value: [true], hex: "03" },
  { name: "1.3.1 largest integer of one byte", value: [0x7f], hex: "04 7f" },
  { name: "1.3.1 smallest integer of two bytes", value: [0x80], hex: "04 8100" },
  { name: "1.3.1 largest integer of two bytes", value: [0x3fff], hex: "04 ff7f" },
  { name: "1.3.1 smallest integer of three bytes", value: [0x4000], hex: "04 818000" },
  { name: "1.3.1 largest integer of three bytes", value: [0x1fffff], hex: "04 ffff7f" },
  { name: "1.3.1 smallest integer of four bytes", value: [0x200000], hex: "04 80c08000" },
  { name: "3.6 largest integer", value: [0x0fffffff], hex: "04 bfffffff" },
  { name: "3.6 minus one", value: [-1], hex: "04 ffffffff" },
  { name: "3.6 smallest integer", value: [-0x10000000], hex: "04 c0808000" },
  { name: "3.6 an integer that needs a double", value: [0x10000000], hex: "05 41b0000000000000" },
  { name: "3.7 double", value: [0.5], hex: "05 3fe0000000000000" },
  { name: "3.7 negative zero", value: [-0], hex: "05 8000000000000000" },
  { name: "3.8 string", value: ["live"], hex: "06 09 6c697665" },
  { name: "3.8 string, empty", value: [""], hex: "06 01" },
  { name: "3.10 date", value: [new Date(1_000_000_000_000)], hex: "08 01 426d1a94a2000000" },
  { name: "3.11 array", value: [[1, "a"]], hex: "09 05 01 04 01 06 03 61" },
  { name: "3.11 array of named values only", value: [AmfObject.ecma({ a: 1 })], hex: "09 01 03 61 04 01 01" },
  {
    name: "3.12 anonymous object with a dynamic member",
    value: [AmfObject.of({ a: null })],
    hex: "0a 0b 01 03 61 01 01",
  },
  { name: "3.12 object of a class", value: [new AmfObject("object", "C")], hex: "0a 0b 03 43 01" },
  { name: "3.13 XML", value: [new AmfXml("<a/>")], hex: "0b 09 3c612f3e" },
  { name: "3.14 byte array", value: [new Uint8Array([0, 255])], hex: "0c 05 00ff" },
];

const sealed = (a: number) => new AmfObject("object", "P", new Map([["x", a]]));
const bytes = new Uint8Array([7]);

/** Other spellings of values: read, but never written like this. */
export const amf3ReadOnlyVectors: readonly AmfVector[] = [
  { name: "1.3.1 an integer in more bytes than it needs", value: [1], hex: "04 80808001" },
  { name: "1.3.2 string reference", value: ["ab", "ab"], hex: "06 05 6162 06 00" },
  { name: "1.3.2 the empty string is not in the table", value: ["", "a", "a"], hex: "06 01 06 03 61 06 00" },
  {
    name: "1.3.2 member names share the table with values",
    value: [AmfObject.of({ a: "a" })],
    hex: "0a 0b 01 03 61 06 00 01",
  },
  { name: "3.9 XML document", value: [new AmfXml("<a/>")], hex: "07 09 3c612f3e" },
  { name: "3.10 date reference", value: [new Date(0), new Date(0)], hex: "08 01 0000000000000000 08 00" },
  {
    name: "3.11 array of named values and others",
    value: [AmfObject.ecma({ a: 1, "0": 2 })],
    hex: "09 03 03 61 04 01 01 04 02",
  },
  { name: "3.11 array reference", value: [[], []], hex: "09 01 01 09 00" },
  {
    name: "3.12 sealed members, then the same traits by reference",
    value: [sealed(1), sealed(2)],
    hex: "0a 13 03 50 03 78 04 01 0a 01 04 02",
  },
  {
    name: "3.12 sealed and dynamic members",
    value: [AmfObject.of({ x: 1, y: 2 })],
    hex: "0a 1b 01 03 78 04 01 03 79 04 02 01",
  },
  {
    name: "3.12 a dynamic member with a sealed one's name",
    value: [AmfObject.of({ x: 2 })],
    hex: "0a 1b 01 03 78 04 01 00 04 02 01",
  },
  { name: "3.12 object reference", value: [AmfObject.of({}), AmfObject.of({})], hex: "0a 0b 01 01 0a 00" },
  {
    name: "3.12 flex.messaging.io.ArrayCollection stands for its array",
    value: [[true]],
    hex: "0a 07 43 666c65782e6d6573736167696e672e696f2e4172726179436f6c6c656374696f6e 09 03 01 03",
  },
  {
    name: "3.12 flex.messaging.io.ObjectProxy stands for its object",
    value: [AmfObject.of({})],
    hex: "0a 07 3b 666c65782e6d6573736167696e672e696f2e4f626a65637450726f7879 0a 0b 01 01",
  },
  { name: "3.14 byte array reference", value: [bytes, bytes], hex: "0c 03 07 0c 00" },
  { name: "3.15 vector of int", value: [[1, -1]], hex: "0d 05 00 00000001 ffffffff" },
  { name: "3.15 vector of uint, fixed", value: [[1, 0xffffffff]], hex: "0e 05 01 00000001 ffffffff" },
  { name: "3.15 vector of double", value: [[0.5]], hex: "0f 03 00 3fe0000000000000" },
  { name: "3.15 vector of objects", value: [["a"]], hex: "10 03 00 01 06 03 61" },
  { name: "3.15 vector reference", value: [[1], [1]], hex: "0d 03 00 00000001 0d 00" },
  {
    name: "3.16 dictionary",
    value: [
      [
        ["a", 1],
        [[], 2],
      ],
    ],
    hex: "11 05 00 06 03 61 04 01 09 01 01 04 02",
  },
];

/** Bodies that are refused. */
export const amf3BadVectors: readonly BadAmfVector[] = [
  { name: "a marker that nobody defined", hex: "12", message: "unknown AMF3 marker 0x12 at offset 0" },
  {
    name: "a string longer than the body",
    hex: "06 ffffffff",
    message: "AMF3 body ends too early: 268435455 bytes expected at offset 5, 0 there",
  },
  {
    name: "a string reference to nothing",
    hex: "06 00",
    message: "AMF3 string reference 0 points nowhere: 0 strings so far",
  },
  { name: "an object reference to nothing", hex: "0a 00", message: "AMF reference 0 points nowhere: 0 objects so far" },
  {
    name: "a traits reference to nothing",
    hex: "0a 01",
    message: "AMF3 traits reference 0 points nowhere: 0 traits so far",
  },
  {
    name: "an array that contains itself",
    hex: "09 03 01 09 00",
    message: "AMF reference 0 points to an object that contains it",
  },
  {
    name: "an object that contains itself",
    hex: "0a 0b 01 03 61 0a 00 01",
    message: "AMF reference 0 points to an object that contains it",
  },
  {
    name: "an array of more values than bytes",
    hex: "09 ffffffff 01",
    message: "AMF3 array claims 268435455 items in 1 bytes",
  },
  {
    name: "a vector of more numbers than bytes",
    hex: "0d ffffffff 00",
    message: "AMF3 vector claims 268435455 items in 0 bytes",
  },
  {
    name: "a dictionary of more pairs than bytes",
    hex: "11 07 00 01 01 01 01 01",
    message: "AMF3 dictionary claims 3 items in 5 bytes",
  },
  {
    name: "traits of more members than bytes",
    hex: "0a fffffff3 01",
    message: "AMF3 traits claims 33554431 items in 0 bytes",
  },
  {
    name: "3.12 an externalizable class that is unknown",
    hex: "0a 07 03 58",
    message: 'AMF3 class "X" has a format of its own, which is unknown here',
  },
];
