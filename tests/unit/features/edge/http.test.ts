import { expect, test } from "bun:test";
import type { HttpHandler } from "../../../../src/base/http.ts";
import { EdgeStage } from "../../../support/edges.ts";
import { flvFile } from "../../../support/flv.ts";
import { payloads } from "../../../support/live.ts";

const flv = (...names: readonly string[]) =>
  flvFile([
    { kind: 9, timestamp: 0, payload: payloads.videoHeader("V0") },
    ...names.map((name, at) => ({ kind: 9 as const, timestamp: at * 40, payload: payloads.key(name) })),
  ]);

/** Somebody watches at an edge with this origin; what the HTTP server has to answer with comes as it is asked. */
function stage(origin: string | readonly string[]) {
  const at = new EdgeStage();
  const edge = at.node("e", { origin: [origin].flat() });
  const asked: HttpHandler[] = [];
  const page = (url: string) => at.net.pages.set(url, (handler) => asked.push(handler));
  const handler = () => {
    at.clock.advance(1);
    const last = asked.at(-1);
    if (last === undefined) throw new Error(`nobody asked; dialled: ${at.net.dials}`);
    return last;
  };
  return { ...at, at, clock: at.clock, net: at.net, edge, asked, page, handler };
}

test("A stream is fetched as FLV over HTTP, with the viewer's parameters", () => {
  const { at, edge, page, handler, clock } = stage("http://origin:8080");
  page("http://origin:8080/live/show.flv?key=1&enhanced=1");
  const viewer = at.watch(edge, "show", { param: "?key=1" });
  handler().onResponse(200, undefined, "SRS/6");
  handler().onData(flv("k1", "k2"));
  clock.advance(10);
  expect(viewer.log).toEqual(["published", "V0", "k1", "k2"]);
  expect(edge.log.take(/pull/)).toEqual([
    "info p1 pull running from=http://origin:8080 stream=/live/show server=SRS/6 attempt=1",
  ]);
  handler().onEnd(undefined);
  expect(viewer.log.at(-1)).toBe("unpublished");
});

test("An origin's path may have placeholders for a stream's names", () => {
  const { at, edge, net, clock } = stage("https://cdn/[vhost]/[app]-[stream].flv?a=[stream]&[param]");
  at.watch(edge, "sh ow", { param: "?key=1" });
  clock.advance(1);
  expect(net.dials).toEqual(["https://cdn:443/__defaultVhost__/live-sh%20ow.flv?a=sh%20ow&key=1&enhanced=1"]);
});

test("Redirects are followed, up to three in a row and none to a less safe server", () => {
  const { at, edge, page, handler, net, clock } = stage("http://a/x.flv");
  for (const url of ["http://a:80/x.flv?enhanced=1", "http://a/y.flv", "https://b/z.flv"]) page(url);
  at.watch(edge);
  handler().onResponse(302, "/y.flv", "");
  handler().onResponse(307, "https://b/z.flv", "");
  handler().onResponse(302, "http://c/", "");
  clock.advance(1);
  expect(net.dials).toEqual(["http://a:80/x.flv?enhanced=1", "http://a/y.flv", "https://b/z.flv"]);
  expect(edge.log.take(/warn/)).toEqual([
    "warn p1 pull failed from=http://a:80/x.flv stream=/live/show error=HTTP 302: redirected from https to http, which others can read retry_ms=500",
  ]);
});

test.each([
  ["404, which says that it is not there", (handler: HttpHandler) => handler.onResponse(404, undefined, "")],
  ["503", (handler: HttpHandler) => handler.onResponse(503, undefined, "")],
  ["no answer", (handler: HttpHandler) => handler.onEnd("connection refused")],
  [
    "what is no FLV",
    (handler: HttpHandler) => {
      handler.onResponse(200, undefined, "");
      handler.onData(new TextEncoder().encode("<html>not here"));
    },
  ],
])("The next origin is asked after %s", (_what, answer) => {
  const { at, edge, page, handler, net, clock } = stage(["http://a", "b"]);
  page("http://a:80/live/show.flv?enhanced=1");
  const feed = at.node("b").publish().headers();
  const viewer = at.watch(edge);
  answer(handler());
  clock.advance(100);
  feed.key("k").wait(40);
  expect(viewer.log).toContain("k");
  // One that has not answered is asked whether it is alive.
  const asked = net.dials.filter((url) => url !== "http://a:80/");
  expect(asked).toEqual(["http://a:80/live/show.flv?enhanced=1", "b:1935"]);
});

test("A stream that fails at an origin does not make the origin dead for other streams", () => {
  const { at, edge, page, asked, net, clock } = stage(["http://a", "b"]);
  for (const name of ["bad", "good"]) page(`http://a:80/live/${name}.flv?enhanced=1`);
  at.node("b");
  at.watch(edge, "bad");
  clock.advance(1);
  asked[0]?.onResponse(503, undefined, "");
  clock.advance(10);
  net.dials.length = 0;
  at.watch(edge, "good");
  clock.advance(1);
  expect(net.dials[0]).toBe("http://a:80/live/good.flv?enhanced=1");
  expect(edge.log.take(/origin/)).toEqual([]);
});

const SILENCES: readonly (readonly [string, (handler: HttpHandler | undefined) => void])[] = [
  ["does not answer", () => undefined],
  ["closes on", (handler) => handler?.onEnd("the server closed the connection before its answer was whole")],
];

test.each(SILENCES)(
  "An origin over HTTP that %s requests for one stream stays alive for the others",
  async (_what, end) => {
    const { at, edge, page, asked, net, clock } = stage(["http://a", "b"]);
    edge.edgeConfig = { ...edge.edgeConfig, max_dials: 2 };
    for (const name of ["bad0", "bad1", "bad2", "good"]) page(`http://a:80/live/${name}.flv?enhanced=1`);
    net.pages.set("http://a:80/", (handler) => handler.onResponse(404, undefined, ""));
    at.node("b");
    for (const name of ["bad0", "bad1", "bad2"]) at.watch(edge, name);
    clock.advance(1);
    // Requests that wait hold up no others.
    expect(asked).toHaveLength(3);
    for (const handler of asked) end(handler);
    await at.pass(6000);
    expect(edge.log.take(/origin/)).toEqual([]);
    net.dials.length = 0;
    at.watch(edge, "good");
    clock.advance(1);
    expect(net.dials).toContain("http://a:80/live/good.flv?enhanced=1");
  },
);

test("An origin over HTTP that answers nothing at all is dead soon after the first request", async () => {
  const { at, edge, page } = stage(["http://a", "b"]);
  page("http://a:80/live/show.flv?enhanced=1");
  page("http://a:80/");
  at.node("b");
  at.watch(edge);
  await at.pass(9900);
  expect(edge.log.take(/origin/)).toEqual([]);
  await at.pass(200);
  expect(edge.log.take(/origin/)).toEqual(["warn origin dead origin=http://a:80 error=no answer within 5 s"]);
});

test("An origin over HTTP that sends clients to a silent server is alive", async () => {
  const { at, edge, page, handler } = stage(["http://a", "b"]);
  for (const url of ["http://a:80/live/show.flv?enhanced=1", "http://c/x.flv"]) page(url);
  at.node("b");
  at.watch(edge);
  handler().onResponse(302, "http://c/x.flv", "");
  await at.pass(12_000);
  expect(edge.log.take(/origin/)).toEqual([]);
});

test("A redirect from the public internet does not lead into a private network, but one within a private network does", () => {
  const { at, edge, page, handler, net, clock } = stage("http://a/x.flv");
  net.addresses.set("a", "203.0.113.7");
  for (const url of ["http://a:80/x.flv?enhanced=1", "http://inside/y.flv"]) page(url);
  at.watch(edge);
  handler().onResponse(302, "http://inside/y.flv", "");
  clock.advance(1);
  expect(edge.log.take(/warn/).join()).toContain("error=inside is not on the public internet");
  net.addresses.delete("a");
  clock.advance(600);
  handler().onResponse(302, "http://inside/y.flv", "");
  handler().onResponse(200, undefined, "");
  handler().onData(flv("k1"));
  expect(edge.log.take(/info/).join()).toContain("pull running");
});

test("An origin stays alive when a server that it redirects to does not answer", () => {
  const { at, edge, page, handler, clock } = stage(["http://a", "b"]);
  for (const url of ["http://a:80/live/show.flv?enhanced=1", "http://c/x.flv"]) page(url);
  at.node("b");
  at.watch(edge);
  handler().onResponse(302, "http://c/x.flv", "");
  handler().onEnd("connection refused");
  clock.advance(10);
  expect(edge.log.take(/origin/)).toEqual([]);
});

test("An origin over HTTP that answers a probe in any way is alive, and waiting viewers are served at once", async () => {
  const { at, edge, page, asked, handler, clock } = stage("http://a");
  edge.edgeConfig = { ...edge.edgeConfig, probe: true };
  const pass = async (ms: number) => {
    for (let step = 0; step < 50; step++) {
      clock.advance(ms / 50);
      await Bun.sleep(0);
    }
  };
  const viewer = at.watch(edge);
  clock.advance(1);
  expect(edge.log.take(/origin/)).toEqual(["warn origin dead origin=http://a:80 error=connection refused"]);
  page("http://a:80/");
  page("http://a:80/live/show.flv?enhanced=1");
  // One that takes the connection and says nothing is dead as well.
  await pass(60_000);
  expect(edge.log.take(/origin/)).toEqual([]);
  asked.length = 0;
  await pass(5000);
  const probe = asked[0];
  asked.length = 0;
  probe?.onResponse(404, undefined, "");
  expect(edge.log.take(/origin/)).toEqual(["info origin alive again origin=http://a:80"]);
  await pass(700);
  handler().onResponse(200, undefined, "");
  handler().onData(flv("k1"));
  clock.advance(10);
  expect(viewer.log).toContain("k1");
});
