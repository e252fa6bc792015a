import { describe, expect, test } from "bun:test";
import fc from "fast-check";
import {
  type FlvOrigin,
  flvUrl,
  maskOrigin,
  originLabel,
  originSecrets,
  parseOrigin,
  type RtmpOrigin,
  rtmpConnectUrl,
  rtmpUrl,
  upstreamNames,
} from "../../../../src/features/edge/address.ts";
import { resolve } from "../../../../src/rtmp/address.ts";

const SEED = 20141935;
const stream = { vhost: "v.com", app: "live", stream: "show", param: "" };

/** What viewers may hang on a name to get another one. */
const pair = fc.oneof(
  fc.constantFrom("k=1", "t=a/b", "vhost=vip", "v%68ost=vip", "VHOST=vip", "x;vhost=vip", "vhost[]=vip", "domain=vip"),
  fc.constantFrom("k=1...vhost...vip", "a,vhost=vip", "stream=vip", "str%65am=vip", "stream[]=vip", "key=2", "Key=2"),
);
const param = fc.array(pair, { maxLength: 4 }).map((pairs) => (pairs.length > 0 ? `?${pairs.join("&")}` : ""));
const names = fc.record({
  vhost: fc.constantFrom("__defaultVhost__", "v.com", "[fe80::1]"),
  app: fc.constantFrom("live", "live/vip", "__defaultApp__"),
  stream: fc.constantFrom("show", "s h&ow", "流"),
  param,
});

describe("An RTMP origin", () => {
  test("is asked only for the stream's names, by connect as well as by play", () => {
    fc.assert(
      fc.property(names, fc.constantFrom("", "[vhost].up"), fc.boolean(), (name, template, tls) => {
        const origin = parseOrigin(`rtmp${tls ? "s" : ""}://10.0.0.9:1936`) as RtmpOrigin;
        const asked = upstreamNames(template, name, name.param);
        const play = rtmpUrl(origin, asked);
        const connect = rtmpConnectUrl(origin, asked);
        const found = resolve(play.tcUrl, play.app, play.playPath);
        const { vhost, app } = asked;
        const told = vhost === "__defaultVhost__" ? "10.0.0.9" : vhost;
        expect(found).toMatchObject({ ok: true, address: { vhost: told, app, stream: asked.stream } });
        expect(found.ok && found.address.param).not.toMatch(/v(?:h|%68)ost|domain/i);
        expect(resolve(connect.tcUrl, connect.app, asked.stream)).toEqual(found);
      }),
      { seed: SEED, numRuns: 500 },
    );
  });
});

test.each([
  ["http://h/live/[stream].flv?k=[stream]", "http://h/live/[stream].flv?k=[stream]"],
  ["http://h/[app]/[vhost]-[stream].flv?key=secret-key", "http://h/[app]/[vhost]-[stream].flv?***"],
  ["http://h/play/secret-key/[stream].flv?x=[stream]", "http://h/play/***"],
  ["rtmp://h/play/secret-key/[stream]", "rtmp://h/play/***"],
])("the origin %s is shown as %s", (text, shown) => {
  const origin = parseOrigin(text);
  expect(maskOrigin(origin)).toBe(shown);
  expect(originLabel(origin)).not.toInclude("secret-key");
  expect(originSecrets(origin, stream).includes("secret-key")).toBe(text.includes("secret-key"));
});

describe("An HTTP origin", () => {
  const urlAt = (origin: string, param: string) =>
    new URL(flvUrl(parseOrigin(origin) as FlvOrigin, { ...stream, param }));

  test.each([
    ["http://h", "?k=1&v%68ost=vip", "http://h/live/show.flv?k=1&vhost=v.com&enhanced=1"],
    ["http://h", "?VHOST=vip", "http://h/live/show.flv?vhost=v.com&enhanced=1"],
    ["http://h/x.flv?stream=[stream]&[param]", "?stream=vip&k=1", "http://h/x.flv?stream=show&k=1&enhanced=1"],
    ["http://h/x.flv?[param]&stream=[stream]", "?k=1&str%65am=vip", "http://h/x.flv?k=1&stream=show&enhanced=1"],
    ["http://h/x.flv?key=1&[param]", "?Key=2", "http://h/x.flv?key=1&enhanced=1"],
    ["http://h/[stream].flv?[param]", "?v%68ost=vip&k=1", "http://h/show.flv?k=1&enhanced=1"],
    ["http://h", "?audio=0&VIDEO=0&enhanced=0&k=1", "http://h/live/show.flv?k=1&vhost=v.com&enhanced=1"],
    ["http://h/x.flv?enhanced=0&[param]", "?k=1&enhanced=1", "http://h/x.flv?enhanced=0&k=1"],
  ])("%s is asked with its own parameters, whatever a viewer adds: %s", (origin, param, url) => {
    expect(urlAt(origin, param).href).toBe(url);
  });

  test("keeps its own value for each of its parameters", () => {
    fc.assert(
      fc.property(
        param,
        fc.constantFrom("stream=[stream]&key=1&[param]", "[param]&stream=[stream]&key=1"),
        (param, query) => {
          const { searchParams } = urlAt(`http://h/x.flv?${query}`, param);
          const plain = [...searchParams].map(([key]) => key.toLowerCase().replace(/\[.*$/, ""));
          expect([searchParams.getAll("stream"), searchParams.getAll("key")]).toEqual([["show"], ["1"]]);
          expect(plain.filter((key) => key === "stream" || key === "key")).toHaveLength(2);
        },
      ),
      { seed: SEED, numRuns: 300 },
    );
  });
});
