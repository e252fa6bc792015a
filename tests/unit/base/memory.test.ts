import { expect, test } from "bun:test";
import fc from "fast-check";
import { copyBytes, freeRead, sameBytes } from "../../../src/base/memory.ts";

test("a range is copied between any two arrays, views of larger buffers too, and nothing beside it changes", () => {
  const property = (bytes: Uint8Array, [first, second]: [number, number], [skip, at]: [number, number]) => {
    const from = Math.min(first, second, bytes.length);
    const to = Math.min(Math.max(first, second), bytes.length);
    const whole = new Uint8Array(skip + bytes.length);
    whole.set(bytes, skip);
    const target = new Uint8Array(skip + at + bytes.length + 3).fill(0xee);
    copyBytes(target.subarray(skip), at, whole.subarray(skip), from, to);
    const expected = new Uint8Array(target.length).fill(0xee);
    expected.set(bytes.subarray(from, to), skip + at);
    expect(target).toEqual(expected);
  };
  const pair = fc.tuple(fc.nat(300), fc.nat(300));
  fc.assert(fc.property(fc.uint8Array({ maxLength: 300 }), pair, pair, property), { seed: 1 });
});

test("ranges of two arrays are compared byte by byte, in views too", () => {
  const a = Uint8Array.of(0, 1, 2, 3, 4).subarray(1);
  const b = Uint8Array.of(9, 9, 2, 3, 9);
  expect(sameBytes(a, 1, b, 2, 2)).toBe(true);
  expect(sameBytes(a, 1, b, 2, 3)).toBe(false);
  expect(sameBytes(a, 0, b, 1, 1)).toBe(false);
  expect(sameBytes(a, 0, b, 0, 0)).toBe(true);
});

test("a buffer is freed if its array covers all of it and is long", () => {
  const [whole, part, short] = [new Uint8Array(2000), new Uint8Array(3000), new Uint8Array(10)];
  freeRead(whole);
  freeRead(part.subarray(0, 2000));
  freeRead(short);
  expect([whole.length, part.length, short.length]).toEqual([0, 3000, 10]);
});
