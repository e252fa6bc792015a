import { expect, test } from "bun:test";
import type { Clock } from "../../../src/base/clock.ts";
import { WallTime } from "../../../src/loadgen/wall-time.ts";
import { FakeClock } from "../../support/fake-clock.ts";
import { mulberry32 } from "../../support/random.ts";

const SEED = 0x77a11;

/** A clock on which each look takes 1.6 µs and may be followed by a pause, and whose date is told in whole milliseconds. */
function tickingClock(dateMs: number, pauseMs = () => 0): Clock {
  let now = 0;
  const look = () => {
    now += 0.0016 + pauseMs();
    return now;
  };
  return Object.assign(new FakeClock(), { now: look, wall: () => Math.floor(dateMs + look()) });
}

test("two processes agree to a few microseconds, although the date is in milliseconds", () => {
  const [a, b] = [tickingClock(1_800_000_000_000.123), tickingClock(1_800_000_000_000.987)];
  expect(Math.abs(new WallTime(a).at(100) - 1_800_000_000_100_123)).toBeLessThan(10);
  expect(Math.abs(new WallTime(b).at(100) - 1_800_000_000_100_987)).toBeLessThan(10);
});

test("pauses of a busy machine do not spoil the result, wherever they fall", () => {
  const random = mulberry32(SEED);
  for (let round = 0; round < 200; round++) {
    const date = 1_800_000_000_000 + random();
    const found = new WallTime(tickingClock(date, () => (random() < 0.02 ? random() * 3 : 0))).at(0);
    expect(Math.abs(found - date * 1000)).toBeLessThan(11);
  }
});

test("a clock that does not advance is used as it is", () => {
  const clock = new FakeClock(1_800_000_000_000);
  const wall = new WallTime(clock);
  clock.advance(250);
  expect(wall.nowUs()).toBe(1_800_000_000_250_000);
});
