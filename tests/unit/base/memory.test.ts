import { expect, test } from "bun:test";
import fc from "fast-check";
import { copyBytes } from "../../../src/base/memory.ts";

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
