import { describe, expect, test } from "bun:test";
import { ByteRate, History, Kept } from "../../../../../src/features/console/browser/history.ts";

describe("Samples", () => {
  test("are kept up to a maximum number, and only in the order of their times", () => {
    const history = new History(1, 3);
    for (const at of [1000, 2000, 2000, 1500, 3000, 4000]) history.add(at, [at]);
    expect(history.columns).toEqual([
      [2, 3, 4],
      [2000, 3000, 4000],
    ]);
  });

  test("are dropped when the clock was set back, as an hour without any would follow", () => {
    const history = new History(1, 9);
    for (const at of [3_700_000, 3_701_000, 100_000, 101_000]) history.add(at, [at]);
    expect(history.columns[0]).toEqual([100, 101]);
  });

  test("of bytes are rates, but not when the counter begins anew", () => {
    const rates = new ByteRate();
    expect([rates.next(1000, 500), rates.next(2000, 1500), rates.next(3000, 100), rates.next(4000, 350)]).toEqual([
      ...[null, 8, null, 2],
    ]);
  });

  test("of things that are no longer shown are forgotten first", () => {
    let made = 0;
    const kept = new Kept(2, () => ++made);
    for (const name of ["a", "b", "a", "c", "a"]) kept.of(name);
    expect([kept.of("a"), kept.of("b"), kept.size]).toEqual([1, 4, 2]);
  });
});
