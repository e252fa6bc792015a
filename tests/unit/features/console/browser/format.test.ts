import { describe, expect, test } from "bun:test";
import { duration, rate, shown } from "../../../../../src/features/console/browser/format.ts";

describe("Figures", () => {
  test("are in units that people read", () => {
    const plain = (text: string) => text.replaceAll("\u00a0", " ");
    expect([0, 999, 4200, 250_000, 2_500_000].map((kbps) => plain(rate(kbps)))).toEqual([
      ...["0 kbit/s", "999 kbit/s", "4.2 Mbit/s", "250 Mbit/s", "2.5 Gbit/s"],
    ]);
    expect([12, 9400, 90_000, 3_600_000, 9_000_000, 9e8].map(duration)).toEqual([
      ...["12 ms", "9 s", "1 min 30 s", "1 h", "2 h 30 min", "10 d 10 h"],
    ]);
    expect([rate(null), duration(null)]).toEqual(["–", "–"]);
  });

  test("of names show characters that would hide or reorder their parts", () => {
    expect(shown("a\u202eb")).toBe("a\\u202eb");
  });
});
