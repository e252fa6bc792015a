import { describe, expect, test } from "bun:test";
import fc from "fast-check";
import { ByteReader } from "../../../src/bytes/reader.ts";
import { ByteWriter } from "../../../src/bytes/writer.ts";

const SEED = 20_140_101;

describe("ByteWriter", () => {
  test("writes every kind of field", () => {
    const out = new ByteWriter();
    out.u8(0x101);
    out.u16(0x0203);
    out.i16(-2);
    out.u24(0x040506);
    out.u32(0xfffefdfc);
    out.u32le(1);
    out.f64(0.5);
    out.bytes(new Uint8Array([7, 8]));
    expect(out.utf8("é")).toBe(2);
    expect(out.finish().toHex()).toBe("010203fffe040506fffefdfc010000003fe00000000000000708c3a9");
    expect(out.length).toBe(28);
  });

  test("grows from nothing", () => {
    const out = new ByteWriter(0);
    for (let i = 0; i < 1000; i++) out.u24(i);
    expect(out.length).toBe(3000);
    expect(new ByteReader(out.finish().subarray(2997)).u24()).toBe(999);
  });

  test("text that fills the buffer exactly stays whole", () => {
    const out = new ByteWriter(4);
    expect(out.utf8("中a")).toBe(4);
    expect(out.length).toBe(4);
    expect(new ByteReader(out.finish()).utf8(4)).toBe("中a");
  });

  test("patches lengths", () => {
    const out = new ByteWriter(1);
    out.u16(0);
    out.u32(0);
    out.utf8("x");
    out.patchU16(0, 0x1234);
    out.patchU32(2, 0xdeadbeef);
    expect(out.finish().toHex()).toBe("1234deadbeef78");
  });

  test("finish gives an exact copy that later writes leave alone", () => {
    const out = new ByteWriter(64);
    out.u8(1);
    const first = out.finish();
    out.u8(2);
    expect(first.buffer.byteLength).toBe(1);
    expect(out.finish().toHex()).toBe("0102");
  });
});

test("whatever is written is read back, whatever the first capacity", () => {
  const field = fc.oneof(
    fc.record({ type: fc.constant("u8" as const), value: fc.nat(0xff) }),
    fc.record({ type: fc.constant("u16" as const), value: fc.nat(0xffff) }),
    fc.record({ type: fc.constant("i16" as const), value: fc.integer({ min: -0x8000, max: 0x7fff }) }),
    fc.record({ type: fc.constant("u24" as const), value: fc.nat(0xffffff) }),
    fc.record({ type: fc.constant("u32" as const), value: fc.integer({ min: 0, max: 0xffffffff }) }),
    fc.record({ type: fc.constant("u32le" as const), value: fc.integer({ min: 0, max: 0xffffffff }) }),
    fc.record({ type: fc.constant("f64" as const), value: fc.double() }),
  );
  fc.assert(
    fc.property(fc.array(field), fc.nat(20), (fields, capacity) => {
      const out = new ByteWriter(capacity);
      for (const { type, value } of fields) out[type](value);
      const reader = new ByteReader(out.finish());
      for (const { type, value } of fields) expect(reader[type]()).toBe(value);
      expect(reader.remaining).toBe(0);
    }),
    { seed: SEED },
  );
});
