import { describe, expect, test } from "bun:test";
import { parseOrigin } from "../../../../src/features/edge/address.ts";
import { RegistryStage } from "../../../support/registry-stage.ts";

describe("An edge whose origin is the registry", () => {
  test("fetches a stream from the node where it is published, and pushes nothing that is published here", async () => {
    const stage = new RegistryStage();
    const [a, b, c] = stage.nodes("a", "b", "c");
    await stage.pass(100);
    const feed = b.publish().headers();
    await stage.seconds("k", 1, feed);
    const viewer = stage.watch(c);
    const own = stage.watch(b);
    await stage.seconds("l", 2, feed);
    expect(viewer.log).toEqual(expect.arrayContaining(["V0", "l1+24"]));
    expect(own.log).toContain("l1+24");
    expect([a.connections, b.connections]).toEqual([0, 1]);
    expect(b.edge.idle).toBe(true);
  });

  test("plays a stream that no node had when its viewer came, as soon as it is published on any node", async () => {
    const stage = new RegistryStage();
    const [a, b] = stage.nodes("a", "b");
    const viewer = stage.watch(b);
    await stage.pass(7000);
    expect(b.log.take(/pull/).join()).toContain("from=registry stream=/live/show error=no node has the stream");
    const feed = a.publish().headers().key("k");
    await stage.pass(700);
    expect(viewer.log).toContain("k");
    feed.inter("k+1");
  });

  test("plays such a stream within seconds when no hint comes", async () => {
    const stage = new RegistryStage();
    stage.redis.deaf = true;
    const [a, b] = stage.nodes("a", "b");
    const viewer = stage.watch(b);
    await stage.pass(20_000);
    a.publish().headers().key("k");
    await stage.pass(7000);
    expect(viewer.log).toContain("k");
  });

  test("gives up a dial to a host that does not answer when another node gets the stream", async () => {
    const stage = new RegistryStage("replace");
    const [a, b, e] = stage.nodes("a", "b", "e");
    a.publish().headers();
    await stage.pass(1100);
    stage.net.hosts.set("a:1935", "silent");
    const viewer = stage.watch(e);
    await stage.pass(500);
    expect([...e.edge.pulls()].map(({ status }) => status.state)).toEqual(["connecting"]);
    const feed = b.publish().headers();
    await stage.seconds("k", 2, feed);
    expect(viewer.log).toContain("k1+24");
  });

  test("leaves no connection behind when a viewer brings other parameters while it looks for the stream", async () => {
    const stage = new RegistryStage();
    const [a, e] = stage.nodes("a", "e");
    const feed = a.publish().headers();
    await stage.pass(1100);
    stage.net.hosts.set("a:1935", { refuse: "connection refused" });
    const state = () => [...e.edge.pulls()][0]?.status.state;
    stage.watch(e, "show", { hops: ["f"] });
    while (state() !== "waiting") await stage.pass(10);
    stage.redis.wayMs = () => 15;
    while (state() !== "connecting") await stage.pass(10);
    stage.net.hosts.set("a:1935", { accept: () => a.accept() });
    stage.watch(e, "show");
    await stage.seconds("k", 2, feed);
    expect(state()).toBe("running");
    expect(a.connections).toBe(1);
  });

  test("asks a node that joins later without any change of its own configuration", async () => {
    const stage = new RegistryStage();
    const [a] = stage.nodes("a");
    await stage.pass(3000);
    const [late] = stage.nodes("late");
    await stage.pass(200);
    const feed = late.publish().headers();
    const viewer = stage.watch(a);
    await stage.seconds("k", 1, feed);
    expect(viewer.log).toContain("k0+24");
  });

  test("continues from the nearest node with a copy when the publisher's node takes no more clients", async () => {
    const stage = new RegistryStage();
    const [p, far, near, e] = stage.nodes("p", "far", "near", "e");
    near.state = { ...near.state, zone: "berlin" };
    e.state = { ...e.state, zone: "berlin" };
    far.state = { ...far.state, zone: "paris" };
    const feed = p.publish().headers();
    for (const node of [far, near]) stage.watch(node);
    await stage.seconds("k", 2, feed);
    stage.net.hosts.set("p:1935", { refuse: "connection refused" });
    const viewer = stage.watch(e);
    await stage.seconds("l", 2, feed);
    expect(viewer.log).toContain("l1+24");
    expect([far.connections, near.connections]).toEqual([0, 1]);
    // The way there is told, so that nobody goes in a circle.
    expect(await stage.located(e)).toEqual({ p: [], far: ["p"], near: ["p"], e: ["p", "near"] });
  });

  test("uses several nodes as sources with redundancy, and loses nothing when one is gone", async () => {
    const stage = new RegistryStage();
    const [p, copy] = stage.nodes("p", "copy");
    const e = stage.registered("e", stage.redis, { redundancy: 2 });
    const feed = p.publish().headers();
    stage.watch(copy);
    await stage.seconds("k", 2, feed);
    const viewer = stage.watch(e);
    await stage.seconds("l", 2, feed);
    expect([...e.edge.pulls()].map(({ status }) => status.state)).toEqual(["running", "running"]);
    for (const { dialled } of stage.net.connections)
      if (dialled.remote.host === "p" && dialled.open) {
        dialled.fail("connection reset by peer");
        break;
      }
    await stage.seconds("m", 2, feed);
    const keys = viewer.log.filter((name) => /^[lm]\d$/.test(name));
    expect(keys).toEqual(["l0", "l1", "m0", "m1"]);
  });

  test("never fetches a stream that has passed it: viewers of all nodes wait when the publisher is gone", async () => {
    const stage = new RegistryStage();
    const [p, a, b, c] = stage.nodes("p", "a", "b", "c");
    const feed = p.publish().headers();
    stage.watch(a);
    await stage.seconds("k", 1, feed);
    stage.net.hosts.set("p:1935", { refuse: "connection refused" });
    stage.watch(b);
    await stage.seconds("l", 2, feed);
    stage.net.hosts.set("a:1935", { refuse: "connection refused" });
    stage.watch(c);
    await stage.seconds("m", 2, feed);
    // a from p, b from a, c from b
    expect([a, b, c].map((node) => [...node.edge.pulls()].map(({ status }) => status.state))).toEqual([
      ["running"],
      ["running"],
      ["running"],
    ]);
    stage.net.hosts.set("a:1935", { accept: () => a.accept() });
    stage.kill("p");
    await stage.pass(20_000);
    for (const node of [a, b, c])
      expect([...node.edge.pulls()].map(({ status }) => status.state)).not.toContain("running");
    // It is published elsewhere: all play on.
    const again = c.publish().headers();
    await stage.seconds("n", 6, again);
    for (const node of [a, b]) expect([...node.edge.pulls()].map(({ status }) => status.state)).toEqual(["running"]);
  });

  test("asks configured origins by their position in the list, and when no node has the stream", async () => {
    const stage = new RegistryStage();
    const origin = stage.node("o");
    const [a] = stage.nodes("a");
    const e = stage.registered("e", stage.redis, { origin: ["registry", parseOrigin("o")] });
    const feed = origin.publish().headers();
    const viewer = stage.watch(e);
    await stage.seconds("k", 1, feed);
    expect(viewer.log).toContain("k0+24");
    const other = a.publish("other").headers();
    const second = stage.watch(e, "other");
    await stage.seconds("l", 1, feed, other);
    expect(second.log).toContain("l0+24");
    expect(origin.connections).toBe(1);
  });
});

describe("While the registry is away", () => {
  test("running streams continue, a stream plays where it is published, and known nodes are still asked", async () => {
    const stage = new RegistryStage();
    const [a, b, c] = stage.nodes("a", "b", "c");
    const feed = a.publish().headers();
    const viewer = stage.watch(b);
    const leaves = stage.watch(c);
    await stage.seconds("k", 1, feed);
    stage.redis.kill();
    await stage.seconds("l", 8, feed);
    leaves.leave();
    const own = stage.watch(a);
    await stage.seconds("m", 12, feed);
    const again = stage.watch(c);
    await stage.seconds("n", 2, feed);
    for (const each of [viewer, own, again]) expect(each.log).toContain("n1+24");
  });

  test("no client waits for a registry that does not answer", async () => {
    const stage = new RegistryStage();
    const [a] = stage.nodes("a");
    const origin = stage.node("o");
    const e = stage.registered("e", stage.redis, { origin: ["registry", parseOrigin("o")] });
    const feed = origin.publish().headers();
    await stage.pass(500);
    stage.redis.stopped = true;
    const viewer = stage.watch(e);
    const local = a.publish("here").headers();
    const there = stage.watch(a, "here");
    await stage.seconds("k", 2, feed, local);
    expect(viewer.log).toContain("k1+24");
    expect(there.log.slice(0, 4)).toEqual(["A0", "V0", "k0", "k0+1"]);
  });
});
