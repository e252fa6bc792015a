import { describe, expect, test } from "bun:test";
import fc from "fast-check";
import { BitReader } from "../../../src/bytes/bits.ts";

/** ISO 14496-10, 9.1: the codes of 0 to 8 in table 9-2. */
const codes = ["1", "010", "011", "00100", "00101", "00110", "00111", "0001000", "0001001"];

function bytesOf(bits: string): Uint8Array {
  const padded = bits.padEnd(Math.ceil(bits.length / 8) * 8, "0");
  return Uint8Array.from({ length: padded.length / 8 }, (_, i) => Number.parseInt(padded.slice(i * 8, i * 8 + 8), 2));
}

describe("a bit reader", () => {
  test("reads Exp-Golomb codes one after another", () => {
    const bits = new BitReader(bytesOf(codes.join("")));
    expect(codes.map(() => bits.ue())).toEqual([0, 1, 2, 3, 4, 5, 6, 7, 8]);
    expect(bits.overrun).toBe(false);
  });

  test("reads signed codes as table 9-3 orders them", () => {
    const bits = new BitReader(bytesOf(codes.slice(0, 5).join("")));
    expect([0, 1, 2, 3, 4].map(() => bits.se())).toEqual([0, 1, -1, 2, -2]);
  });

  test("reads 32 bits as an unsigned number", () => {
    expect(new BitReader(Uint8Array.of(0xff, 0xff, 0xff, 0xfe)).read(32)).toBe(0xfffffffe);
  });

  test("reads 0 past the end and says so", () => {
    const bits = new BitReader(Uint8Array.of(0xff));
    expect([bits.read(9), bits.overrun]).toEqual([0x1fe, true]);
    expect(new BitReader(new Uint8Array(100)).ue()).toBe(0);
  });

  test("treats a code of more than 32 zeros as none", () => {
    const bits = new BitReader(new Uint8Array(100));
    bits.ue();
    expect(bits.overrun).toBe(true);
  });

  test("reads what was written, in pieces of any size", () => {
    const fields = fc.array(fc.tuple(fc.integer({ min: 1, max: 32 }), fc.nat(0xffffffff)), { maxLength: 30 });
    fc.assert(
      fc.property(fields, (list) => {
        const values = list.map(([size, value]) => value % 2 ** size);
        const text = list.map(([size], i) => (values[i] ?? 0).toString(2).padStart(size, "0")).join("");
        const bits = new BitReader(bytesOf(text));
        expect(list.map(([size]) => bits.read(size))).toEqual(values);
      }),
      { seed: 1 },
    );
  });
});
