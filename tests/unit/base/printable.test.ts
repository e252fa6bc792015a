import { expect, test } from "bun:test";
import { printable, printableLines } from "../../../src/base/printable.ts";

test.each([
  ["plain text, ünïcode and 漢字", "plain text, ünïcode and 漢字"],
  ["a\u001b[2Jb", "a\\u001b[2Jb"],
  ["one\ntwo\r\tthree", "one\\ntwo\\r\\tthree"],
  ["left\u202eright", "left\\u202eright"],
  ["\u{e0041}", "\\u{e0041}"],
])("%j is shown as %j", (text, shown) => {
  expect(printable(text)).toBe(shown);
});

test("a text of several lines keeps its lines", () => {
  expect(printableLines("one\ntwo\u001b[1m\n")).toBe("one\ntwo\\u001b[1m\n");
});
