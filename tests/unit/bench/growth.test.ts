import { expect, test } from "bun:test";
import { growthOf } from "../../../bench/growth.ts";

/** One value a second for so many minutes, `from` MiB in the first third and `to` MiB in the rest. */
const samples = (minutes: number, from: number, to: number): number[] =>
  Array.from({ length: minutes * 60 }, (_, second) => (second < minutes * 20 ? from : to));

test.each([12, 27, 60])("a soak of %d minutes with even memory has not grown", (minutes) => {
  expect(growthOf(samples(minutes, 80, 80))).toEqual({
    earlyMib: 80,
    lateMib: 80,
    earlyMinutes: minutes / 6,
    grown: false,
  });
});

test.each([12, 27, 60])("a soak of %d minutes reports memory that grows by more than a tenth", (minutes) => {
  expect(growthOf(samples(minutes, 80, 87))?.grown).toBe(false);
  expect(growthOf(samples(minutes, 80, 89))).toMatchObject({ earlyMib: 80, lateMib: 89, grown: true });
});

test.each([1, 2, 4, 5, 11])("a soak of %d minutes is too short to judge a server that warms up", (minutes) => {
  expect(growthOf(samples(minutes, 80, 99))).toMatchObject({ earlyMib: 80, lateMib: 99, grown: undefined });
});

test("a soak of seconds says nothing about growth", () => {
  expect(growthOf([80, 80, 80])).toBeUndefined();
});
