import { describe, expect, test } from "bun:test";
import { EdgeStage } from "../../../support/edges.ts";

describe("An edge", () => {
  test("fetches a stream once for all its viewers, from headers and the newest key frame on", () => {
    const stage = new EdgeStage();
    const origin = stage.node("a");
    const edge = stage.node("e", { origin: ["a"] });
    const feed = origin.publish().metadata().headers();
    stage.second("k", feed);
    const one = stage.watch(edge);
    stage.clock.advance(10);
    const two = stage.watch(edge);
    feed.inter("p1").audio("a1").wait(40);
    expect(one.log.slice(0, 5)).toEqual(["published", "meta", "A0", "V0", "k"]);
    expect(one.log.slice(-2)).toEqual(["p1", "a1"]);
    expect(two.log.slice(-2)).toEqual(["p1", "a1"]);
    expect(two.log[2]).toBe("V0");
    expect(origin.connections).toBe(1);
    expect(edge.log.take(/pull/)).toEqual([
      "info p1 pull running from=a:1935 stream=/live/show server=srs at a:1935 attempt=1",
    ]);
  });

  test("keeps fetching for a while after the last viewer, and serves a new one meanwhile", () => {
    const stage = new EdgeStage();
    const origin = stage.node("a");
    const edge = stage.node("e", { origin: ["a"], linger: 5 });
    const feed = origin.publish().headers();
    const one = stage.watch(edge);
    stage.second("k", feed);
    one.leave();
    for (let i = 0; i < 4; i++) stage.second(`l${i}`, feed);
    const two = stage.watch(edge);
    expect(two.log).toEqual(expect.arrayContaining(["l3", "l3+24"]));
    two.leave();
    for (let i = 0; i < 6; i++) stage.second(`m${i}`, feed);
    expect(origin.connections).toBe(0);
    expect([edge.streams.size, [...edge.edge.pulls()].length]).toEqual([0, 0]);
    expect(edge.log.take(/ended/)).toHaveLength(1);
    const three = stage.watch(edge);
    stage.second("n", feed);
    expect(three.log).toContain("n+24");
  });

  test("continues from another origin when the first one dies, within the same GOP", () => {
    const stage = new EdgeStage();
    const [a, b] = [stage.node("a"), stage.node("b")];
    const edge = stage.node("e", { origin: ["a", "b"] });
    const feeds = [a, b].map((node) => node.publish().headers());
    stage.second("k", ...feeds);
    const viewer = stage.watch(edge);
    stage.second("l", ...feeds);
    for (const feed of feeds) feed.key("m");
    for (const feed of feeds) feed.inter("m+1");
    stage.clock.advance(10);
    stage.kill("a");
    stage.clock.advance(110);
    for (const feed of feeds) feed.time += 120;
    for (const feed of feeds) feed.inter("m+2");
    stage.second("n", ...feeds);
    expect(viewer.log.filter((name) => /^[mn]|publ/.test(name)).slice(0, 5)).toEqual([
      "published",
      "m",
      "m+1",
      "m+2",
      "n",
    ]);
    expect(viewer.got.every(({ time }, at) => time >= (viewer.got[at - 1]?.time ?? 0))).toBe(true);
    expect(edge.log.take(/pull|origin/)).toEqual([
      "info p1 pull running from=a:1935 stream=/live/show server=srs at a:1935 attempt=1",
      "warn p1 pull lost from=a:1935 stream=/live/show error=connection reset by peer retry_ms=50",
      "info p1 pull running from=b:1935 stream=/live/show server=srs at b:1935 attempt=1",
    ]);
  });

  test("leaves an origin that sends nothing for read_timeout", () => {
    const stage = new EdgeStage();
    const [a, b] = [stage.node("a"), stage.node("b")];
    const edge = stage.node("e", { origin: ["a", "b"], read_timeout: 1000 });
    const feeds = [a, b].map((node) => node.publish().headers());
    const viewer = stage.watch(edge);
    stage.second("k", ...feeds);
    stage.freeze("a");
    for (const name of ["l", "m", "n"]) stage.second(name, ...feeds);
    expect(viewer.log).toContain("n+24");
    expect(viewer.log).not.toContain("unpublished");
    expect(edge.log.take(/lost/)).toEqual([
      "warn p1 pull lost from=a:1935 stream=/live/show error=no media for 1 s retry_ms=50",
    ]);
    // Another stream finds out that the origin does not answer, and the next ones leave it alone.
    stage.watch(edge, "other");
    stage.clock.advance(1500);
    expect(edge.log.take(/origin/)).toEqual(["warn origin dead origin=a:1935 error=no answer within 1 s"]);
    stage.net.dials.length = 0;
    stage.watch(edge, "third");
    stage.clock.advance(100);
    expect(stage.net.dials).toEqual(["b:1935"]);
  });

  test("asks the next origin for a stream when one does not have it", () => {
    const stage = new EdgeStage();
    const b = stage.node("b");
    stage.node("a");
    const edge = stage.node("e", { origin: ["a", "b"] });
    const feed = b.publish().headers();
    const viewer = stage.watch(edge);
    for (const name of ["k", "l"]) stage.second(name, feed);
    expect(viewer.log).toContain("l+24");
    expect(edge.log.take(/pull/)).toHaveLength(2);
  });

  test("notifies its viewers when an origin's publisher stops and no other origin has the stream", () => {
    const stage = new EdgeStage();
    const a = stage.node("a");
    const edge = stage.node("e", { origin: ["a"] });
    const feed = a.publish().headers();
    const viewer = stage.watch(edge);
    stage.second("k", feed);
    feed.end();
    stage.clock.advance(10);
    expect(viewer.log.at(-1)).toBe("unpublished");
    const again = a.publish().headers();
    for (const name of ["l", "m", "n", "o"]) stage.second(name, again);
    expect(viewer.log).toEqual(expect.arrayContaining(["unpublished", "published", "o+24"]));
  });

  test("waits at its only origin for a stream that is not there yet", () => {
    const stage = new EdgeStage();
    const a = stage.node("a");
    const edge = stage.node("e", { origin: ["a"] });
    const viewer = stage.watch(edge);
    stage.clock.advance(20_000);
    expect(stage.net.dials).toHaveLength(1);
    const feed = a.publish().headers();
    feed.key("k").wait(40);
    expect(viewer.log).toContain("k");
  });

  test("fetches through edges of edges, to any depth", () => {
    const stage = new EdgeStage();
    const a = stage.node("a");
    const nodes = ["b", "c", "d"].map((name, at) => stage.node(name, { origin: [["a", "b", "c"][at] ?? ""] }));
    const feed = a.publish().headers();
    const viewer = stage.watch(nodes[2] ?? a);
    stage.second("k", feed);
    expect(viewer.log).toContain("k+23");
    viewer.leave();
    stage.clock.advance(60_000);
    expect(a.connections).toBe(0);
  });

  test("that fetches from one that fetches from it is refused, and continues elsewhere", () => {
    const stage = new EdgeStage();
    const a = stage.node("a", { origin: ["b", "o"] });
    const b = stage.node("b", { origin: ["a"] });
    const viewer = stage.watch(a);
    stage.clock.advance(5000);
    expect(b.log.take(/pull failed/)[0]).toContain("forward loop");
    const feed = stage.node("o").publish().headers();
    for (const name of ["k", "l", "m", "n", "o", "p", "q", "r"]) stage.second(name, feed);
    expect(viewer.log).toContain("r+24");
  });

  test("fetches nothing that is published on it, and everything again afterwards", () => {
    const stage = new EdgeStage();
    const a = stage.node("a");
    const edge = stage.node("e", { origin: ["a"] });
    const viewer = stage.watch(edge);
    stage.clock.advance(10);
    expect(a.connections).toBe(1);
    const own = edge.publish().headers();
    stage.second("own", own);
    expect(a.stream().source?.info.hops).toEqual(["e:1935"]);
    own.end();
    stage.clock.advance(10);
    expect(a.connections).toBe(1);
    const feed = a.publish().headers();
    for (const name of ["k", "l"]) stage.second(name, feed);
    expect(viewer.log).toEqual(expect.arrayContaining(["own+24", "unpublished", "l+24"]));
  });
});

describe("A stream that no origin has", () => {
  test("is not found after wait seconds, and not asked for again for a while", () => {
    const stage = new EdgeStage();
    stage.node("a");
    const edge = stage.node("e", { origin: ["a"], wait: 2, missing_ttl: 3 });
    const missing: string[] = [];
    const viewer = stage.watch(edge);
    viewer.onMissing = (reason) => {
      missing.push(reason);
      viewer.leave();
    };
    stage.clock.advance(2000);
    expect(missing).toEqual(["no origin has given /live/show within 2 s"]);
    expect(edge.streams.size).toBe(0);
    stage.net.dials.length = 0;
    stage.watch(edge).leave();
    stage.clock.advance(3000);
    expect(stage.net.dials).toEqual([]);
    stage.watch(edge);
    stage.clock.advance(10);
    expect(stage.net.dials).toEqual(["a:1935"]);
  });

  test("leaves nothing behind, however many names are asked for", () => {
    const stage = new EdgeStage();
    stage.net.hosts.set("a:1935", "silent");
    const edge = stage.node("e", { origin: ["a"] });
    stage.watch(edge).leave();
    const { timers } = stage.clock;
    for (let i = 0; i < 2000; i++) stage.watch(edge, `name${i}`).leave();
    stage.clock.advance(60_000);
    expect([edge.streams.size, [...edge.edge.pulls()].length, stage.clock.timers - timers]).toEqual([0, 0, 0]);
  });
});

test("A stream that is interrupted is asked of living origins before those that may have recovered", () => {
  const stage = new EdgeStage();
  const [a, b, c] = [stage.node("a"), stage.node("b"), stage.node("c")];
  const edge = stage.node("e", { origin: ["a", "b", "c"], read_timeout: 1000 });
  const feeds = [a, b, c].map((node) => node.publish().headers());
  stage.freeze("a");
  const viewer = stage.watch(edge);
  for (const name of ["k", "l", "m", "n", "o"]) stage.second(name, ...feeds);
  stage.net.dials.length = 0;
  stage.kill("b");
  stage.second("p", ...feeds);
  expect(stage.net.dials).toEqual(["c:1935"]);
  expect(viewer.log).toContain("p+23");
});

test("A reload that moves a stream to other origins, or to more or fewer, is not noticed by viewers", () => {
  const stage = new EdgeStage();
  const [a, b] = [stage.node("a"), stage.node("b")];
  const edge = stage.node("e", { origin: ["a", "b"] });
  const feeds = [a, b].map((node) => node.publish().headers());
  stage.second("k", ...feeds);
  const viewer = stage.watch(edge);
  stage.second("l", ...feeds);
  const { origin } = edge.edgeConfig;
  const changes = [
    { origin: origin.slice(1) },
    { origin, redundancy: 2 },
    { origin: origin.slice(0, 1) },
    { redundancy: 1 },
  ];
  const connections = changes.map((change, at) => {
    edge.edgeConfig = { ...edge.edgeConfig, ...change };
    edge.edge.reconfigure();
    stage.second(`m${at}`, ...feeds);
    return [a.connections, b.connections];
  });
  expect(connections).toEqual([
    [0, 1],
    [1, 1],
    [1, 0],
    [1, 0],
  ]);
  const second = (label: string) =>
    Array.from({ length: 25 }, (_, frame) => (frame === 0 ? label : `${label}+${frame}`));
  expect(viewer.log.filter((entry) => !/^[AV]0$/.test(entry))).toEqual([
    "published",
    ...["l", "m0", "m1", "m2", "m3"].flatMap(second),
  ]);
});
