import { expect, test } from "bun:test";
import { ToldAge } from "../../../../src/live/source/told-age.ts";

test("An age is sent when it is known, unknown again, or has changed by 5 ms and 5 %", () => {
  const told = new ToldAge();
  const ages = [undefined, 0, 4, 5, 9, 1000, 1049, 950, 951, undefined, undefined, 950];
  expect(ages.map((ms) => told.isNews(ms))).toEqual([
    ...[false, true, false, true, false, true, false, true, false],
    ...[true, false, true],
  ]);
});
