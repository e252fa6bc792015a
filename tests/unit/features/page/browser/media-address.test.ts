import { describe, expect, test } from "bun:test";
import { mediaUrl, readPageAddress, withWay } from "../../../../../src/features/page/browser/media-address.ts";

/** Addresses of the media in all ways, server by server. */
function addresses(href: string): string[][] {
  return readPageAddress(href).servers.map((server) => [
    mediaUrl(server, "flv"),
    mediaUrl(server, "ws"),
    mediaUrl(server, "hls"),
  ]);
}

describe("a page's address", () => {
  test("leads to the media beside it", () => {
    expect(addresses("https://a.example/live/cam.html")).toEqual([
      ["https://a.example/live/cam.flv", "wss://a.example/live/cam.flv", "https://a.example/live/cam.m3u8"],
    ]);
  });

  test("keeps parameters that may let a viewer in unchanged, and none of the page's own", () => {
    const href =
      "http://a.example:8080/live/cam?vhost=v&via=ws&token=a%2Bb+c&sign=%7E~&also=http%3A%2F%2Fb.example%2Flive%2Fcam";
    expect(addresses(href).map(([flv]) => flv)).toEqual([
      "http://a.example:8080/live/cam.flv?vhost=v&token=a%2Bb+c&sign=%7E~",
      "http://b.example/live/cam.flv?vhost=v&token=a%2Bb+c&sign=%7E~",
    ]);
  });

  test("may give another server parameters of its own", () => {
    const also = encodeURIComponent("https://b.example/live/cam.html?token=2");
    expect(addresses(`https://a.example/live/cam?token=1&also=${also}`).map(([, , hls]) => hls)).toEqual([
      "https://a.example/live/cam.m3u8?token=1",
      "https://b.example/live/cam.m3u8?token=2",
    ]);
  });

  test("keeps a name with a dot, and percent-encoding as it is", () => {
    expect(addresses("http://a.example/live/cam.1%2F%3Cb%3E")[0]?.[0]).toBe(
      "http://a.example/live/cam.1%2F%3Cb%3E.flv",
    );
    expect(readPageAddress("http://a.example/live/%3Cb%3E").name).toBe("live/<b>");
    expect(readPageAddress("http://a.example/live/100%").name).toBe("live/100%");
  });

  test("names a protocol or leaves the choice to the page", () => {
    const chosen = (query: string) => readPageAddress(`http://a.example/live/cam${query}`).chosen;
    expect([chosen(""), chosen("?via=hls"), chosen("?via=ws"), chosen("?via=rtmp")]).toEqual([
      undefined,
      "hls",
      "ws",
      undefined,
    ]);
    expect(withWay("http://a.example/live/cam?token=1&via=ws", "hls")).toBe(
      "http://a.example/live/cam?token=1&via=hls",
    );
    expect(withWay("http://a.example/live/cam?via=ws", "")).toBe("http://a.example/live/cam");
  });
});
