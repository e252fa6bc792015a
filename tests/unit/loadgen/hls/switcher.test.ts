import { expect, test } from "bun:test";
import type { ListedVariant } from "../../../../src/loadgen/hls/multivariant.ts";
import { Switcher } from "../../../../src/loadgen/hls/switcher.ts";
import { Throughput } from "../../../../src/loadgen/hls/throughput.ts";

const variants: readonly ListedVariant[] = [2_000_000, 5_000_000, 800_000].map((bandwidth) => ({
  uri: `${bandwidth}`,
  bandwidth,
  resolution: undefined,
  name: undefined,
  audio: undefined,
}));

/** Bytes that take a second at this rate. */
function second(bps: number): [bytes: number, ms: number] {
  return [bps / 8, 1000];
}

test("by throughput, the highest variant is played that leaves room, and the lowest if none does", () => {
  const switcher = new Switcher(variants, "auto", 0);
  expect(switcher.next(0)).toBe(0);
  // Enough for the highest, but with less than three tenths to spare.
  for (let at = 0; at < 9; at++) switcher.measured(...second(6_000_000));
  expect([switcher.next(0), switcher.next(1)]).toEqual([0, 1]);
  for (let at = 0; at < 30; at++) switcher.measured(...second(8_000_000));
  expect(switcher.next(0)).toBe(1);
  for (let at = 0; at < 4; at++) switcher.measured(...second(2_200_000));
  expect(switcher.next(1)).toBe(0);
  for (let at = 0; at < 60; at++) switcher.measured(...second(100_000));
  expect(switcher.next(0)).toBe(2);
});

test("throughput falls at once and rises slowly, and a single read of the socket is no infinite rate", () => {
  const throughput = new Throughput();
  expect(throughput.bps).toBeUndefined();
  throughput.add(5000, 0);
  expect(throughput.bps).toBeCloseTo(8_000_000, 0);
  for (let at = 0; at < 60; at++) throughput.add(...second(4_000_000));
  expect(throughput.bps).toBeCloseTo(4_000_000, -5);
  for (let at = 0; at < 3; at++) throughput.add(...second(1_000_000));
  expect(throughput.bps).toBeLessThan(2_600_000);
  for (let at = 0; at < 9; at++) throughput.add(...second(10_000_000));
  expect(throughput.bps).toBeLessThan(7_000_000);
});

test("by plan, each viewer plays all variants, changes after a few segments, and does the same in each run", () => {
  const plan = (number: number): string => {
    const switcher = new Switcher(variants, "switch", number);
    let current = 0;
    return Array.from({ length: 60 }, () => {
      current = switcher.next(current);
      return current;
    }).join("");
  };
  const plans = Array.from({ length: 20 }, (_, number) => plan(number));
  expect(plans.map((_, number) => plan(number))).toEqual(plans);
  expect(new Set(plans).size).toBe(20);
  for (const text of plans) {
    expect(new Set(text)).toEqual(new Set("012"));
    // One run of equal numbers for each stay.
    for (const run of text.match(/(.)\1*/g) ?? []) expect(run.length).toBeWithin(1, 8);
  }
});

test("a variant that could not be loaded is not taken again, and one that is fixed has no other", () => {
  const switcher = new Switcher(variants, "switch", 3);
  expect([switcher.fallback(0), switcher.fallback(1), switcher.fallback(2)]).toEqual([1, 2, undefined]);
  for (let at = 0; at < 20; at++) expect(switcher.next(2)).toBe(2);
  expect(new Switcher(variants, "first", 0).fallback(0)).toBeUndefined();
});
