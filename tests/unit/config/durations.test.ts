import { expect, test } from "bun:test";
import { inUnit } from "../../../src/config/durations.ts";

test.each([
  ["seconds", "5s", 5],
  ["seconds", "2m", 120],
  ["seconds", "2 min", 120],
  ["seconds", "1h", 3600],
  ["seconds", "7d", 604_800],
  ["seconds", "3000ms", 3],
  ["milliseconds", "500ms", 500],
  ["milliseconds", "5s", 5000],
])("%s: %p is %p", (unit, text, number) => {
  expect(inUnit(unit, text)).toBe(number);
});

test.each(["500ms", "5", "5 apples", "-5s", "1.5s", "", "s", 5, true, "9999999999s"])(
  "%p is left unchanged",
  (value) => {
    expect(inUnit("seconds", value)).toBe(value);
  },
);
