import { expect, test } from "bun:test";
import { isToken, listHas, trimmed } from "../../../src/http/characters.ts";

test.each([
  ["close", true],
  ["Close", true],
  ["keep-alive, close", true],
  ["close,upgrade", true],
  [" \tclose\t , x", true],
  ["closed, not-close, CLOSE", true],
  ["x,,close,", true],
  ["closed", false],
  ["not-close", false],
  ["a close", false],
  ["close a", false],
  ["close;q=1", false],
  ["", false],
  [undefined, false],
])("the header list %p contains close", (list, expected) => expect(listHas(list, "close")).toBe(expected));

test("only spaces and tabs around a text are cut off", () => {
  expect(trimmed(" \t a\u00a0b \u00a0\t")).toBe("a\u00a0b \u00a0");
  expect([trimmed(" \t"), trimmed("")]).toEqual(["", ""]);
});

test("a token has letters, digits and the symbols of its own", () => {
  expect(["GET", "!#$%&'*+-.^_`|~9", "", "a b", "a:", "é", "a\n"].map(isToken)).toEqual([
    true,
    true,
    false,
    false,
    false,
    false,
    false,
  ]);
});
