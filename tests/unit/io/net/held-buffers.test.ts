import { expect, test } from "bun:test";
import { HeldBuffers } from "../../../../src/io/net/held-buffers.ts";

test("a buffer with several holders is counted once, until the last one releases it", () => {
  const held = new HeldBuffers();
  const [a, b] = [new Uint8Array(100), new Uint8Array(10)];
  for (let i = 0; i < 3; i++) held.hold(a);
  held.hold(b);
  expect(held.bytes).toBe(110);
  held.release(a);
  held.release(a);
  expect(held.bytes).toBe(110);
  held.release(a);
  expect(held.bytes).toBe(10);
  held.release(b);
  expect(held.bytes).toBe(0);
});

test("a buffer without a holder is not released", () => {
  const held = new HeldBuffers();
  held.hold(new Uint8Array(1));
  held.release(new Uint8Array(1));
  expect(held.bytes).toBe(1);
});

test("holders of one buffer share what it costs", () => {
  const held = new HeldBuffers();
  const [shared, own] = [new Uint8Array(100), new Uint8Array(40)];
  for (let i = 0; i < 4; i++) held.hold(shared);
  held.hold(own);
  expect(held.share([shared])).toBe(25);
  expect(held.share([shared, own])).toBe(65);
});
