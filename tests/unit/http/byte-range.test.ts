import { describe, expect, test } from "bun:test";
import fc from "fast-check";
import { contentRange, readRange } from "../../../src/http/byte-range.ts";

describe("A Range of 10,000 bytes", () => {
  // Source: the examples of RFC 9110, 14.1.2, and its rules.
  test.each([
    ["the first 500", "bytes=0-499", { start: 0, end: 500 }],
    ["the second 500", "bytes=500-999", { start: 500, end: 1000 }],
    ["the last 500", "bytes=-500", { start: 9500, end: 10_000 }],
    ["from 9500 on", "bytes=9500-", { start: 9500, end: 10_000 }],
    ["one byte", "bytes=0-0", { start: 0, end: 1 }],
    ["more than there is", "bytes=9999-20000", { start: 9999, end: 10_000 }],
    ["a longer end than there is", "bytes=-20000", { start: 0, end: 10_000 }],
    ["digits without an end", `bytes=1-${"9".repeat(400)}`, { start: 1, end: 10_000 }],
    ["one range among empty elements", "BYTES=, 1-2 ,", { start: 1, end: 3 }],
    ["beyond its end", "bytes=10000-", "unsatisfiable"],
    ["far beyond its end", `bytes=${"9".repeat(400)}-`, "unsatisfiable"],
    ["the last 0", "bytes=-0", "unsatisfiable"],
    ["nothing", undefined, "whole"],
    ["the first and the last byte", "bytes=0-0,-1", "whole"],
    ["the middle 500, in two ranges", "bytes= 0-999, 4500-5499, -1000", "whole"],
    ["a range that runs back", "bytes=5-4", "whole"],
    ["another unit", "seconds=1-2", "whole"],
    ["a unit without ranges", "bytes=", "whole"],
    ["a lone dash", "bytes=-", "whole"],
    ["a negative number", "bytes=--1", "whole"],
    ["a sign", "bytes=+1-2", "whole"],
    ["hexadecimal digits", "bytes=0x0-1", "whole"],
    ["spaces within", "bytes=0 - 1", "whole"],
    ["no unit", "0-1", "whole"],
  ] as const)("is %s", (_, header, expected) => {
    expect(readRange(header, 10_000)).toEqual(expected);
  });

  test("of an empty body can't be satisfied", () => {
    expect(["bytes=0-", "bytes=-1"].map((header) => readRange(header, 0))).toEqual(["unsatisfiable", "unsatisfiable"]);
  });

  test("is never outside of the body", () => {
    const number = fc.option(fc.nat(20), { nil: "" });
    const property = fc.property(number, number, fc.nat(20), (first, last, size) => {
      const range = readRange(`bytes=${first}-${last}`, size);
      if (typeof range === "string") return;
      expect(range.start).toBeGreaterThanOrEqual(0);
      expect(range.end).toBeGreaterThan(range.start);
      expect(range.end).toBeLessThanOrEqual(size);
    });
    fc.assert(property, { seed: 14, numRuns: 300 });
  });

  // Source: RFC 9110, 14.4.
  test("is written in Content-Range", () => {
    expect(contentRange({ start: 42, end: 1234 }, 1234)).toBe("bytes 42-1233/1234");
    expect(contentRange(undefined, 1234)).toBe("bytes */1234");
  });
});
