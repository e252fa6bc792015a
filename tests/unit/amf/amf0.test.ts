import { describe, expect, test } from "bun:test";
import { decodeAmf0, encodeAmf0 } from "../../../src/amf/amf0.ts";
import { MAX_DEPTH, MAX_NAME_BYTES, MAX_REFERENCED_BYTES, MAX_VALUES } from "../../../src/amf/limits.ts";
import { AmfObject, type AmfValue } from "../../../src/amf/value.ts";
import { ProtocolError } from "../../../src/base/errors.ts";
import { amf0BadVectors, amf0ReadOnlyVectors, amf0Vectors } from "../../vectors/amf0.ts";
import { bytesOf, hexOf, nested } from "./support.ts";

const OPEN_OBJECT = "03 0001 61";
const CLOSE_OBJECT = "000009";

describe("AMF0 vectors", () => {
  test.each([...amf0Vectors, ...amf0ReadOnlyVectors])("$name is read", ({ hex, value }) => {
    expect(decodeAmf0(bytesOf(hex))).toStrictEqual([...value]);
  });

  test.each(amf0Vectors)("$name is written", ({ hex, value }) => {
    expect(hexOf(encodeAmf0(value))).toBe(hexOf(bytesOf(hex)));
  });

  test.each(amf0BadVectors)("$name is refused", ({ hex, message }) => {
    expect(() => decodeAmf0(bytesOf(hex))).toThrow(new ProtocolError(message));
  });
});

describe("AMF0 strings", () => {
  test("65,535 bytes fit a string, one more makes a long string", () => {
    expect(encodeAmf0(["x".repeat(65_535)])[0]).toBe(0x02);
    expect(encodeAmf0(["x".repeat(65_536)])[0]).toBe(0x0c);
    expect(encodeAmf0(["é".repeat(32_768)])[0]).toBe(0x0c);
  });

  test("long strings survive", () => {
    const text = "中".repeat(70_000);
    expect(decodeAmf0(encodeAmf0([text, 1]))).toStrictEqual([text, 1]);
  });

  test("names beyond the limit are refused, in both directions", () => {
    const entries = new Map<string, AmfValue>([["n".repeat(65_536), null]]);
    expect(() => encodeAmf0([new AmfObject("object", undefined, entries)])).toThrow(ProtocolError);
    const length = MAX_NAME_BYTES + 1;
    const name = length.toString(16).padStart(4, "0") + "6e".repeat(length);
    expect(() => decodeAmf0(bytesOf(`03 ${name} 05 000009`))).toThrow(/name of 21846 bytes, limit 21845/);
  });
});

describe("AMF0 limits", () => {
  test("values nested to the limit are read and written, one level more is refused", () => {
    const deep = `${OPEN_OBJECT.repeat(MAX_DEPTH)}05${CLOSE_OBJECT.repeat(MAX_DEPTH)}`;
    expect(hexOf(encodeAmf0(decodeAmf0(bytesOf(deep))))).toBe(hexOf(bytesOf(deep)));
    expect(() => decodeAmf0(bytesOf(OPEN_OBJECT + deep + CLOSE_OBJECT))).toThrow(/nested deeper than 64/);
    expect(() => encodeAmf0([nested(MAX_DEPTH + 1)])).toThrow(/nested deeper than 64/);
  });

  test("AMF3 inside AMF0 counts towards the same depth", () => {
    const inside = "0a 00000001".repeat(MAX_DEPTH);
    expect(decodeAmf0(bytesOf(`${inside} 11 01`))).toHaveLength(1);
    expect(() => decodeAmf0(bytesOf(`${inside} 11 09 01 01`))).toThrow(/nested deeper/);
  });

  test("an object that contains itself is refused when it is written", () => {
    const loop = new AmfObject();
    loop.entries.set("self", loop);
    expect(() => encodeAmf0([loop])).toThrow(ProtocolError);
  });

  test("a body of more values than the limit is refused", () => {
    expect(decodeAmf0(new Uint8Array(MAX_VALUES).fill(5))).toHaveLength(MAX_VALUES);
    expect(() => decodeAmf0(new Uint8Array(MAX_VALUES + 1).fill(5))).toThrow(/more than 131072 values/);
    expect(decodeAmf0(bytesOf("11 01".repeat(MAX_VALUES)))).toHaveLength(MAX_VALUES);
    expect(() => decodeAmf0(bytesOf("11 01".repeat(MAX_VALUES + 1)))).toThrow(/more than 131072 values/);
  });

  test("references cannot multiply values", () => {
    // Each array holds the one before it sixteen times: 16^6 values in 200 bytes.
    let hex = "0a 00000000";
    for (let i = 0; i < 6; i++) hex += `0a 00000010 ${`07 ${i.toString(16).padStart(4, "0")}`.repeat(16)}`;
    expect(() => decodeAmf0(bytesOf(hex))).toThrow(/more than 131072 values/);
  });

  test("references cannot multiply bytes", () => {
    const length = 0xffff;
    const times = Math.ceil(MAX_REFERENCED_BYTES / length) + 1;
    const array = `0a 00000001 02 ffff ${"61".repeat(length)}`;
    expect(() => decodeAmf0(bytesOf(array + "07 0000".repeat(times)))).toThrow(/references stand for more than/);
    expect(decodeAmf0(bytesOf(array + "07 0000".repeat(4)))).toHaveLength(5);
  });

  test("references cannot add up depth", () => {
    const half = MAX_DEPTH / 2 + 1;
    const deep = "0a 00000001".repeat(half);
    expect(decodeAmf0(bytesOf(`${deep} 05 07 0000`))).toHaveLength(2);
    expect(() => decodeAmf0(bytesOf(`${deep} 05 ${deep} 07 0000`))).toThrow(/nested deeper/);
    // The deepest branch counts, also when a shallow one comes after it.
    const uneven = `0a 00000002 ${deep} 05 0a 00000000`;
    expect(() => decodeAmf0(bytesOf(`${uneven} ${deep} 07 0000`))).toThrow(/nested deeper/);
  });
});

describe("decoded values", () => {
  test("do not share memory with the body", () => {
    const body = bytesOf("11 0c 05 0102");
    const [value] = decodeAmf0(body);
    body.fill(0);
    expect(value).toEqual(new Uint8Array([1, 2]));
  });

  test("may share a branch, which is written twice", () => {
    const body = bytesOf("03 0001 61 05 000009 07 0000");
    const values = decodeAmf0(body);
    expect(values[0]).toBe(values[1] as AmfObject);
    expect(hexOf(encodeAmf0(values))).toBe(hexOf(bytesOf("03 0001 61 05 000009".repeat(2))));
  });

  test("keep their keys from the prototype", () => {
    const [object] = decodeAmf0(bytesOf("03 0009 5f5f70726f746f5f5f 03 0001 78 01 01 000009 000009"));
    expect(({} as Record<string, unknown>).x).toBeUndefined();
    expect((object as AmfObject).object("__proto__")?.get("x")).toBe(true);
  });
});
