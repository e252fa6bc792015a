import { expect, test } from "bun:test";
import { UserError } from "../../../../src/base/errors.ts";
import { checkRefer, parseReferHost } from "../../../../src/features/security/refer.ts";

const none = { refer: [], refer_publish: [], refer_play: [] };

test.each([
  "http://example.com",
  "https://example.com/",
  "https://www.example.com/page?x=http://evil.net/#y",
  "HTTPS://WWW.EXAMPLE.COM:8443/page",
  "http://user:pw@a.b.example.com/",
  "example.com/page",
  "http://example.com./",
])("a page at %p belongs to example.com", (pageUrl) => {
  expect(checkRefer({ ...none, refer: ["example.com"] }, { action: "play", pageUrl })).toBeUndefined();
});

test.each([
  "",
  "http://",
  "http://badexample.com/",
  "http://example.com.evil.net/",
  "http://evil.net/example.com",
  "http://evil.net?example.com",
  "http://evil.net#@example.com",
  "http://example.com@evil.net/",
  "http://com/",
  "about:blank",
])("a page at %p does not", (pageUrl) => {
  expect(checkRefer({ ...none, refer: ["example.com"] }, { action: "play", pageUrl })).toBeDefined();
});

test("refer applies to both actions, and refer_publish and refer_play each to one in addition", () => {
  const rules = { refer: ["example.com", "example.org"], refer_publish: ["studio.example.com"], refer_play: [] };
  const page = (action: "publish" | "play", pageUrl: string) => checkRefer(rules, { action, pageUrl })?.reason;
  expect(page("play", "http://example.org/")).toBeUndefined();
  expect(page("publish", "http://example.org/")).toBe('pages of "example.org" may not publish here');
  expect(page("publish", "http://studio.example.com/")).toBeUndefined();
  expect(page("play", "")).toBe("to play, a client has to name the page that it is on");
  const play = { ...none, refer_play: ["example.com"] };
  expect(checkRefer(play, { action: "publish", pageUrl: "" })).toBeUndefined();
});

test("hosts are written as names, in which case and a leading dot have no effect", () => {
  expect(parseReferHost(".Example.COM")).toBe("example.com");
  for (const wrong of ["", "http://example.com", "example.com/", "*.example.com", "a..b", "exa mple"])
    expect(() => parseReferHost(wrong)).toThrow(UserError);
});
