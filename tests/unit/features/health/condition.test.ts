import { expect, test } from "bun:test";
import fc from "fast-check";
import { Condition, type Level } from "../../../../src/features/health/condition.ts";

/** What looks a second apart change: `begun@3`. */
function changes(levels: readonly Level[], condition = new Condition(), from = 0): string[] {
  return levels.flatMap((level, at) => {
    const change = condition.look(level, (from + at) * 1000);
    return change === undefined ? [] : [`${change}@${from + at}`];
  });
}

const times = (count: number, level: Level) => Array.from({ length: count }, () => level);

test("A state begins at the second check in a row, and ends after five seconds without it", () => {
  const condition = new Condition();
  expect(changes(["well", "ill", "well", "ill", "unsure", "ill", "ill"], condition)).toEqual(["begun@6"]);
  expect(condition.since).toBe(5000);
  expect(changes([...times(5, "well"), "unsure", ...times(6, "well")], condition, 7)).toEqual(["ended@18"]);
  expect(condition.since).toBeUndefined();
});

test("A state that comes back lasts twice as long each time, at most five minutes, and is forgiven after ten minutes", () => {
  const condition = new Condition();
  let now = 0;
  const lasts = () => {
    changes(times(2, "ill"), condition, now);
    now += 2;
    const begun = now;
    while (condition.look("well", now * 1000) === undefined) now++;
    now++;
    return now - begun - 1;
  };
  expect([lasts(), lasts(), lasts(), lasts(), lasts(), lasts(), lasts(), lasts()]).toEqual([
    ...[5, 10, 20, 40, 80, 160, 300, 300],
  ]);
  now += 601;
  expect(lasts()).toBe(5);
});

test("A flapping state changes only a few times in an hour", () => {
  const level = fc.constantFrom<Level>("well", "well", "ill", "ill", "unsure");
  fc.assert(
    fc.property(
      fc.array(fc.tuple(level, fc.integer({ min: 1, max: 20 })), { minLength: 400, maxLength: 500 }),
      (runs) => {
        const levels = runs.flatMap(([each, count]) => times(count, each)).slice(0, 3600);
        expect(changes(levels).length).toBeLessThan(36);
      },
    ),
    { numRuns: 50 },
  );
});
