import { expect, test } from "bun:test";
import fc from "fast-check";
import { Histogram } from "../../../src/loadgen/histogram.ts";

const SEED = 0x8157;
const values = fc.array(fc.oneof(fc.nat(100), fc.nat(100_000), fc.nat(0x7fffffff)), { minLength: 1, maxLength: 300 });

test("an empty histogram has no percentile", () => {
  expect(new Histogram().percentile(0.5)).toBeUndefined();
});

test("a percentile is the value of that rank, at most 1/32 too large", () => {
  fc.assert(
    fc.property(values, fc.double({ min: 0, max: 1, noNaN: true }), (given, fraction) => {
      const histogram = new Histogram();
      for (const value of given) histogram.record(value);
      const sorted = given.toSorted((a, b) => a - b);
      const exact = sorted[Math.max(0, Math.ceil(given.length * fraction) - 1)] ?? 0;
      const found = histogram.percentile(fraction) ?? -1;
      expect(found).toBeGreaterThanOrEqual(exact);
      expect(found).toBeLessThanOrEqual(exact * (1 + 1 / 32));
    }),
    { seed: SEED },
  );
});

test("the largest value is exact", () => {
  fc.assert(
    fc.property(values, (given) => {
      const histogram = new Histogram();
      for (const value of given) histogram.record(value);
      expect(histogram.max).toBe(Math.max(...given));
      expect(histogram.percentile(1)).toBe(Math.max(...given));
    }),
    { seed: SEED },
  );
});

test("two added histograms equal one that counted all", () => {
  fc.assert(
    fc.property(values, values, (a, b) => {
      const [first, second, both] = [new Histogram(), new Histogram(), new Histogram()];
      for (const value of a) first.record(value);
      for (const value of b) second.record(value);
      for (const value of [...a, ...b]) both.record(value);
      first.add(second);
      const read = (one: Histogram) => [one.count, ...[0, 0.1, 0.5, 0.9, 0.99, 1].map((at) => one.percentile(at))];
      expect(read(first)).toEqual(read(both));
    }),
    { seed: SEED },
  );
});

test("a value out of range counts as the nearest in range, and fractions are cut off", () => {
  const histogram = new Histogram();
  for (const value of [-5, Number.NaN, 0.9, 1e300]) histogram.record(value);
  expect(histogram.count).toBe(4);
  expect(histogram.percentile(0.75)).toBe(0);
  expect(histogram.max).toBe(0x7fffffff);
});

test("a cleared histogram is empty", () => {
  const histogram = new Histogram();
  histogram.record(1000);
  histogram.clear();
  histogram.record(3);
  expect([histogram.count, histogram.percentile(1)]).toEqual([1, 3]);
});
