import { expect, test } from "bun:test";
import { LineLimit } from "../../../src/base/line-limit.ts";
import { FakeClock } from "../../support/fake-clock.ts";

test("Ten events in ten seconds get a line each, and the others are counted in one at the end", () => {
  const clock = new FakeClock();
  const rests: number[] = [];
  const limit = new LineLimit(clock, (count) => rests.push(count));
  const lines = (events: number) => Array.from({ length: events }, () => limit.take()).filter(Boolean).length;
  expect(lines(10)).toBe(10);
  clock.advance(10_000);
  expect([rests, clock.timers]).toEqual([[], 0]);
  expect([lines(7), lines(1000)]).toEqual([7, 3]);
  clock.advance(10_000);
  expect([rests, lines(1)]).toEqual([[997], 1]);
});
