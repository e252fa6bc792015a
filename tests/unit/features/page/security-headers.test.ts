import { describe, expect, test } from "bun:test";
import { plainHeaders, playerHeaders } from "../../../../src/features/page/security-headers.ts";
import { getRequest } from "../../../support/http-request.ts";

function policyOf(headers: Record<string, string>): Record<string, string> {
  const directives = (headers["content-security-policy"] ?? "").split("; ");
  return Object.fromEntries(directives.map((each) => [each.split(" ", 1)[0], each.split(" ").slice(1).join(" ")]));
}

describe("a player's page", () => {
  test("may load scripts, styles and pictures of its own server alone, and media of it", () => {
    const request = getRequest("/live/cam", { host: "srs.example:8080" });
    expect(policyOf(playerHeaders(request, []))).toEqual({
      "default-src": "'none'",
      "base-uri": "'none'",
      "form-action": "'none'",
      "script-src": "'self'",
      "style-src": "'self'",
      "img-src": "'self'",
      "media-src": "'self' blob:",
      "connect-src": "'self' ws://srs.example:8080 wss://srs.example:8080",
      "frame-ancestors": "*",
    });
  });

  test("may ask the servers that its address names for media", () => {
    const request = getRequest(`/live/cam?also=${encodeURIComponent("https://b.example/live/cam")}`, {
      host: "a.example",
    });
    expect(policyOf(playerHeaders(request, []))).toMatchObject({
      "script-src": "'self'",
      "media-src": "'self' blob: https://b.example",
      "connect-src": "'self' ws://a.example wss://a.example https://b.example wss://b.example",
    });
  });

  test.each(["a.example; script-src *", "a.example, b.example", "'unsafe-inline'", "a.example\r\nx: y", ""])(
    "has no part of a Host of %p",
    (host) => {
      expect(policyOf(playerHeaders(getRequest("/live/cam", { host }), []))["connect-src"]).toBe("'self'");
    },
  );

  test("reveals no addresses to other sites", () => {
    expect(playerHeaders(getRequest("/live/cam"), [])).toMatchObject({
      "referrer-policy": "strict-origin-when-cross-origin",
    });
  });
});

describe("a frame of another page", () => {
  test.each([
    [[], "*"],
    [["none"], "'none'"],
    [["example.com"], "'self' example.com:* *.example.com:*"],
  ] as const)("may hold pages by embed = %p", (embed, allowed) => {
    expect(policyOf(playerHeaders(getRequest("/live/cam"), embed))["frame-ancestors"]).toBe(allowed);
    expect(policyOf(plainHeaders(embed))["frame-ancestors"]).toBe(allowed);
  });
});
