import { expect, test } from "bun:test";
import { tokensOf } from "../../../../src/config/srs/tokens.ts";

const words = (text: string) => [...tokensOf(text)].map(({ text }) => text);

test.each([
  ["listen 1935;", ["listen", "1935", ";"]],
  ["a{b;}", ["a", "{", "b", ";", "}"]],
  ["\ufeffa b\r\n\tc;", ["a", "b", "c", ";"]],
  ["a#b c; # d; \n e", ["a#b", "c", ";", "e"]],
  ["a}b;", ["a}b", ";"]],
  [`"a b;{}#" '"' "'";`, ["a b;{}#", '"', "'", ";"]],
  [String.raw`"a\"b\\c\td\.e" 'f\'g';`, ['a"b\\c\td\\.e', "f'g", ";"]],
  [String.raw`a\nb c\;`, ["a\\nb", "c\\", ";"]],
  ['"two\nlines"', ["two\nlines"]],
  ["", []],
])("%j is read as the tokens %j", (text, tokens) => {
  expect(words(text)).toEqual(tokens);
});

test("each token knows its line, and whether it begins one", () => {
  const tokens = [...tokensOf('a\n  b "x\ny" c # z\n;')];
  expect(tokens.map(({ line, beginsLine }) => [line, beginsLine])).toEqual([
    [1, true],
    [2, true],
    [2, false],
    [3, true],
    [4, true],
  ]);
});
