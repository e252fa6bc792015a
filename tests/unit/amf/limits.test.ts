import { expect, test } from "bun:test";
import { decodeAmf0 } from "../../../src/amf/amf0.ts";
import { decodeAmf3 } from "../../../src/amf/amf3.ts";
import { ProtocolError } from "../../../src/base/errors.ts";
import { repeat } from "../../support/hostile/wire.ts";

const tooMany = new ProtocolError("AMF body has more than 4096 objects and arrays");

test.each([
  ["AMF0 objects", Uint8Array.of(0x03, 0, 0, 9)],
  ["AMF0 arrays", Uint8Array.of(0x0a, 0, 0, 0, 0)],
  ["AMF3 arrays in AMF0", Uint8Array.of(0x11, 0x09, 0x01, 0x01)],
])("4096 %s in one body are read, and one more is refused", (_what, one) => {
  expect(decodeAmf0(repeat(one, 4096))).toHaveLength(4096);
  expect(() => decodeAmf0(repeat(one, 4097))).toThrow(tooMany);
});

test("4096 AMF3 arrays in one body are read, and one more is refused", () => {
  const one = Uint8Array.of(0x09, 0x01, 0x01);
  expect(decodeAmf3(repeat(one, 4096))).toHaveLength(4096);
  expect(() => decodeAmf3(repeat(one, 4097))).toThrow(tooMany);
});
