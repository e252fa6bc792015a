import { describe, expect, test } from "bun:test";
import { parseOrigin } from "../../../../src/features/edge/address.ts";
import { EdgeStage } from "../../../support/edges.ts";
import { FakeNode } from "../../../support/fake-node.ts";
import { publishDefaults } from "../../../support/rtmp-stage.ts";

describe("What is published on an edge", () => {
  test("goes to an origin, and to local viewers without a detour", () => {
    const stage = new EdgeStage();
    const [a, b] = [stage.node("a"), stage.node("b")];
    const edge = stage.node("e", { origin: ["a", "b"] });
    const viewer = stage.watch(edge);
    const feed = edge.publish("show", { param: "?key=1" }).headers();
    stage.second("k", feed);
    expect(a.stream().source?.info).toMatchObject({ param: "?key=1", hops: ["e:1935"] });
    expect(b.connections).toBe(0);
    expect(viewer.log).toEqual(expect.arrayContaining(["k", "k+24"]));
    const far = stage.watch(a);
    stage.second("l", feed);
    expect(far.log).toEqual(expect.arrayContaining(["k", "l+23"]));
    feed.end();
    stage.clock.advance(10);
    expect(a.stream().source).toBeUndefined();
    expect(far.log.at(-1)).toBe("unpublished");
    expect(edge.log.take(/push/).at(-1)).toMatch(
      /^info u1 push ended to=a:1935 stream=\/live\/show seconds=2 bytes=\d+ dropped=0$/,
    );
  });

  test("goes to another origin when one dies, from its newest GOP on, unnoticed by the encoder", () => {
    const stage = new EdgeStage();
    stage.node("a");
    const b = stage.node("b");
    const edge = stage.node("e", { origin: ["a", "b"] });
    const feed = edge.publish().headers();
    const viewer = stage.watch(b);
    stage.second("k", feed);
    feed.key("l").wait(40).inter("l+1").wait(40);
    stage.kill("a");
    feed.wait(80);
    for (const name of ["m", "n"]) stage.second(name, feed);
    expect(viewer.log).toEqual(expect.arrayContaining(["l", "l+1", "n+23"]));
    expect(edge.log.take(/push/)).toEqual([
      "info u1 push running to=a:1935 stream=/live/show server=srs at a:1935 attempt=1",
      "warn u1 push lost to=a:1935 stream=/live/show error=connection reset by peer retry_ms=50",
      "info u1 push running to=b:1935 stream=/live/show server=srs at b:1935 attempt=1",
    ]);
  });

  test("goes there with at most max_dials connections being established, even if many are published at once", () => {
    const stage = new EdgeStage();
    const a = stage.node("a");
    const edge = stage.node("e", { origin: ["a"], max_dials: 3 });
    stage.freeze("a");
    const feeds = Array.from({ length: 10 }, (_, at) => edge.publish(`s${at}`).headers());
    stage.clock.advance(1000);
    expect(stage.net.dials).toHaveLength(3);
    // One that ends while it waits, and one whose dial is under way, leave nothing behind.
    feeds[9]?.end();
    feeds[0]?.end();
    stage.clock.advance(100);
    expect(stage.net.dials).toHaveLength(4);
    stage.net.hosts.set("a:1935", { accept: () => a.accept() });
    for (let at = 0; at < 30; at++) stage.second(`k${at}`, ...feeds.slice(1, 9));
    expect(feeds.map((_, at) => a.stream(`s${at}`).source !== undefined)).toEqual([
      false,
      ...feeds.slice(1, 9).map(() => true),
      false,
    ]);
  });

  test("does not go to a second origin because the first one is busy", () => {
    const stage = new EdgeStage();
    const [a, b] = [stage.node("a"), stage.node("b")];
    const edge = stage.node("e", { origin: ["a", "b"] });
    a.publish().headers();
    const feed = edge.publish().headers();
    for (const name of ["k", "l", "m"]) stage.second(name, feed);
    expect(b.stream().source).toBeUndefined();
    expect(edge.log.take(/push failed/)[0]).toContain("already being published");
  });

  test("moves when its origin is taken out of the configuration, and stays otherwise", () => {
    const stage = new EdgeStage();
    const [a, b] = [stage.node("a"), stage.node("b")];
    const edge = stage.node("e", { origin: ["a", "b"] });
    const feed = edge.publish().headers();
    stage.second("k", feed);
    const { origin } = edge.edgeConfig;
    edge.edgeConfig = { ...edge.edgeConfig, linger: 1 };
    edge.edge.reconfigure();
    stage.second("l", feed);
    expect([a.connections, b.connections]).toEqual([1, 0]);
    edge.edgeConfig = { ...edge.edgeConfig, origin: origin.slice(1) };
    edge.edge.reconfigure();
    stage.second("m", feed);
    expect([a.stream().source, b.stream().source?.info.hops]).toEqual([undefined, ["e:1935"]]);
    expect(edge.edge.idle).toBe(false);
    feed.end();
    stage.clock.advance(100);
    expect(edge.edge.idle).toBe(true);
  });

  test("replaces what was fetched before it: the next viewer after it is served from the origin", () => {
    const stage = new EdgeStage();
    const fetched = stage.node("a").publish().headers();
    const publish = { ...publishDefaults, on_conflict: "replace" as const };
    const config = { origin: [parseOrigin("a")], linger: 30, publish: true };
    const edge = new FakeNode(stage.clock, stage.net, "e:1935", [], publish, config);
    const first = stage.watch(edge);
    stage.second("k", fetched);
    first.leave();
    const own = edge.publish().headers();
    stage.second("o", own);
    own.end();
    const second = stage.watch(edge);
    stage.second("l", fetched);
    stage.second("m", fetched);
    expect(second.log.at(-1)).toBe("m+24");
  });

  test("is counted if it ends before an origin has got any of it", () => {
    const stage = new EdgeStage();
    stage.node("a");
    const edge = stage.node("e", { origin: ["a"] });
    edge.publish().headers().gop("k", 1).end();
    stage.clock.advance(100);
    expect([edge.edge.idle, edge.edge.report().since]).toEqual([true, { pushes_missed: 0 }]);
    stage.kill("a");
    edge.publish().headers().gop("k", 1).end();
    stage.clock.advance(6000);
    expect([edge.edge.idle, edge.edge.report().since]).toEqual([true, { pushes_missed: 1 }]);
    expect(edge.log.take(/push ended before the target got any of the stream/)).toHaveLength(1);
  });

  test("is refused by an origin that it came from", () => {
    const stage = new EdgeStage();
    stage.node("a");
    const edge = stage.node("e", { origin: ["a"] });
    edge.publish("show", { hops: ["a:1935"] }).headers();
    stage.clock.advance(100);
    expect(edge.log.take(/push failed/)[0]).toContain("forward loop");
  });
});

test("Clients may publish only where the edge's configuration accepts publishers", () => {
  const stage = new EdgeStage();
  const a = stage.node("a");
  stage.node("e", { origin: ["a"] });
  stage.node("open", { origin: ["a"], publish: true });
  const told = ["e", "open", "a"].map((name) => stage.client(name, "publish", `rtmp://${name}/live`, `from-${name}`));
  stage.clock.advance(100);
  expect(told).toEqual([
    ["refused: this edge accepts no publishers: publish to its origin (NetStream.Publish.Denied)"],
    ["started"],
    ["started"],
  ]);
  expect(a.stream("from-open").source).toBeDefined();
});
