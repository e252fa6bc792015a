import { describe, expect, test } from "bun:test";
import fc from "fast-check";
import { Backoff } from "../../../src/base/backoff.ts";

const policy = { firstMs: 500, factor: 2, maxMs: 5000 };
const middle = () => 0.5;

describe("Backoff", () => {
  test("doubles from the first wait up to the longest, and stays there", () => {
    const backoff = new Backoff(policy, middle);
    expect(Array.from({ length: 6 }, () => backoff.next())).toEqual([500, 1000, 2000, 4000, 5000, 5000]);
    expect(backoff.attempt).toBe(6);
  });

  test("begins again with the first wait after a success", () => {
    const backoff = new Backoff(policy, middle);
    backoff.next();
    backoff.next();
    backoff.reset();
    expect(backoff.attempt).toBe(0);
    expect(backoff.next()).toBe(500);
  });

  test("waits for a given time when a retry would be useless, and counts that as a failure", () => {
    const backoff = new Backoff(policy, middle);
    expect(backoff.nextSlow(30_000)).toBe(30_000);
    expect(backoff.attempt).toBe(1);
    expect(backoff.next()).toBe(1000);
  });

  test("spreads each wait randomly by up to a quarter either way", () => {
    fc.assert(
      fc.property(fc.double({ min: 0, max: 1, maxExcluded: true, noNaN: true }), fc.nat(2000), (chance, failures) => {
        const backoff = new Backoff(policy, () => chance);
        let wait = 0;
        for (let i = 0; i <= failures; i++) wait = backoff.next();
        const base = Math.min(5000, 500 * 2 ** failures);
        expect(wait).toBeGreaterThanOrEqual(base * 0.75);
        expect(wait).toBeLessThan(base * 1.25);
      }),
      { seed: 1, numRuns: 100 },
    );
    expect(new Backoff(policy, () => 0).next()).toBe(375);
    expect(new Backoff(policy, () => 0).nextSlow(30_000)).toBe(22_500);
  });
});
