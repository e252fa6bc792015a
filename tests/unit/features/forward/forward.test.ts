import { describe, expect, test } from "bun:test";
import type { Transport, TransportHandler } from "../../../../src/base/transport.ts";
import { FakeClock } from "../../../support/fake-clock.ts";
import { FakeNode } from "../../../support/fake-node.ts";
import { FakeNet } from "../../../support/fake-transport.ts";
import { LiveStage, Viewer } from "../../../support/live.ts";
import { mulberry32 } from "../../../support/random.ts";

function stage(targets: readonly string[]) {
  const clock = new FakeClock();
  const net = new FakeNet(clock, mulberry32(1));
  const origin = new FakeNode(clock, net, "origin:1935", targets);
  const edge = (address = "edge:1935", forward: readonly string[] = []) => new FakeNode(clock, net, address, forward);
  const watch = (node: FakeNode, name = "show") => new Viewer(new LiveStage(), node.stream(name), {});
  return { clock, net, origin, edge, watch };
}

function states(node: FakeNode): string[] {
  return [...node.forward.relays()].map(({ status }) => status.state);
}

/** A connection of a node that closes on a handshake with a digest. */
function picky(node: FakeNode): TransportHandler {
  const inner = node.accept();
  const c0c1: number[] = [];
  let transport: Transport | undefined;
  return {
    onOpen: (opened) => {
      transport = opened;
      inner.onOpen(opened);
    },
    onData: (bytes) => {
      const before = c0c1.length;
      if (before < 9) c0c1.push(...bytes.subarray(0, 9 - before));
      // C1's version: 0 in the simple handshake.
      if (c0c1.slice(5).some((byte) => byte !== 0)) transport?.close();
      else inner.onData(bytes);
    },
    onDrain: () => inner.onDrain(),
    onClose: (reason) => inner.onClose(reason),
  };
}

describe("forward", () => {
  test("has one relay for each stream and target while the stream is published", () => {
    const { origin, edge, clock, net } = stage(["one:1935", "two:1936"]);
    const [one, two] = [edge("one:1935"), edge("two:1936")];
    const feeds = ["a", "b"].map((name) => origin.publish(name).headers().gop("k", 1));
    clock.advance(10);
    expect(states(origin)).toEqual(["running", "running", "running", "running"]);
    expect(net.dials.toSorted()).toEqual(["one:1935", "one:1935", "two:1936", "two:1936"]);
    for (const node of [one, two])
      expect([...node.streams.all()].map(({ key }) => key.slice(-2))).toEqual(["/a", "/b"]);
    feeds[0]?.end();
    clock.advance(10);
    expect(states(origin)).toEqual(["running", "running"]);
    expect([one.streams.size, two.streams.size]).toEqual([1, 1]);
    feeds[1]?.end();
    expect(origin.forward.idle).toBe(false);
    clock.advance(10);
    expect([origin.forward.idle, one.connections, two.connections]).toEqual([true, 0, 0]);
  });

  test("begins when the stream is published, not when it is watched", () => {
    const { origin, edge, clock, net } = stage(["edge:1935"]);
    edge();
    origin.stream();
    clock.advance(1000);
    expect(net.dials).toEqual([]);
  });

  test("does nothing on a vhost without targets", () => {
    const { origin, clock, net } = stage([]);
    const feed = origin.publish().headers().gop("k", 1);
    clock.advance(10);
    feed.end();
    expect([net.dials, origin.forward.idle]).toEqual([[], true]);
  });

  test("reaches players of a target of a target, packet for packet at the same times", () => {
    const { origin, edge, clock, watch } = stage(["middle:1935"]);
    edge("middle:1935", ["edge:1935"]);
    const last = edge();
    const [here, there] = [watch(origin), watch(last)];
    const feed = origin.publish().metadata().headers().gop("k", 1);
    for (let i = 0; i < 20; i++) feed.audio(`a${i}`).inter(`p${i}`).wait(40);
    clock.advance(10);
    expect(there.log).toEqual(here.log);
    expect(there.got.map(({ time }) => time)).toEqual(here.got.map(({ time }) => time));
  });
});

describe("a target that dies", () => {
  test("is fed again soon after it is back, from the newest GOP on, while the others miss nothing", () => {
    const { origin, edge, clock, net, watch } = stage(["one:1935", "two:1936"]);
    edge("one:1935");
    const two = edge("two:1936");
    const feed = origin.publish().headers();
    const other = watch(two);
    feed.gop("k0", 24);
    net.connections.find(({ dialled }) => dialled.remote.host === "one")?.accepted.abort();
    net.hosts.set("one:1935", { refuse: "connection refused" });
    for (let gop = 1; gop <= 5; gop++) feed.gop(`k${gop}`, 24);
    const again = edge("one:1935");
    const viewer = watch(again);
    const from = clock.now();
    let gop = 6;
    for (; viewer.log.length < 4; gop++) feed.gop(`k${gop}`, 24);
    expect(clock.now() - from).toBeLessThanOrEqual(7000);
    expect(viewer.log.slice(0, 4).map((name) => name.replace(/\d+$/, ""))).toEqual(["published", "A", "V", "k"]);
    const names = other.log.filter((name) => name.startsWith("k"));
    expect(names).toHaveLength(25 * gop);
    expect(other.lost).toBe(0);
  });

  test("is logged when it fails and when it runs again, and not at each attempt", () => {
    const { origin, edge, clock, net } = stage(["edge:1935"]);
    edge();
    origin.publish().headers().gop("k", 1);
    clock.advance(1000);
    net.last.accepted.abort();
    net.hosts.set("edge:1935", { refuse: "connection refused" });
    clock.advance(60_000);
    edge();
    clock.advance(5500);
    const lines = origin.log.take(/^(info|warn) f1/).map((line) => line.replace(/ retry_ms=\d+/, ""));
    expect(lines).toEqual([
      "info f1 forward running to=edge:1935 stream=/live/show server=srs at edge:1935 attempt=1",
      "warn f1 forward lost to=edge:1935 stream=/live/show error=connection reset by peer",
      "warn f1 forward failed to=edge:1935 stream=/live/show error=connection refused",
      expect.stringMatching(/^info f1 forward running .* attempt=\d+$/),
    ]);
  });

  test("of many streams to one dead target is logged ten times, and once with the target and the number of the others", () => {
    const { origin, clock, net } = stage(["edge:1935", "other:1935"]);
    net.hosts.set("edge:1935", { refuse: "connection refused" });
    for (let stream = 1; stream <= 25; stream++) origin.publish(`s${stream}`);
    clock.advance(20_000);
    const lines = origin.log.take(/^(info|warn) .*forward failed.* to=edge:1935 /);
    expect(lines).toHaveLength(11);
    expect(lines.at(-1)).toBe("warn forward failed for more streams to=edge:1935 streams=15");
  });

  test("that closes on a handshake gets the other one at once, and both again after a wait", () => {
    const { origin, clock, net } = stage(["edge:1935"]);
    const versions: number[] = [];
    net.hosts.set("edge:1935", {
      accept: () => ({
        onOpen() {},
        onData: (bytes) => {
          // C1's version: 0 in the simple handshake.
          if (versions.length < net.connections.length)
            versions.push(new DataView(bytes.buffer, bytes.byteOffset).getUint32(5));
          net.last.accepted.close();
        },
        onDrain() {},
        onClose() {},
      }),
    });
    origin.publish().headers().gop("k", 1);
    clock.advance(3000);
    expect(versions.map((version) => version === 0)).toEqual([false, true, false, true, false, true]);
  });

  test("is asked with the simple handshake again after that has worked", () => {
    const { origin, edge, clock, net } = stage(["edge:1935"]);
    const node = edge();
    let dead = false;
    net.hosts.set("edge:1935", { accept: () => (dead ? undefined : picky(node)) });
    const feed = origin.publish().headers();
    for (let i = 0; i < 3; i++) {
      feed.gop(`k${i}`, 50);
      expect(states(origin)).toEqual(["running"]);
      net.last.accepted.abort();
      dead = true;
      clock.advance(2000);
      dead = false;
      clock.advance(5000);
    }
    expect(net.connections).toHaveLength(5);
  });

  test("keeps its totals over its connections", () => {
    const { origin, edge, clock, net } = stage(["edge:1935"]);
    edge();
    const feed = origin.publish().headers().gop("k", 10, 1000);
    clock.advance(10);
    const [relay] = origin.forward.relays();
    const first = relay?.totals.bytes ?? 0;
    expect(first).toBeGreaterThan(10_000);
    net.last.accepted.abort();
    clock.advance(1000);
    feed.gop("K", 10, 1000);
    expect(relay?.totals.bytes).toBeGreaterThan(first + 10_000);
  });
});

describe("the totals", () => {
  test("never shrink, whatever ends", () => {
    const { origin, edge, clock, net } = stage(["edge:1935"]);
    edge();
    let before = 0;
    const grown = () => {
      const { bytes } = origin.forward.totals;
      const by = bytes - before;
      before = bytes;
      return by;
    };
    const feed = origin.publish().headers().gop("k", 10, 1000);
    clock.advance(10);
    expect(grown()).toBeGreaterThan(10_000);
    feed.inter("last", 1000);
    feed.end();
    expect(grown()).toBeGreaterThanOrEqual(1000);
    clock.advance(10);
    expect([origin.forward.idle, grown()]).toEqual([true, 0]);
    const again = origin.publish().headers().gop("K", 10, 1000);
    clock.advance(10);
    expect(grown()).toBeGreaterThan(10_000);
    net.last.accepted.reading = false;
    for (let i = 0; i < 30; i++) again.inter(`p${i}`, 30_000).wait(40);
    expect(grown()).toBeGreaterThan(100_000);
    again.end("lost");
    expect(grown()).toBeGreaterThanOrEqual(0);
    clock.advance(60_000);
    expect(grown()).toBeGreaterThanOrEqual(0);
  });
});

describe("the end of a stream", () => {
  test("by the publisher's unpublish is passed on at once", () => {
    const { origin, edge, clock, watch } = stage(["edge:1935"]);
    const viewer = watch(edge());
    const feed = origin.publish().headers().gop("k", 1).inter("last");
    feed.end();
    clock.advance(10);
    expect(viewer.log.slice(-2)).toEqual(["last", "unpublished"]);
    expect(origin.log.take(/ended/)).toEqual([
      expect.stringMatching(/^info f1 forward ended to=edge:1935 stream=\/live\/show seconds=0 bytes=\d+ dropped=0$/),
    ]);
  });

  test("by a lost publisher is left for the target to notice, so that its players wait, too", () => {
    const { origin, edge, clock, watch } = stage(["edge:1935"]);
    const node = edge();
    const viewer = watch(node);
    const feed = origin.publish().headers().gop("k", 1).inter("last");
    feed.end("lost");
    clock.advance(20_000);
    expect(viewer.log.at(-1)).toBe("last");
    expect([origin.forward.idle, node.connections]).toEqual([true, 0]);
    clock.advance(10_000);
    expect(viewer.log.at(-1)).toBe("unpublished");
  });

  /** A stream with a frame that ends at once, before the target has taken it. */
  function short(how: "unpublished" | "lost") {
    const all = stage(["edge:1935"]);
    const node = all.edge();
    const viewer = all.watch(node);
    const { source } = all.origin.publish().headers().key("k1").inter("last");
    source.end(how);
    return { ...all, node, viewer };
  }

  test("before its forward runs does not keep the stream from the target", () => {
    const { origin, node, viewer, clock } = short("unpublished");
    expect([viewer.log, origin.forward.idle]).toEqual([[], false]);
    clock.advance(10);
    expect(viewer.log).toEqual(["published", "A0", "V0", "k1", "last", "unpublished"]);
    expect([origin.forward.idle, origin.forward.report().since, node.connections]).toEqual([
      true,
      { forwards_missed: 0 },
      0,
    ]);
  });

  test("before its forward runs, by a lost publisher, does not keep it from the target either", () => {
    const { origin, node, viewer, clock } = short("lost");
    clock.advance(10);
    expect(viewer.log).toEqual(["published", "A0", "V0", "k1", "last"]);
    expect([origin.forward.idle, origin.forward.report().since, node.connections]).toEqual([
      true,
      { forwards_missed: 0 },
      0,
    ]);
  });

  test("before its forward runs is logged and counted if the target can't be reached", () => {
    const { origin, net, clock } = stage(["edge:1935"]);
    net.hosts.set("edge:1935", { refuse: "connection refused" });
    const feed = origin.publish().headers().gop("k", 1);
    feed.end();
    clock.advance(6000);
    expect(origin.log.take(/got any/)).toEqual([
      expect.stringMatching(
        /^warn f1 forward ended before the target got any of the stream to=edge:1935 stream=\/live\/show/,
      ),
    ]);
    expect([origin.forward.idle, origin.forward.report().since]).toEqual([true, { forwards_missed: 1 }]);
  });

  test("before its forward runs is dropped when the same stream begins again", () => {
    const { origin, viewer, clock } = short("unpublished");
    origin.publish().headers().key("again");
    clock.advance(10);
    expect(viewer.log).toEqual(["published", "A0", "V0", "again"]);
  });

  test("ends the attempts at a target that can't be reached", () => {
    const { origin, clock, net } = stage(["edge:1935"]);
    const feed = origin.publish().headers().gop("k", 1);
    // The count of the first failure's lines has ended.
    clock.advance(15_000);
    const { timers } = clock;
    feed.end();
    expect(origin.forward.idle).toBe(true);
    const { length } = net.dials;
    clock.advance(60_000);
    expect([net.dials.length, clock.timers]).toEqual([length, timers - 1]);
  });

  test("that a slow target has not received yet does not keep the stream's next start from it", () => {
    const { origin, edge, net, watch } = stage(["edge:1935"]);
    const viewer = watch(edge());
    const feed = origin.publish().headers().gop("k", 1);
    net.last.accepted.reading = false;
    for (let i = 0; i < 30; i++) feed.inter(`p${i}`, 30_000).wait(40);
    feed.end();
    const again = origin.publish().headers("V1", "A1").gop("K", 1);
    for (let i = 0; i < 50; i++) again.inter(`q${i}`).wait(40);
    expect(states(origin)).toEqual(["running"]);
    expect(viewer.log.at(-1)).toBe("q49");
    expect(origin.log.take(/refused/)).toEqual([]);
    again.end();
    again.wait(10);
    expect(origin.forward.idle).toBe(true);
  });
});

describe("a lost publisher that is back soon", () => {
  test("reaches a slow target at once", () => {
    const { origin, edge, clock, net, watch } = stage(["edge:1935"]);
    const viewer = watch(edge());
    const feed = origin.publish().headers().gop("k", 1);
    net.last.accepted.reading = false;
    for (let i = 0; i < 30; i++) feed.inter(`p${i}`, 30_000).wait(40);
    feed.end("lost");
    clock.advance(10);
    expect(origin.forward.idle).toBe(false);
    const again = origin.publish().headers("V1", "A1").gop("K", 1);
    for (let i = 0; i < 50; i++) again.inter(`q${i}`).wait(40);
    expect(states(origin)).toEqual(["running"]);
    expect(viewer.log.at(-1)).toBe("q49");
    expect(origin.log.take(/refused/)).toEqual([]);
  });
});

describe("a loop", () => {
  test("of a server to itself is refused with a clear reason, and the stream continues", () => {
    const { origin, clock, watch } = stage(["origin:1935"]);
    const viewer = watch(origin);
    const feed = origin.publish().headers().gop("k", 1);
    clock.advance(10);
    expect(origin.log.take(/forward failed/)).toEqual([
      expect.stringContaining("error=refused: forward loop: the stream has passed through this server already"),
    ]);
    feed.inter("p1").wait(40);
    expect(viewer.log.at(-1)).toBe("p1");
    clock.advance(600_000);
    expect(origin.connections).toBe(0);
  });

  test("of three servers is refused where it would close, on whichever server the stream is published", () => {
    const clock = new FakeClock();
    const net = new FakeNet(clock, mulberry32(1));
    const nodes = ["a:1935", "b:1935", "c:1935"].map(
      (address, at, all) => new FakeNode(clock, net, address, [all[(at + 1) % 3] ?? ""]),
    );
    const feed = nodes[1]?.publish().headers().gop("k", 1);
    clock.advance(10);
    expect(nodes.map(states)).toEqual([["waiting"], ["running"], ["running"]]);
    expect(nodes[0]?.log.take(/forward failed/)).toEqual([
      expect.stringContaining("to=b:1935 stream=/live/show error=refused: forward loop"),
    ]);
    feed?.end();
    clock.advance(10);
    for (const node of nodes) expect([node.streams.size, node.forward.idle]).toEqual([0, true]);
  });
});
