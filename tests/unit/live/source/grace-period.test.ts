import { expect, test } from "bun:test";
import { GracePeriod } from "../../../../src/live/source/grace-period.ts";
import { FakeClock } from "../../../support/fake-clock.ts";

test("A grace period passes once, unless it is ended before or begun again", () => {
  const clock = new FakeClock();
  let over = 0;
  const grace = new GracePeriod(clock, () => over++);
  grace.begin(1000);
  clock.advance(900);
  grace.begin(1000);
  clock.advance(900);
  expect([over, grace.runs]).toEqual([0, true]);
  clock.advance(100);
  expect([over, grace.runs]).toEqual([1, false]);
  grace.begin(1000);
  grace.end();
  clock.advance(1000);
  expect([over, grace.runs, clock.timers]).toEqual([1, false, 0]);
});
