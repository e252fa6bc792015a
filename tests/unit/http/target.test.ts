import { expect, test } from "bun:test";
import fc from "fast-check";
import { parseTarget } from "../../../src/http/target.ts";

const segment = fc
  .string({ unit: "grapheme", minLength: 1, maxLength: 12 })
  .filter((text) => !/[/\\\p{Cc}\p{Cs}]/u.test(text) && text !== "." && text !== "..");

test("a path that is percent-encoded in full or only where necessary is decoded", () => {
  const property = fc.property(fc.array(segment, { minLength: 1, maxLength: 5 }), fc.boolean(), (segments, all) => {
    const encode = all ? everyByte : encodeURIComponent;
    const target = parseTarget(`/${segments.map((one) => encode(one)).join("/")}?a=%41`);
    const path = `/${segments.join("/")}`;
    expect(target).toEqual({ ok: true, target: { path, query: "a=%41", authority: undefined } });
  });
  fc.assert(property, { seed: 3986, numRuns: 300 });
});

test("an absolute target names its host, port and scheme's port", () => {
  const named = (text: string) => {
    const result = parseTarget(text);
    return result.ok ? result.target.authority : result.reason;
  };
  expect(named("http://A.example:8080/x")).toEqual({ host: "a.example", port: 8080, defaultPort: 80 });
  expect(named("https://[::1]")).toEqual({ host: "[::1]", port: undefined, defaultPort: 443 });
  expect(named("http://a b/")).toBe("the target's host is not a host name");
});

function everyByte(text: string): string {
  const bytes = new TextEncoder().encode(text);
  return Array.from(bytes, (byte) => `%${byte.toString(16).padStart(2, "0")}`).join("");
}
