import { expect, test } from "bun:test";
import { paramValues, Secrets } from "../../../src/base/secrets.ts";

test("a secret is hidden wherever it stands, a short one only as a word", () => {
  const secrets = new Secrets(["abcd-efgh-1", "live"]);
  expect(secrets.hide("xabcd-efgh-1x live livestream /live/")).toBe("x***x *** livestream /***/");
});

test("a secret is hidden as a URL writes it, too", () => {
  expect(new Secrets(["a/b+c=dd"]).hide("a%2Fb%2Bc%3Ddd")).toBe("***");
  expect(new Secrets(["a%2Fb%2Bc"]).hide("a/b+c")).toBe("***");
  expect(new Secrets(["100%-\ud800"]).hide("100%-\ufffd")).toBe("***");
});

test("of two secrets that begin alike the longer one is hidden whole", () => {
  expect(new Secrets(["secret-key", "secret-key-2"]).hide("secret-key-2 secret-key")).toBe("*** ***");
});

test("characters with a meaning in patterns are plain text in secrets", () => {
  expect(new Secrets(["(a|b)*.+$^[x]{1}/\\"]).hide("see (a|b)*.+$^[x]{1}/\\")).toBe("see ***");
});

test("well-known texts, and texts too short to be distinguished from others, are not hidden", () => {
  expect(new Secrets(["livestream", "abc", ""], ["livestream"]).hide("livestream abc")).toBe("livestream abc");
});

test("the secrets in parameters are the values behind their names", () => {
  expect(paramValues("?a=b&token=x=y&bare")).toEqual(["b", "x=y", "bare"]);
});
