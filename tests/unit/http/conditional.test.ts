import { describe, expect, test } from "bun:test";
import { checkConditions, type Headers, rangeApplies, sameTag } from "../../../src/http/conditional.ts";

const now = Date.UTC(2026, 10, 29);
const date = "Sat, 29 Oct 1994 19:43:31 GMT";
const lastModifiedMs = Date.UTC(1994, 9, 29, 19, 43, 31) + 250;
const later = "Sat, 29 Oct 1994 19:43:32 GMT";
const earlier = "Sat, 29 Oct 1994 19:43:30 GMT";

const asking = (headers: Readonly<Record<string, string>>): Headers => ({ header: (name) => headers[name] });

// Source: the table of RFC 9110, 8.8.3.2.
test.each([
  ['W/"1"', 'W/"1"', false, true],
  ['W/"1"', 'W/"2"', false, false],
  ['W/"1"', '"1"', false, true],
  ['"1"', '"1"', true, true],
])("the entity tags %s and %s are the same strongly: %p, and weakly: %p", (one, other, strong, weak) => {
  expect([sameTag(one, other, true), sameTag(one, other, false)]).toEqual([strong, weak]);
});

describe("A conditional request", () => {
  test.each([
    // RFC 9110, 13.1.2, with its examples of lists.
    ["none", {}, undefined],
    ["the tag", { "if-none-match": '"xyzzy"' }, 304],
    ["the tag as a weak one", { "if-none-match": 'W/"xyzzy"' }, 304],
    ["the tag in a list", { "if-none-match": '"xyzzy", "r2d2xxxx", "c3piozzzz"' }, 304],
    ["the tag last in a list with empty elements", { "if-none-match": ', W/"r2d2xxxx",, "a,b" ,\t"xyzzy"' }, 304],
    ["any tag", { "if-none-match": "*" }, 304],
    ["other tags", { "if-none-match": '"r2d2xxxx", "xyzzy2"' }, undefined],
    ["a tag without quotes", { "if-none-match": "xyzzy" }, undefined],
    ["a tag that is open", { "if-none-match": '"xyzzy' }, undefined],
    ["the tag within another", { "if-none-match": '"a\\"xyzzy"' }, undefined],
    // RFC 9110, 13.1.3.
    ["its date", { "if-modified-since": date }, 304],
    ["a later date", { "if-modified-since": later }, 304],
    ["an earlier date", { "if-modified-since": earlier }, undefined],
    ["no date", { "if-modified-since": "yesterday" }, undefined],
    [
      "another tag and its date (13.2.2: the tag counts)",
      { "if-none-match": '"a"', "if-modified-since": date },
      undefined,
    ],
    // RFC 9110, 13.1.1 and 13.1.4.
    ["wanting the tag", { "if-match": '"a", "xyzzy"' }, undefined],
    ["wanting any", { "if-match": "*" }, undefined],
    ["wanting the tag as a weak one", { "if-match": 'W/"xyzzy"' }, 412],
    ["wanting another tag", { "if-match": '"a"' }, 412],
    ["wanting it unmodified since its date", { "if-unmodified-since": date }, undefined],
    ["wanting it unmodified since an earlier date", { "if-unmodified-since": earlier }, 412],
    ["wanting the tag, and unmodified", { "if-match": '"xyzzy"', "if-unmodified-since": earlier }, undefined],
    ["wanting another tag and having this", { "if-match": '"a"', "if-none-match": '"xyzzy"' }, 412],
    ["wanting the tag and having it", { "if-match": '"xyzzy"', "if-none-match": '"xyzzy"' }, 304],
  ] as const)("that names %s is answered rightly", (_, headers, expected) => {
    expect(checkConditions(asking(headers), { etag: '"xyzzy"', lastModifiedMs }, now)).toBe(expected);
  });

  test("for a body without tag and date is answered with the whole body", () => {
    const headers = { "if-none-match": '"xyzzy"', "if-modified-since": date };
    expect(checkConditions(asking(headers), {}, now)).toBeUndefined();
    expect(checkConditions(asking({ "if-match": '"xyzzy"' }), {}, now)).toBe(412);
  });

  test.each([
    ["nothing", undefined, true],
    ["the tag", '"xyzzy"', true],
    ["the tag as a weak one", 'W/"xyzzy"', false],
    ["another tag", '"a"', false],
    ["its date", date, true],
    ["a later date", later, false],
    ["an earlier date", earlier, false],
    ["nonsense", "x", false],
  ])("for a part gets it only if %s is unchanged", (_, condition, applies) => {
    const request = asking(condition === undefined ? {} : { "if-range": condition });
    expect(rangeApplies(request, { etag: '"xyzzy"', lastModifiedMs }, now)).toBe(applies);
    if (condition !== undefined) expect(rangeApplies(request, {}, now)).toBe(false);
  });
});
