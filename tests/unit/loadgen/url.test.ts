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

describe("the number of a connection", () => {
  const path = (url: BenchUrl, number: number) => url.target(number).names.playPath;

  test("takes the place of {}", () => {
    const url = new BenchUrl("rtmp://h/live/show{}?key={}");
    expect([url.numbered, path(url, 0), path(url, 12)]).toEqual([true, "show0?key=0", "show12?key=12"]);
    expect(url.forMany()).toBe(url);
  });

  test("comes behind the stream's name where there are many streams and no {}", () => {
    expect(path(new BenchUrl("rtmp://h/live/show").forMany(), 3)).toBe("show3");
    expect(path(new BenchUrl("rtmp://h/live/show?key=1").forMany(), 3)).toBe("show3?key=1");
  });

  test("has no part in a URL of one stream", () => {
    expect(path(new BenchUrl("rtmp://h/live/show"), 3)).toBe("show");
  });
});

test.each([
  ["", '"" is no URL like rtmp://host/live/livestream'],
  ["10.0.0.1/live/show", '"10.0.0.1/live/show" is no URL like rtmp://host/live/livestream'],
  ["http://h/live/show", '"http://h/live/show" is no URL like rtmp://host/live/livestream'],
  ["rtmp://u:p@h/live/show", "rtmp://u:p@h/live/show: a user and a password are not supported"],
  ["rtmp:///live/show", '"" has no host'],
  ["rtmp://h:0/live/show", '"0" is not a port, 1 to 65535'],
  ["rtmp://h/", "rtmp://h/: the stream name is missing; a URL is like rtmp://host/live/livestream"],
])("%p is refused", (text, message) => {
  expect(() => new BenchUrl(text)).toThrow(new UserError(message));
});
