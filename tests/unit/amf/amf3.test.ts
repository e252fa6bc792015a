import { describe, expect, test } from "bun:test";
import { decodeAmf3, encodeAmf3 } from "../../../src/amf/amf3.ts";
import { MAX_DEPTH, MAX_NAME_BYTES } from "../../../src/amf/limits.ts";
import { AmfObject } from "../../../src/amf/value.ts";
import { ProtocolError } from "../../../src/base/errors.ts";
import { amf3BadVectors, amf3ReadOnlyVectors, amf3Vectors } from "../../vectors/amf3.ts";
import { bytesOf, hexOf, nested } from "./support.ts";

/** A string of `length` letters as it stands behind a marker: length, then text. */
function stringHex(length: number): string {
  return hexOf(encodeAmf3(["a".repeat(length)])).slice(2);
}

describe("AMF3 vectors", () => {
  test.each([...amf3Vectors, ...amf3ReadOnlyVectors])("$name is read", ({ hex, value }) => {
    expect(decodeAmf3(bytesOf(hex))).toStrictEqual([...value]);
  });

  test.each(amf3Vectors)("$name is written", ({ hex, value }) => {
    expect(hexOf(encodeAmf3(value))).toBe(hexOf(bytesOf(hex)));
  });

  test.each(amf3BadVectors)("$name is refused", ({ hex, message }) => {
    expect(() => decodeAmf3(bytesOf(hex))).toThrow(new ProtocolError(message));
  });
});

describe("AMF3 limits", () => {
  test("values nested to the limit are read and written, one level more is refused", () => {
    const value = nested(MAX_DEPTH);
    expect(decodeAmf3(encodeAmf3([value]))).toStrictEqual([value]);
    expect(() => encodeAmf3([nested(MAX_DEPTH + 1)])).toThrow(/nested deeper than 64/);
    expect(() => decodeAmf3(bytesOf(`${"09 03 01".repeat(MAX_DEPTH + 1)} 01`))).toThrow(/nested deeper than 64/);
  });

  test("a dictionary's pairs count as a level of nesting", () => {
    const inside = (levels: number) => bytesOf(`${"09 03 01".repeat(levels)} 11 03 00 01 01`);
    const [value] = decodeAmf3(inside(MAX_DEPTH - 2));
    expect(decodeAmf3(encodeAmf3([value]))).toStrictEqual([value]);
    expect(() => decodeAmf3(inside(MAX_DEPTH - 1))).toThrow(/nested deeper than 64/);
  });

  test("string references cannot multiply bytes", () => {
    const hex = `06 ${stringHex(20_000)}`;
    expect(decodeAmf3(bytesOf(hex + "06 00".repeat(50)))).toHaveLength(51);
    expect(() => decodeAmf3(bytesOf(hex + "06 00".repeat(60)))).toThrow(/references stand for more than/);
  });

  test("traits references cannot multiply the names in them", () => {
    const hex = `0a 13 01 ${stringHex(MAX_NAME_BYTES)} 01`;
    expect(decodeAmf3(bytesOf(hex + "0a 01 01".repeat(40)))).toHaveLength(41);
    expect(() => decodeAmf3(bytesOf(hex + "0a 01 01".repeat(50)))).toThrow(/references stand for more than/);
  });

  test("names beyond the limit are refused", () => {
    const hex = `0a 0b 01 ${stringHex(MAX_NAME_BYTES + 1)} 01 01`;
    expect(() => decodeAmf3(bytesOf(hex))).toThrow(/name of 21846 characters/);
  });

  test("a member with an empty name cannot be written", () => {
    expect(() => encodeAmf3([AmfObject.of({ "": 1 })])).toThrow(ProtocolError);
  });
});
