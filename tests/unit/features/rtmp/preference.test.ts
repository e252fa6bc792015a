import { describe, expect, test } from "bun:test";
import { UserError } from "../../../../src/base/errors.ts";
import { formatPreference, isPreferred, parsePreference } from "../../../../src/features/rtmp/preference.ts";

describe("a preference", () => {
  test("is read and written the same", () => {
    for (const text of ["192.168.1.5", "10.0.0.0/8", "2001:db8::/32", "?role=primary", "?primary", "?a="])
      expect(formatPreference(parsePreference(text))).toBe(text);
  });

  test("that is empty is refused", () => {
    for (const text of ["", "encoder.example.com", "?", "?=x", "?a=b&c=d", "?a b", "10.0.0.0/33"])
      expect(() => parsePreference(text), text).toThrow(UserError);
  });

  const cases: readonly [preferences: string[], address: string, query: string, preferred: boolean][] = [
    [[], "10.1.2.3", "?role=primary", false],
    [["10.0.0.0/8"], "10.1.2.3", "", true],
    [["10.0.0.0/8"], "11.1.2.3", "", false],
    [["::1"], "::1", "", true],
    [["10.0.0.0/8"], "", "", false],
    [["?role=primary"], "10.1.2.3", "?key=1&role=primary", true],
    [["?role=primary"], "10.1.2.3", "?role=primary2", false],
    [["?role=primary"], "10.1.2.3", "", false],
    [["?primary"], "10.1.2.3", "?primary", true],
    [["?primary"], "10.1.2.3", "?primary=1", true],
    [["?primary"], "10.1.2.3", "?role=primary", false],
    [["192.168.1.5", "?primary"], "192.168.1.5", "?x", true],
  ];
  test.each(cases)("%p and a publisher from %s with %s", (preferences, address, query, preferred) => {
    expect(isPreferred(preferences.map(parsePreference), address, query)).toBe(preferred);
  });
});
