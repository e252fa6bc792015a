import { describe, expect, test } from "bun:test";
import { Console } from "../../../../src/features/console/console.ts";
import { previewOrigins } from "../../../../src/features/console/preview.ts";
import { consoleHeaders } from "../../../../src/features/console/security-headers.ts";
import type { Asset } from "../../../../src/http/asset.ts";
import type { ViewerEndpoint } from "../../../../src/live/ports/viewer-endpoint.ts";
import { answerOf } from "../../../support/http-exchange.ts";
import { getRequest } from "../../../support/http-request.ts";

const bytes = new TextEncoder().encode("text");
const asset: Asset = { type: "text/html", etag: '"1"', body: bytes, gzip: bytes };
const viewers: readonly ViewerEndpoint[] = [
  { scheme: "http", host: "", port: 8080 },
  { scheme: "https", host: "192.0.2.1", port: 8443 },
];

function consoleWith(enabled = true, page: Asset | undefined = asset): Console {
  return new Console({
    assets: { page, find: (path) => (path === "/console/main-abc.js" ? asset : undefined) },
    config: () => ({ enabled }),
    viewerEndpoints: () => viewers,
  });
}

describe("The console", () => {
  test("is one page that is revalidated each time, with files that are cached", () => {
    const page = answerOf(consoleWith(), getRequest("/console/"));
    expect([page?.status, page?.headers?.["cache-control"]]).toEqual([200, "no-cache"]);
    const file = answerOf(consoleWith(), getRequest("/console/main-abc.js"));
    expect([file?.status, file?.headers?.["cache-control"]]).toEqual([200, "public, max-age=31536000, immutable"]);
  });

  test.each(["/", "/console"])("is where %s redirects to", (path) => {
    expect(answerOf(consoleWith(), getRequest(path))).toMatchObject({
      status: 302,
      headers: { location: "/console/" },
    });
  });

  test("has no addresses besides these", () => {
    for (const path of ["/console/index.html", "/console/../etc", "/consoles", "/live/cam"])
      expect(answerOf(consoleWith(), getRequest(path))).toBeUndefined();
    expect(answerOf(consoleWith(), { ...getRequest("/console/"), method: "POST" })).toBeUndefined();
  });

  test("does not exist if it is off, or the program was built without it", () => {
    expect(answerOf(consoleWith(false), getRequest("/console/"))).toBeUndefined();
    const unbuilt = new Console({
      ...{ assets: { page: undefined, find: () => undefined }, config: () => ({ enabled: true }) },
      viewerEndpoints: () => [],
    });
    expect(answerOf(unbuilt, getRequest("/console/"))).toBeUndefined();
  });
});

describe("The console's policy", () => {
  const policyOf = (host: string) => consoleHeaders(host, viewers)["content-security-policy"];

  test("allows its own server alone, no markup from texts, no frames around it, and a frame for previews", () => {
    expect(policyOf("srs.example")?.split("; ")).toEqual([
      "default-src 'none'",
      "base-uri 'none'",
      "form-action 'none'",
      "script-src 'self'",
      "style-src 'self'",
      "img-src 'self'",
      "connect-src 'self'",
      "frame-src http://srs.example:8080 https://192.0.2.1:8443",
      "frame-ancestors 'none'",
      "require-trusted-types-for 'script'",
      "trusted-types 'none'",
    ]);
  });

  test("uses only the name of a host", () => {
    for (const host of ["x; script-src *", "a b", "a'b", "", "a/b"])
      expect(policyOf(host)).toContain("frame-src https://192.0.2.1:8443;");
    expect(consoleHeaders("a b", [])["content-security-policy"]).toContain("frame-src 'none'");
  });

  test("names addresses of IPv6 in brackets", () => {
    expect(previewOrigins("[::1]", [{ scheme: "http", host: "", port: 1 }])).toEqual(["http://[::1]:1"]);
    expect(previewOrigins("x", [{ scheme: "http", host: "::1", port: 1 }])).toEqual(["http://[::1]:1"]);
  });
});
