import { describe, expect, test } from "bun:test";
import type { Assets } from "../../../../src/features/page/assets.ts";
import type { PageConfig } from "../../../../src/features/page/config.ts";
import { isPagePath, StreamPage } from "../../../../src/features/page/page.ts";
import type { Asset } from "../../../../src/http/asset.ts";
import type { HttpAnswer } from "../../../../src/live/ports/http.ts";
import { answerOf, bodyOf } from "../../../support/http-exchange.ts";
import { getRequest } from "../../../support/http-request.ts";

const bytes = (text: string): Uint8Array => new TextEncoder().encode(text);
const asset = (type: string, text: string): Asset => ({
  type,
  etag: `"${text}"`,
  body: bytes(text),
  gzip: bytes("gz"),
});
const script = asset("text/javascript", "script");
const assets: Assets = {
  page: asset("text/html; charset=utf-8", "page"),
  style: "/-/page/s.css",
  icon: "/-/page/i.svg",
  find: (path) => (path === "/-/page/main-abc.js" ? script : undefined),
};

/** What the route answers; undefined when it leaves the request to others. */
function answerTo(
  target: string,
  config: Partial<PageConfig> = {},
  headers: Record<string, string> = {},
): HttpAnswer | undefined {
  const page = new StreamPage({
    assets,
    config: () => ({ enabled: true, list_streams: false, embed: [], ...config }),
    servers: () => ["https://edge.example:443"],
    liveStreams: (vhost) => [{ vhost, app: "live", stream: `on-${vhost}` }],
  });
  return answerOf(page, getRequest(target, headers));
}

const textOf = (answer: HttpAnswer | undefined): string => new TextDecoder().decode(bodyOf(answer));

describe("a stream's page", () => {
  test.each([
    "/live/cam",
    "/live/cam.html",
    "/live/film.mp4.html",
    "/a/b/cam.1",
    "/cam",
    "/live/nobody",
    "/live/%3Cscript%3E",
  ])("is the same at %s, whether the stream is live or not", (target) => {
    expect(answerTo(target)).toMatchObject({
      status: 200,
      etag: '"page"',
      encodings: { gzip: bytes("gz") },
      headers: { "cache-control": "no-cache" },
    });
    expect(textOf(answerTo(target))).toBe("page");
  });

  // Files that are missing are no pages.
  const files = ["/player/style.css", "/vod/film.mp4", "/live/cam.JPG", "/favicon.ico", "/favicon.ico/"];

  test.each([...files, "/live/cam.flv", "/live/cam.m3u8", "/live/cam.TS", "/live/.html", "/"])(
    "is not at %s",
    (target) => {
      expect(isPagePath(target)).toBeFalse();
      expect(answerTo(target)).toBeUndefined();
    },
  );

  test("is found with a slash at the end of its address, too", () => {
    expect(answerTo("/live/c%C3%A4m/?token=1&a=%20")).toMatchObject({
      status: 308,
      headers: { location: "/live/c%C3%A4m?token=1&a=%20" },
    });
  });

  test("is not there when it is switched off, or for a WebSocket", () => {
    expect(answerTo("/live/cam", { enabled: false })).toBeUndefined();
    expect(answerTo("/live/cam", {}, { upgrade: "websocket" })).toBeUndefined();
  });
});

test("the page's files may be cached for ever, and others are not found", () => {
  expect(answerTo("/-/page/main-abc.js")).toMatchObject({
    status: 200,
    type: "text/javascript",
    headers: { "cache-control": "public, max-age=31536000, immutable" },
  });
  expect(answerTo("/-/page/main-abd.js", { enabled: false })).toBeUndefined();
});

describe("the list of live streams", () => {
  test("is not there unless it is switched on", () => {
    expect(answerTo("/")).toBeUndefined();
    expect(answerTo("/", { list_streams: true })).toMatchObject({
      status: 200,
      headers: { "cache-control": "no-store" },
    });
  });

  test("has the streams of the host's vhost, or of the one that the address names", () => {
    const list = { list_streams: true };
    expect(textOf(answerTo("/", list))).toContain('href="/live/on-srs.example"');
    expect(textOf(answerTo("/?vhost=b%22c", list))).toContain('href="/live/on-b%22c?vhost=b%22c"');
  });

  test("has no scripts", () => {
    const { headers = {} } = answerTo("/", { list_streams: true }) ?? {};
    expect(headers["content-security-policy"]).toContain("default-src 'none'");
    expect(headers["content-security-policy"]).not.toContain("script-src");
  });
});
