import { describe, expect, test } from "bun:test";
import { parseOrigin } from "../../../../src/features/edge/address.ts";
import { EdgeStage } from "../../../support/edges.ts";
import { FakeNode } from "../../../support/fake-node.ts";
import { streamDefaults } from "../../../support/live.ts";
import { compare, Programme } from "../../../support/programme.ts";
import { publishDefaults } from "../../../support/rtmp-stage.ts";

const demand = { param: "", hops: [], tcUrl: "", pageUrl: "", swfUrl: "" };
const standby = { ...publishDefaults, on_conflict: "standby" as const };

/** An origin that forwards to one edge, and edges that pull; each has a muxer. */
function cluster() {
  const stage = new EdgeStage();
  const { clock, net } = stage;
  const forwarded = new FakeNode(clock, net, "f:1935", [], standby);
  const origin = new FakeNode(clock, net, "o:1935", ["f:1935"]);
  const watch = (node: FakeNode) => new Programme(node.stream(), demand);
  /** An edge whose time line begins at zero, whatever the origin's says. */
  const pulling = (name: string, ...from: readonly string[]) => {
    const config = { origin: from.map(parseOrigin) };
    const node = new FakeNode(clock, net, `${name}:1935`, [], standby, config);
    const programme = watch(node);
    node.streams.configure("__defaultVhost__", { ...streamDefaults, time_jitter: "zero" });
    return { node, programme };
  };
  return { stage, clock, net, origin, forwarded, watch, pulling };
}

describe("the epoch of a stream", () => {
  test("is the same on edges that the origin forwards to, that pull from it or from each other, and that start late", () => {
    const { stage, origin, forwarded, watch, pulling } = cluster();
    const [o, f] = [watch(origin), watch(forwarded)];
    const p = pulling("p", "o:1935");
    const feed = origin.publish().headers();
    feed.time = 90_000;
    for (const name of ["a", "b", "c"]) stage.second(name, feed);
    const far = pulling("far", "p:1935");
    stage.second("d", feed);
    const late = pulling("late", "o:1935");
    for (const name of ["e", "f", "g"]) stage.second(name, feed);
    for (const other of [f, p.programme, far.programme, late.programme]) {
      const { shared, different } = compare(o, other);
      expect(different).toEqual([]);
      expect(shared).toBeGreaterThanOrEqual(50);
    }
    expect(late.programme.places.has("a")).toBe(false);
    // Their time lines are not those of the origin.
    expect(late.node.stream().epochs.epoch?.spans[0].from).toBeLessThan(0);
    expect(origin.stream().epochs.epoch?.spans[0].from).toBe(90_000);
  });

  test("is the same behind a new span, an outage, and the start of an edge after them", () => {
    const { stage, clock, origin, forwarded, watch, pulling } = cluster();
    const [o, f] = [watch(origin), watch(forwarded)];
    const p = pulling("p", "o:1935");
    const first = origin.publish().headers();
    for (const name of ["a", "b"]) stage.second(name, first);
    first.headers("V1", "A1");
    for (const name of ["c", "d"]) stage.second(name, first);
    first.end("lost");
    clock.advance(20_000);
    const again = origin.publish("show", { id: "again" }).headers("V1", "A1");
    for (const name of ["e", "f"]) stage.second(name, again);
    clock.advance(2000);
    const late = pulling("late", "o:1935");
    for (const name of ["g", "h", "i", "j"]) stage.second(name, again);
    expect(origin.stream().epochs.epoch?.spans.length).toBe(3);
    for (const other of [f, p.programme, late.programme]) {
      const { shared, different } = compare(o, other);
      expect(different).toEqual([]);
      expect(shared).toBeGreaterThanOrEqual(50);
    }
  });

  test("is the same on an edge that was started anew, though it had the stream from an old process before", () => {
    const { stage, net, origin, watch, pulling } = cluster();
    const o = watch(origin);
    pulling("p", "o:1935");
    const feed = origin.publish().headers();
    for (const name of ["a", "b"]) stage.second(name, feed);
    stage.kill("p");
    stage.second("c", feed);
    net.hosts.delete("p:1935");
    const again = pulling("p", "o:1935");
    for (const name of ["d", "e", "f"]) stage.second(name, feed);
    const { shared, different } = compare(o, again.programme);
    expect(different).toEqual([]);
    expect(shared).toBeGreaterThanOrEqual(50);
  });

  test("continues at an edge whose connection broke, and at one behind it, and both know that packets are missing", () => {
    const { stage, net, clock, origin, watch, pulling } = cluster();
    const o = watch(origin);
    const p = pulling("p", "o:1935");
    const far = pulling("far", "p:1935");
    const feed = origin.publish().headers();
    for (const name of ["a", "b"]) stage.second(name, feed);
    for (const { dialled, accepted } of net.connections)
      if (dialled.remote.host === "o") {
        net.hosts.set("o:1935", { refuse: "no route" });
        dialled.fail("cut");
        accepted.fail("cut");
      }
    for (const name of ["c", "d", "e"]) stage.second(name, feed);
    net.hosts.set("o:1935", { accept: () => origin.accept() });
    clock.advance(1000);
    feed.time += 1000;
    for (const name of ["f", "g", "h", "i", "j"]) stage.second(name, feed);
    for (const { node, programme } of [p, far]) {
      expect(compare(o, programme).different).toEqual([]);
      expect(programme.places.has("d")).toBe(false);
      expect(programme.places.has("j")).toBe(true);
      expect(node.stream().epochs.losses).toHaveLength(1);
    }
  });

  test("continues at an edge that was too slow for its forward, and that knows where packets are missing", () => {
    const { stage, net, origin, forwarded, watch } = cluster();
    const [o, f] = [watch(origin), watch(forwarded)];
    origin.streams.configure("__defaultVhost__", { ...streamDefaults, queue_length: 1 });
    const feed = origin.publish().headers();
    stage.second("a", feed);
    const { accepted } = net.last;
    accepted.reading = false;
    for (const name of ["b", "c", "d", "e"]) {
      feed.key(name, 300_000);
      stage.second(`${name}'`, feed);
    }
    accepted.reading = true;
    for (const name of ["f", "g"]) stage.second(name, feed);
    expect(net.dials).toEqual(["f:1935"]);
    expect(compare(o, f).different).toEqual([]);
    expect(f.places.has("c")).toBe(false);
    expect(f.places.has("g")).toBe(true);
    expect(forwarded.stream().epochs.losses).toHaveLength(1);
  });

  test("is made by the edge where the stream is published, and goes to the origin and its other edges", () => {
    const { stage, origin, forwarded, watch, pulling } = cluster();
    const p = pulling("p", "o:1935");
    const [o, f] = [watch(origin), watch(forwarded)];
    const feed = p.node.publish().headers();
    for (const name of ["a", "b", "c"]) stage.second(name, feed);
    for (const other of [o, f]) {
      const { shared, different } = compare(p.programme, other);
      expect(different).toEqual([]);
      expect(shared).toBeGreaterThanOrEqual(50);
    }
  });

  test("has no new span when another upstream of the same stream takes over", () => {
    const { stage, origin, forwarded, watch, pulling, net } = cluster();
    const o = watch(origin);
    watch(forwarded);
    const feed = origin.publish().headers();
    stage.second("a", feed);
    const p = pulling("p", "f:1935", "o:1935");
    for (const name of ["b", "c", "d"]) stage.second(name, feed);
    net.hosts.set("f:1935", { refuse: "down" });
    for (const { dialled, accepted } of net.connections)
      if (dialled.remote.host === "f" && dialled.open) {
        dialled.fail("cut");
        accepted.fail("cut");
      }
    for (const name of ["e", "f", "g"]) stage.second(name, feed);
    const { shared, different } = compare(o, p.programme);
    expect(different).toEqual([]);
    expect(shared).toBeGreaterThanOrEqual(100);
    expect(p.node.stream().epochs.epoch?.spans).toHaveLength(1);
  });
});
