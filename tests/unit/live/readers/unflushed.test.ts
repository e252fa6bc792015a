import { expect, test } from "bun:test";
import { Unflushed } from "../../../../src/live/readers/unflushed.ts";
import { FakeClock } from "../../../support/fake-clock.ts";

test("The average time that packets wait for a flush is half of the first packet's", () => {
  const clock = new FakeClock();
  const unflushed = new Unflushed();
  for (let round = 0; round < 60; round++) {
    for (let packet = 0; packet < 8; packet++) {
      unflushed.add(100, clock);
      clock.advance(25);
    }
    unflushed.flushed(clock);
  }
  expect(unflushed.waitMs).toBeCloseTo(100, 0);
  // A flush without packets says nothing.
  clock.advance(10_000);
  unflushed.flushed(clock);
  expect(unflushed.waitMs).toBeCloseTo(100, 0);
});

test("Many packets, and many bytes, exceed the limit for a flush at once", () => {
  const unflushed = new Unflushed();
  expect([unflushed.isMuch(4096), unflushed.isMuch(4097)]).toEqual([false, true]);
  unflushed.add(16 * 1024 * 1024 + 1, new FakeClock());
  expect(unflushed.isMuch(1)).toBe(true);
});
