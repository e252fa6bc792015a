import { describe, expect, test } from "bun:test";
import { UserError } from "../../../src/base/errors.ts";
import { BenchUrl } from "../../../src/loadgen/url.ts";

describe("a URL names server, app and stream", () => {
  test.each([
    ["rtmp://10.0.0.1/live/show", "10.0.0.1", 1935, "rtmp://10.0.0.1:1935/live", "live", "show"],
    ["rtmp://10.0.0.1:1936/a/b/show?k=1&l=2", "10.0.0.1", 1936, "rtmp://10.0.0.1:1936/a/b", "a/b", "show?k=1&l=2"],
    ["RTMP://host.example/live/show", "host.example", 1935, "rtmp://host.example:1935/live", "live", "show"],
    ["rtmps://host.example/live/show", "host.example", 443, "rtmps://host.example:443/live", "live", "show"],
    ["rtmp://[::1]:1940/live/show", "::1", 1940, "rtmp://[::1]:1940/live", "live", "show"],
    ["rtmp://10.0.0.1/live/show?vhost=v.example", "10.0.0.1", 1935, "rtmp://v.example:1935/live", "live", "show"],
  ])("%s", (text, host, port, tcUrl, app, playPath) => {
    expect(new BenchUrl(text).target(0)).toMatchObject({ address: { host, port }, names: { tcUrl, app, playPath } });
  });
});

describe("a URL of HTTP or a WebSocket names server, stream and format", () => {
  test.each([
    ["http://10.0.0.1/live/show.flv", "http-flv", "10.0.0.1", 80, false, "live/show"],
    ["https://h.example/a/b/show.m3u8?k=1", "hls", "h.example", 443, true, "a/b/show"],
    ["ws://h.example:8080/live/show.flv", "ws-flv", "h.example", 8080, false, "live/show"],
    ["WSS://h.example/live/show.ts", "ws-ts", "h.example", 443, true, "live/show"],
    ["http://[::1]:81/live/a.b%20c.ts", "http-ts", "::1", 81, false, "live/a.b c"],
  ])("%s", (text, protocol, host, port, tls, stream) => {
    const url = new BenchUrl(text);
    expect(url.protocol).toBe(protocol as typeof url.protocol);
    expect(url.target(0)).toMatchObject({ protocol, address: { host, port, tls }, stream });
    expect(() => url.publishTarget(0)).toThrow(/^.*: streams are published by RTMP, to a URL like rtmp:/);
  });
});

describe("the number of a connection", () => {
  const path = (url: BenchUrl, number: number) => url.publishTarget(number).names.playPath;

  test("replaces {}", () => {
    const url = new BenchUrl("rtmp://h/live/show{}?key={}");
    expect([url.numbered, path(url, 0), path(url, 12)]).toEqual([true, "show0?key=0", "show12?key=12"]);
    expect(url.forMany()).toBe(url);
  });

  test("is appended to the stream's name if there are many streams and no {}", () => {
    expect(path(new BenchUrl("rtmp://h/live/show").forMany(), 3)).toBe("show3");
    expect(path(new BenchUrl("rtmp://h/live/show?key=1").forMany(), 3)).toBe("show3?key=1");
  });

  test("is not used in a URL of one stream", () => {
    expect(path(new BenchUrl("rtmp://h/live/show"), 3)).toBe("show");
  });
});

test.each([
  ["", '"" is no URL like rtmp://host/live/livestream or http://host/live/livestream.flv'],
  [
    "10.0.0.1/live/show",
    '"10.0.0.1/live/show" is no URL like rtmp://host/live/livestream or http://host/live/livestream.flv',
  ],
  [
    "ftp://h/live/show.flv",
    '"ftp://h/live/show.flv" is no URL like rtmp://host/live/livestream or http://host/live/livestream.flv',
  ],
  [
    "http://h/live/show",
    "http://h/live/show: the ending says what is played, as in /live/livestream.flv, .ts or .m3u8",
  ],
  ["http://h/.flv", "http://h/.flv: the ending says what is played, as in /live/livestream.flv, .ts or .m3u8"],
  ["ws://h/live/show.m3u8", "ws://h/live/show.m3u8: HLS has no WebSocket; write http:// or https://"],
  ["http://u:p@h/live/show.flv", "http://u:p@h/live/show.flv: a user and a password are not supported"],
  ["http://h:0/live/show.flv", '"0" is not a port, 1 to 65535'],
  ["rtmp://u:p@h/live/show", "rtmp://u:p@h/live/show: a user and a password are not supported"],
  ["rtmp:///live/show", '"" has no host'],
  ["rtmp://h:0/live/show", '"0" is not a port, 1 to 65535'],
  ["rtmp://h/", "rtmp://h/: the stream name is missing; a URL is like rtmp://host/live/livestream"],
])("%p is refused", (text, message) => {
  expect(() => new BenchUrl(text)).toThrow(new UserError(message));
});
