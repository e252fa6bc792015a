import { expect, test } from "bun:test";
import { GatheredWrite } from "../../../../src/io/net/gathered-write.ts";

test("short buffers are gathered in order, and leave as one", () => {
  const write = new GatheredWrite();
  expect(write.take()).toBeUndefined();
  for (const byte of [1, 2, 3]) expect(write.add(Uint8Array.of(byte))).toBe(true);
  expect(write.take()).toEqual(Uint8Array.of(1, 2, 3));
  expect(write.take()).toBeUndefined();
});

test("one buffer alone is not copied", () => {
  const write = new GatheredWrite();
  const only = Uint8Array.of(1);
  write.add(only);
  expect(write.take()).toBe(only);
});

test("a long buffer is not gathered, and none once 64 KiB are", () => {
  const write = new GatheredWrite();
  expect(write.add(new Uint8Array(4096))).toBe(false);
  let taken = 0;
  while (write.add(new Uint8Array(4095))) taken++;
  expect(taken).toBe(17);
  expect(write.take()).toHaveLength(17 * 4095);
  expect(write.add(new Uint8Array(4095))).toBe(true);
});

test("discarded buffers are not sent", () => {
  const write = new GatheredWrite();
  write.add(Uint8Array.of(1));
  write.clear();
  expect(write.take()).toBeUndefined();
});
