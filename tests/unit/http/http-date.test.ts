import { describe, expect, test } from "bun:test";
import { DateHeader, formatHttpDate, parseHttpDate } from "../../../src/http/http-date.ts";

const example = Date.UTC(1994, 10, 6, 8, 49, 37);
const now = Date.UTC(2026, 10, 29);

describe("A date", () => {
  // Source: RFC 9110, 5.6.7.
  test.each(["Sun, 06 Nov 1994 08:49:37 GMT", "Sunday, 06-Nov-94 08:49:37 GMT", "Sun Nov  6 08:49:37 1994"])(
    "is read in each of its spellings: %s",
    (text) => expect(parseHttpDate(text, now)).toBe(example),
  );

  test("is written in the first of its spellings", () => {
    expect(formatHttpDate(example + 999)).toBe("Sun, 06 Nov 1994 08:49:37 GMT");
  });

  test("with two digits of a year is not more than 50 years ahead", () => {
    const year = (digits: string) => new Date(parseHttpDate(`Sunday, 06-Nov-${digits} 08:49:37 GMT`, now) ?? 0);
    expect(["26", "76", "77", "99"].map((digits) => year(digits).getUTCFullYear())).toEqual([2026, 2076, 1977, 1999]);
  });

  test.each([
    "",
    "0",
    "1994-11-06T08:49:37Z",
    "Sun, 06 Nov 1994 08:49:37",
    "Sun, 06 Nov 1994 08:49:37 UTC",
    "Sun, 6 Nov 1994 08:49:37 GMT",
    "sun, 06 nov 1994 08:49:37 gmt",
    "Sun, 31 Feb 1994 08:49:37 GMT",
    "Sun, 00 Nov 1994 08:49:37 GMT",
    "Sun, 06 Nov 1994 24:00:00 GMT",
    "Sun, 06 Nov 1994 08:60:00 GMT",
    "Sun, 06 Nov 1994 08:49:61 GMT",
    " Sun, 06 Nov 1994 08:49:37 GMT",
  ])("that is malformed is not read", (text) => expect(parseHttpDate(text, now)).toBeUndefined());

  test("with a leap second is read", () => {
    expect(parseHttpDate("Sat, 31 Dec 2016 23:59:60 GMT", now)).toBe(Date.UTC(2017, 0, 1));
  });

  test("is formatted for headers once a second", () => {
    const header = new DateHeader();
    const first = header.at(example);
    expect(header.at(example + 999.5)).toBe(first);
    expect(header.at(example + 1000)).toBe("Sun, 06 Nov 1994 08:49:38 GMT");
    expect(header.at(example)).toBe(first);
  });
});
