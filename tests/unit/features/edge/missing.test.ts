import { describe, expect, test } from "bun:test";
import { FoundOrigins } from "../../../../src/features/edge/found-origins.ts";
import { EdgeStage } from "../../../support/edges.ts";

const HOLDING = { wait: 10, missing_ttl: 60, linger: 0 } as const;

test("A stream is searched for until viewers are refused, and not again while it is known to be missing", () => {
  const stage = new EdgeStage();
  const demand = { param: "", tcUrl: "", pageUrl: "", swfUrl: "", hops: [] };
  const searchMs = (edge: ReturnType<EdgeStage["node"]>, name = "show") =>
    edge.edge.searchMs({ vhost: "__defaultVhost__", app: "live", stream: name }, demand);
  stage.net.pages.set("http://a:80/live/show.flv?enhanced=1", (handler) => handler.onResponse(404, undefined, ""));
  const edge = stage.node("e", { origin: ["http://a"], ...HOLDING });
  expect(searchMs(edge)).toBe(10_000);
  stage.watch(edge);
  stage.clock.advance(100);
  expect([searchMs(edge), searchMs(edge, "other")]).toEqual([0, 10_000]);
  expect(searchMs(stage.node("f", { origin: ["a"], wait: 0 }))).toBe(Number.POSITIVE_INFINITY);
  expect(searchMs(stage.node("g", {}))).toBe(0);
});

describe("A stream does not count as missing", () => {
  test("because it has ended: new viewers are served as soon as it is back", () => {
    const stage = new EdgeStage();
    const a = stage.node("a");
    const edge = stage.node("e", { origin: ["a"], ...HOLDING });
    const first = a.publish().headers();
    const viewer = stage.watch(edge);
    stage.second("k", first);
    first.end();
    stage.clock.advance(100);
    expect(viewer.log.at(-1)).toBe("unpublished");
    viewer.leave();
    const told = stage.client("e", "play", "rtmp://e/live", "show");
    const late = stage.watch(edge);
    a.publish().headers().key("l");
    stage.clock.advance(100);
    expect(told).toEqual(["started"]);
    expect(late.log).toContain("l");
  });

  test("because no origin can be reached", () => {
    const stage = new EdgeStage();
    const a = stage.node("a");
    const edge = stage.node("e", { origin: ["a"], ...HOLDING });
    stage.kill("a");
    stage.watch(edge).leave();
    const waiting = stage.watch(edge, "other");
    stage.clock.advance(10_500);
    waiting.leave();
    stage.net.hosts.set("a:1935", { accept: () => a.accept() });
    for (const name of ["show", "other"]) a.publish(name).headers().key(name);
    const viewers = ["show", "other"].map((name) => stage.watch(edge, name));
    const told = stage.client("e", "play", "rtmp://e/live", "other");
    stage.clock.advance(100);
    expect(viewers.map(({ log }) => log.at(-1))).toEqual(["show", "other"]);
    expect(told).toEqual(["started"]);
  });

  test("because the connection broke on which it was waited for", () => {
    const stage = new EdgeStage();
    const a = stage.node("a");
    const edge = stage.node("e", { origin: ["a"], ...HOLDING });
    const viewer = stage.watch(edge);
    stage.clock.advance(100);
    stage.kill("a");
    stage.clock.advance(10);
    viewer.leave();
    stage.net.hosts.set("a:1935", { accept: () => a.accept() });
    a.publish().headers().key("k");
    const next = stage.watch(edge);
    stage.clock.advance(100);
    expect(next.log).toContain("k");
  });

  test.each([503, 500])("because an HTTP origin fails with %i", (status) => {
    const stage = new EdgeStage();
    const edge = stage.node("e", { origin: ["http://a"], ...HOLDING });
    stage.net.pages.set("http://a:80/live/show.flv?enhanced=1", (handler) => handler.onResponse(status, undefined, ""));
    stage.watch(edge);
    stage.clock.advance(100);
    const told = stage.client("e", "play", "rtmp://e/live", "show");
    stage.clock.advance(100);
    expect(told).toEqual(["started"]);
  });
});

describe("An origin that has a stream which others lack", () => {
  test("is asked first for that stream next time, until it no longer has it", () => {
    const stage = new EdgeStage();
    const [a, b] = [stage.node("a"), stage.node("b")];
    const edge = stage.node("e", { origin: ["a", "b"], linger: 0 });
    const feed = b.publish().headers();
    const first = stage.watch(edge);
    for (const name of ["k", "l"]) stage.second(name, feed);
    first.leave();
    const second = stage.watch(edge);
    stage.clock.advance(50);
    expect(second.log).toContain("l");
    second.leave();
    feed.end();
    const moved = a.publish().headers();
    for (const name of ["m", "n"]) {
      const viewer = stage.watch(edge);
      for (const second of [1, 2]) stage.second(`${name}${second}`, moved);
      expect(viewer.log).toContain(`${name}2+23`);
      viewer.leave();
      stage.net.dials.length = 0;
    }
    stage.watch(edge).leave();
    stage.watch(edge);
    stage.clock.advance(50);
    expect(stage.net.dials.at(-1)).toBe("a:1935");
  });

  test("is not preferred to the first origin in the list only because that was dead for a while", () => {
    const stage = new EdgeStage();
    const [a, b] = [stage.node("a"), stage.node("b")];
    const edge = stage.node("e", { origin: ["a", "b"], linger: 0 });
    for (const node of [a, b]) node.publish().headers().key("k");
    stage.kill("a");
    const viewer = stage.watch(edge);
    stage.clock.advance(200);
    expect(viewer.log).toContain("k");
    viewer.leave();
    stage.net.hosts.set("a:1935", { accept: () => a.accept() });
    stage.clock.advance(5000);
    stage.net.dials.length = 0;
    stage.watch(edge);
    stage.clock.advance(50);
    expect(stage.net.dials).toEqual(["a:1935"]);
  });

  test("is remembered for a limited number of streams", () => {
    const foundOrigins = new FoundOrigins();
    const origin = {} as Parameters<FoundOrigins["found"]>[1];
    for (let at = 0; at < 10_001; at++) foundOrigins.found(`s${at}`, origin);
    foundOrigins.found("s1", origin);
    foundOrigins.found("n".repeat(513), origin);
    foundOrigins.found("new", origin);
    const known = ["s0", "s1", "s2", "s3", "s10000", "new", "n".repeat(513)].filter(
      (key) => foundOrigins.of(key) === origin,
    );
    expect(known).toEqual(["s1", "s3", "s10000", "new"]);
  });
});
