import { describe, expect, test } from "bun:test";
import { encodeAmf0 } from "../../../src/amf/amf0.ts";
import { decodeAmfMessage } from "../../../src/amf/message.ts";
import { ProtocolError } from "../../../src/base/errors.ts";
import { amf3MessageVectors, amfMessageVectors } from "../../vectors/amf-message.ts";
import { bytesOf, hexOf } from "./support.ts";

describe("AMF0 messages", () => {
  test.each(amfMessageVectors)("$name is read", ({ hex, value }) => {
    expect(decodeAmfMessage(bytesOf(hex), false)).toStrictEqual([...value]);
  });

  test.each(amfMessageVectors)("$name is written", ({ hex, value }) => {
    expect(hexOf(encodeAmf0(value))).toBe(hexOf(bytesOf(hex)));
  });

  test("keep a first byte of zero as the marker it is", () => {
    expect(decodeAmfMessage(bytesOf("00 3ff0000000000000"), false)).toEqual([1]);
  });
});

describe("AMF3 messages", () => {
  test.each(amf3MessageVectors)("$name is read", ({ hex, value }) => {
    expect(decodeAmfMessage(bytesOf(hex), true)).toStrictEqual([...value]);
  });

  test("contain AMF0, and garbage is refused", () => {
    expect(() => decodeAmfMessage(bytesOf("00 04"), true)).toThrow(ProtocolError);
  });
});
