import { describe, expect, test } from "bun:test";
import { StepsBack } from "../../../../src/live/source/step-back.ts";

const AROUND = 2 ** 24;

/** What is made of timestamps that a peer sends one after the other. */
function corrected(...timestamps: number[]): number[] {
  const steps = new StepsBack();
  return timestamps.map((timestamp) => steps.corrected(timestamp >>> 0));
}

describe("steps back in 24 bits", () => {
  test("are undone, also for the frames that follow", () => {
    expect(corrected(0, 160, 40 + AROUND, 80 + AROUND, 320 + AROUND, 200 + 2 * AROUND)).toEqual([
      0, 160, 40, 80, 320, 200,
    ]);
  });

  test("end with a full timestamp", () => {
    expect(corrected(160, 40 + AROUND, 80 + AROUND, 120, 160)).toEqual([160, 40, 80, 120, 160]);
  });

  test("are distinguished from other timestamps, also at the wrap", () => {
    const stamps = [0, AROUND, AROUND + 40, 2 ** 32 - 20, 20, 3_000_000_000];
    expect(corrected(...stamps)).toEqual(stamps);
    expect(corrected(2 ** 32 - 100, AROUND - 200)).toEqual([2 ** 32 - 100, 2 ** 32 - 200]);
  });
});
