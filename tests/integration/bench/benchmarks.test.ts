import { describe, expect, test } from "bun:test";
import { measure } from "../../../bench/harness.ts";
import { benchmarks } from "../../../bench/list.ts";

const names = benchmarks.map(({ name }) => name);

describe("each benchmark", () => {
  test.each(benchmarks.map((one) => [one.name, one] as const))("runs one tiny round: %s", (_name, benchmark) => {
    const result = measure(benchmark, { warmUpMs: 0, roundMs: 0, rounds: 1 }, () => performance.now());
    expect(result.nsPerOp).toBeGreaterThan(0);
    for (const value of [result.nsPerOp, result.bestNsPerOp, result.spread, result.mbPerSecond ?? 0]) {
      expect(Number.isFinite(value)).toBe(true);
    }
  });

  test("can be chosen alone: no name contains another", () => {
    const inside = names.filter((name) => names.some((other) => other !== name && other.includes(name)));
    expect(inside).toEqual([]);
    expect(new Set(names).size).toBe(names.length);
  });
});
