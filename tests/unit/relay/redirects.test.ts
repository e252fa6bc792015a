import { expect, test } from "bun:test";
import { Redirects } from "../../../src/relay/redirects.ts";

test.each([
  ["rtmp://h/live/show?k=1", { host: "h", port: 1935, tls: false, tcUrl: "rtmp://h:1935/live" }],
  ["RTMPS://h/a/b/show", { host: "h", port: 443, tls: true, tcUrl: "rtmps://h:443/a/b" }],
  ["rtmps://h:1443/live/show", { host: "h", port: 1443, tls: true, tcUrl: "rtmps://h:1443/live" }],
])("%s is followed, over TLS where it says so", (url, next) => {
  const redirects = new Redirects();
  expect(redirects.follow(url)).toBeUndefined();
  expect(redirects.take()).toMatchObject(next);
  expect(redirects.take()).toBeUndefined();
});
