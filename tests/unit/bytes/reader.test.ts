import { describe, expect, test } from "bun:test";
import { ProtocolError } from "../../../src/base/errors.ts";
import { ByteReader } from "../../../src/bytes/reader.ts";

const bytes = new Uint8Array([0x81, 0x82, 0x83, 0x84, 0x85, 0x86, 0x87, 0x88]);

describe("ByteReader", () => {
  test("reads integers in both byte orders", () => {
    expect(new ByteReader(bytes).u8()).toBe(0x81);
    expect(new ByteReader(bytes).u16()).toBe(0x8182);
    expect(new ByteReader(bytes).i16()).toBe(0x8182 - 0x10000);
    expect(new ByteReader(bytes).u24()).toBe(0x818283);
    expect(new ByteReader(bytes).u32()).toBe(0x81828384);
    expect(new ByteReader(bytes).u32le()).toBe(0x84838281);
  });

  test("reads doubles", () => {
    expect(new ByteReader(new Uint8Array([0x3f, 0xe0, 0, 0, 0, 0, 0, 0])).f64()).toBe(0.5);
  });

  test("continues where the last read ended, also in the middle of a larger buffer", () => {
    const reader = new ByteReader(bytes.subarray(2, 7));
    expect([reader.u8(), reader.u16(), reader.offset, reader.remaining]).toEqual([0x83, 0x8485, 3, 2]);
    expect(reader.rest()).toEqual(new Uint8Array([0x86, 0x87]));
    expect(reader.remaining).toBe(0);
    expect(reader.rest()).toEqual(new Uint8Array());
  });

  test("hands out views, not copies", () => {
    const own = bytes.slice();
    const view = new ByteReader(own).bytes(2);
    own[0] = 1;
    expect(view[0]).toBe(1);
  });

  test("reads text, and replaces what is not UTF-8", () => {
    expect(new ByteReader(new Uint8Array([0xc3, 0xa9, 0xff])).utf8(3)).toBe("é\ufffd");
    expect(new ByteReader(new Uint8Array()).utf8(0)).toBe("");
  });

  test("can be set back to an earlier position", () => {
    const reader = new ByteReader(bytes);
    reader.skip(4);
    reader.offset = 0;
    expect(reader.u8()).toBe(0x81);
  });

  test("names in its error what was read and where the input ended", () => {
    const reader = new ByteReader(bytes.subarray(0, 3), "aggregate message");
    reader.skip(2);
    expect(() => reader.u32()).toThrow(
      new ProtocolError("aggregate message ends too early: 4 bytes expected at offset 2, 1 there"),
    );
  });

  test.each([
    ["u8", 1],
    ["u16", 2],
    ["i16", 2],
    ["u24", 3],
    ["u32", 4],
    ["u32le", 4],
    ["f64", 8],
  ] as const)("%s needs %d bytes and moves nothing when they are not there", (method, size) => {
    const reader = new ByteReader(bytes.subarray(0, size - 1));
    expect(() => reader[method]()).toThrow(ProtocolError);
    expect(reader.offset).toBe(0);
    const exact = new ByteReader(bytes.subarray(0, size));
    exact[method]();
    expect(exact.remaining).toBe(0);
  });

  test.each(["bytes", "utf8", "skip"] as const)("%s of more bytes than there are throws", (method) => {
    expect(() => new ByteReader(bytes)[method](9)).toThrow(ProtocolError);
    expect(() => new ByteReader(bytes)[method](0xffffffff)).toThrow(ProtocolError);
  });
});
