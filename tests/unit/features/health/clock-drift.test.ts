import { expect, test } from "bun:test";
import fc from "fast-check";
import { ClockDrift } from "../../../../src/features/health/clock-drift.ts";
import { mulberry32 } from "../../../support/random.ts";

/** The rate after so many seconds of an encoder whose packets are late by up to `jitterMs`. */
function rateAfter(seconds: number, speed: number, jitterMs: number, seed = 1, drift = new ClockDrift()): number {
  const random = mulberry32(seed);
  for (let second = 1; second <= seconds; second++) {
    const time = second * 1000 * speed;
    drift.add(time, second * 1000 + random() * jitterMs);
  }
  return drift.rate;
}

test("A clock that is fast or slow by more than the network's jitter is noticed, with its rate", () => {
  expect(rateAfter(40, 1.05, 100)).toBeCloseTo(0.05, 1);
  expect(rateAfter(40, 0.95, 100)).toBeCloseTo(-0.05, 1);
  expect(rateAfter(320, 1.003, 100)).toBeCloseTo(0.003, 3);
});

test("Jitter below 200 ms, a clock as exact as those of real encoders, and a single lasting delay are no drift", () => {
  const jitter = fc.integer({ min: 0, max: 199 });
  fc.assert(
    fc.property(jitter, fc.double({ min: -2e-4, max: 2e-4, noNaN: true }), fc.integer(), (jitterMs, error, seed) => {
      const drift = new ClockDrift();
      for (let part = 0; part < 4; part++)
        expect(rateAfter(100, 1 + error, jitterMs, seed + part, new ClockDrift())).toBe(0);
      expect(rateAfter(400, 1 + error, jitterMs, seed, drift)).toBe(0);
    }),
    { numRuns: 50 },
  );
  const late = new ClockDrift();
  for (let second = 1; second < 200; second++) {
    late.add(second * 1000, second * 1000 + (second > 100 ? 3000 : 0));
    expect(late.rate).toBe(0);
  }
});

test("The burst with which a relay begins, and packets before a jump, do not count", () => {
  const drift = new ClockDrift();
  for (let second = 1; second < 60; second++) {
    drift.add(second * 1000 + (second > 2 ? 4000 : 0), second * 1000);
    expect(drift.rate).toBe(0);
  }
  const jumped = new ClockDrift();
  rateAfter(40, 1.05, 0, 1, jumped);
  jumped.reset();
  expect(jumped.rate).toBe(0);
});
