import { describe, expect, test } from "bun:test";
import { type Benchmark, measure, type Plan } from "../../../bench/harness.ts";
import { table } from "../../../bench/report.ts";

/** A benchmark of `ops` operations a call, whose n-th call takes `msOf(n)` on its own clock. */
function clocked(ops: number, bytes: number, msOf: (call: number) => number) {
  let now = 0;
  let calls = 0;
  const benchmark: Benchmark = {
    name: "subject/case",
    op: "packet",
    prepare: () => ({
      ops,
      bytes,
      run() {
        now += msOf(calls++);
      },
    }),
  };
  return { benchmark, clock: () => now, calls: () => calls };
}

const plan: Plan = { warmUpMs: 100, roundMs: 10, rounds: 5 };

describe("measure", () => {
  test("returns the time per operation and the bytes per second", () => {
    const { benchmark, clock } = clocked(4, 2000, () => 0.001);
    const result = measure(benchmark, plan, clock);
    expect(result.nsPerOp).toBeCloseTo(250, 6);
    expect(result.mbPerSecond).toBeCloseTo(2000, 6);
    expect(result.spread).toBeCloseTo(0, 6);
  });

  test("makes rounds as long as the plan says, after the warm-up", () => {
    const { benchmark, clock, calls } = clocked(1, 0, () => 0.5);
    measure(benchmark, plan, clock);
    const rounds = plan.rounds * (plan.roundMs / 0.5);
    expect(calls()).toBeGreaterThanOrEqual(rounds + plan.warmUpMs / 0.5);
    expect(calls()).toBeLessThan(rounds + (2 * plan.warmUpMs) / 0.5);
  });

  test("reports the median round, the fastest, and how far the rounds lie apart", () => {
    // Every call is longer than a round: each round is one call, here the third to the seventh.
    const took = [20, 20, 20, 40, 100, 30, 10];
    const { benchmark, clock } = clocked(1, 0, (call) => took[call] ?? 20);
    const result = measure(benchmark, { warmUpMs: 0, roundMs: 10, rounds: 5 }, clock);
    expect(result.nsPerOp).toBe(30e6);
    expect(result.bestNsPerOp).toBe(10e6);
    expect(result.spread).toBeCloseTo(20 / 30, 6);
    expect(result.mbPerSecond).toBeUndefined();
  });

  test("stays finite when a round takes no time", () => {
    const { benchmark, clock } = clocked(1, 1, () => 0);
    const result = measure(benchmark, { warmUpMs: 0, roundMs: 0, rounds: 1 }, clock);
    expect(Number.isFinite(result.mbPerSecond)).toBe(true);
    expect(Number.isFinite(result.spread)).toBe(true);
  });
});

test("the table sets numbers to the right and says '-' where bytes are no measure", () => {
  const row = { op: "packet", rounds: 5 };
  const lines = table([
    { ...row, name: "a/long-name", nsPerOp: 1234.5, bestNsPerOp: 1000, spread: 0.051, mbPerSecond: 12.345 },
    { ...row, name: "b/x", nsPerOp: 5.678, bestNsPerOp: 5, spread: 0, mbPerSecond: undefined },
  ]);
  expect(lines).toEqual([
    "benchmark    ns/op   best    ±  MB/s  op",
    "a/long-name  1,235  1,000  5 %  12.3  packet",
    "b/x           5.68      5  0 %     -  packet",
  ]);
});
