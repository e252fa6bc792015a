import { expect, test } from "bun:test";
import { checkRedirect, type Redirector, Redirects } from "../../../src/relay/redirects.ts";
import { resolve } from "../../../src/rtmp/address.ts";

const by: Redirector = { protocol: "rtmp", ip: "10.0.0.1" };

test.each([
  ["rtmp://h/live/show?k=1", { host: "h", port: 1935, tls: false, tcUrl: "rtmp://h:1935/live" }],
  ["RTMPS://h/a/b/show", { host: "h", port: 443, tls: true, tcUrl: "rtmps://h:443/a/b" }],
  ["rtmps://h:1443/live/show", { host: "h", port: 1443, tls: true, tcUrl: "rtmps://h:1443/live" }],
  [
    "rtmp://h/app?vhost=v.com/show",
    { tcUrl: "rtmp://h:1935/app?vhost=v.com", app: "app?vhost=v.com", playPath: "show" },
  ],
  ["rtmp://h/app?k=1&vhost=v.com/show?t=a/b", { app: "app?k=1&vhost=v.com", playPath: "show?t=a/b" }],
  ["rtmp://h/a/b?domain=v.com/show", { app: "a/b?domain=v.com", playPath: "show" }],
  ["rtmp://h/app...vhost...v.com/show", { app: "app...vhost...v.com", playPath: "show" }],
  ["rtmp://h/live/show?vhost=v.com", { app: "live", playPath: "show?vhost=v.com" }],
  ["rtmp://h/live/show?sign=a/b&vhost=v.com", { app: "live", playPath: "show?sign=a/b&vhost=v.com" }],
])("%s is followed, over TLS if it says so", (url, next) => {
  const redirects = new Redirects();
  expect(redirects.follow({ url, by })).toBeUndefined();
  expect(redirects.take()).toMatchObject(next);
  expect(redirects.take()).toBeUndefined();
});

test("a redirect leads to the stream that its URL names", () => {
  for (const url of [
    "rtmp://h/live/show?k=1",
    "rtmp://h/app?vhost=v.com/show?k=1",
    "rtmp://h/a/b?k=1&vhost=v.com/show",
    "rtmp://h/a/show?sign=x/y&vhost=v.com",
    "rtmp://h/app...vhost...v.com/show",
  ]) {
    const redirects = new Redirects();
    redirects.follow({ url, by });
    const { tcUrl, app, playPath } = redirects.take() ?? { tcUrl: "", app: "", playPath: "" };
    expect(resolve(tcUrl, app, playPath)).toEqual(resolve(url, undefined, ""));
  }
});

test.each([
  ["rtmps", "rtmp", "redirected from rtmps to rtmp, which others can read"],
  ["https", "http", "redirected from https to http, which others can read"],
  ["rtmp", "http", "redirected from rtmp to http"],
  ["http", "rtmp", "redirected from http to rtmp"],
  ["http", "file", "redirected from http to file"],
  ["rtmp", "", "redirected from rtmp to no URL"],
] as const)("no redirect leads from %s to %p", (protocol, to, problem) => {
  expect(checkRedirect({ protocol, ip: "10.0.0.1" }, to, 1)).toEqual({ problem });
});

test.each([
  ["rtmp", "rtmp"],
  ["rtmp", "rtmps"],
  ["rtmps", "rtmps"],
  ["http", "https"],
  ["https", "https"],
] as const)("redirects lead from %s to %s, three times in a row", (protocol, to) => {
  for (const depth of [1, 2, 3]) expect(checkRedirect({ protocol, ip: "10.0.0.1" }, to, depth).problem).toBeUndefined();
  expect(checkRedirect({ protocol, ip: "10.0.0.1" }, to, 4).problem).toBe("redirected more than 3 times");
});

test("a server of the public internet redirects only to others of it, and one of a private network anywhere", () => {
  const redirects = new Redirects();
  redirects.follow({ url: "rtmp://h/live/show", by: { protocol: "rtmp", ip: "203.0.113.7" } });
  expect(redirects.take()?.publicOnly).toBe(true);
  redirects.follow({ url: "rtmp://h/live/show", by: { protocol: "rtmp", ip: "192.168.1.5" } });
  expect(redirects.take()?.publicOnly).toBe(false);
});

test("Redirects are counted in a row: an attempt at the configured address begins the count again", () => {
  const redirects = new Redirects();
  for (let attempt = 0; attempt < 10; attempt++) {
    expect(redirects.take()).toBeUndefined();
    expect(redirects.follow({ url: "rtmp://h/live/show", by })).toBeUndefined();
    expect(redirects.take()).toBeDefined();
  }
  for (const follows of [true, true, false]) {
    expect(redirects.follow({ url: "rtmp://h/live/show", by }) === undefined).toBe(follows);
    redirects.take();
  }
});
