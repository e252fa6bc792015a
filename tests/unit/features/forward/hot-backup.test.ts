import { describe, expect, test } from "bun:test";
import type { RtmpVhost } from "../../../../src/features/rtmp/context.ts";
import { PacketKind } from "../../../../src/media/packet.ts";
import { parseTarget } from "../../../../src/relay/target.ts";
import { FakeClock } from "../../../support/fake-clock.ts";
import { FakeNode } from "../../../support/fake-node.ts";
import { FakeNet } from "../../../support/fake-transport.ts";
import { type Feed, LiveStage, Viewer } from "../../../support/live.ts";
import { mulberry32 } from "../../../support/random.ts";
import { publishDefaults } from "../../../support/rtmp-stage.ts";

const publish: RtmpVhost["publish"] = { ...publishDefaults, on_conflict: "standby" };

/** Servers that take a second publisher as a standby. */
function cluster(...forwards: readonly (readonly [address: string, ...targets: string[]])[]) {
  const clock = new FakeClock();
  const net = new FakeNet(clock, mulberry32(1));
  const nodes = forwards.map(([address, ...targets]) => new FakeNode(clock, net, address, targets, publish));
  const watch = (node: FakeNode | undefined) => {
    if (node === undefined) throw new Error("no node");
    return new Viewer(new LiveStage(), node.stream(), {});
  };
  /** Encoders send a picture each 40 ms, a key frame each ten. */
  let frame = 0;
  const run = (frames: number, ...feeds: readonly (Feed | undefined)[]) => {
    for (let count = 0; count < frames; count++, frame++) {
      for (const feed of feeds) {
        if (frame % 10 === 0) feed?.key(`${feed.source.info.id}.k${frame}`);
        else feed?.inter(`${feed.source.info.id}.p${frame}`);
        if (feed !== undefined) feed.time += 40;
      }
      clock.advance(40);
    }
  };
  return { clock, net, nodes, watch, run };
}

const states = (node: FakeNode | undefined) => [...(node?.forward.relays() ?? [])].map(({ status }) => status.state);
const standbys = (node: FakeNode | undefined) => node?.stream().sources.standbys.length;
const hops = (node: FakeNode | undefined) => node?.stream().source?.info.hops;

describe("two origins that forward to each other, an encoder at each", () => {
  test("replace each other, and each other's players stay", () => {
    const { nodes, watch, run } = cluster(["a:1935", "b:1935"], ["b:1935", "a:1935"]);
    const [a, b] = nodes;
    const viewers = nodes.map(watch);
    const first = a?.publish("show", { id: "x" }).headers("x.V", "x.A");
    run(30, first);
    const second = b?.publish("show", { id: "y" }).headers("y.V", "y.A");
    run(30, first, second);
    expect([hops(a), standbys(a), hops(b), standbys(b)]).toEqual([[], 0, ["a:1935"], 1]);
    first?.end("lost");
    run(60, second);
    // What came from A comes from B now, and A is not told of a loop any longer.
    expect([hops(a), hops(b)]).toEqual([["b:1935"], []]);
    const back = a?.publish("show", { id: "z" }).headers("z.V", "z.A");
    run(60, second, back);
    expect([hops(a), standbys(a), hops(b), standbys(b)]).toEqual([["b:1935"], 1, [], 0]);
    second?.end("lost");
    run(60, back);
    expect([hops(a), hops(b)]).toEqual([[], ["a:1935"]]);
    for (const viewer of viewers) {
      expect(viewer.log.filter((name) => name.includes("published"))).toEqual(["published"]);
      expect(viewer.log.at(-1)).toStartWith("z.p");
      const times = viewer.got.flatMap(({ kind, time }) => (kind === PacketKind.Video ? [time] : []));
      expect(times).toEqual(times.toSorted((one, other) => one - other));
    }
  });
});

describe("a switch of sources", () => {
  test("restarts no relay: the targets of an origin notice only another picture", () => {
    const { nodes, net, run, watch } = cluster(["a:1935", "edge:1935"], ["edge:1935"]);
    const [a, edge] = nodes;
    const viewer = watch(edge);
    const first = a?.publish("show", { id: "x" }).headers("x.V", "x.A");
    run(30, first);
    const second = a?.publish("show", { id: "y" }).headers("y.V", "y.A");
    run(30, first, second);
    first?.end("lost");
    run(30, second);
    expect(net.dials).toEqual(["edge:1935"]);
    expect(states(a)).toEqual(["running"]);
    expect(viewer.log).toContain("y.k60");
    expect(viewer.log.filter((name) => name.includes("published"))).toEqual(["published"]);
  });

  test("that would make a running relay's stream a loop ends that relay, and no packet circulates", () => {
    const { nodes, run, watch, clock } = cluster(["a:1935"], ["b:1935", "a:1935"]);
    const [a, b] = nodes;
    const viewer = watch(a);
    const first = a?.publish("show", { id: "x" }).headers("x.V", "x.A");
    const second = b?.publish("show", { id: "y" }).headers("y.V", "y.A");
    run(30, first, second);
    if (a !== undefined) a.targets = [parseTarget("b:1935")];
    a?.forward.reconfigure();
    run(30, first, second);
    // Each has the other's stream standing by.
    expect([standbys(a), standbys(b), states(a), states(b)]).toEqual([1, 1, ["running"], ["running"]]);
    first?.end("lost");
    run(3, second);
    expect([hops(a), standbys(b)]).toEqual([["b:1935"], 0]);
    expect(a?.log.take(/forward (lost|failed)/)).toEqual([expect.stringContaining("forward loop")]);
    run(60, second);
    expect(viewer.log.at(-1)).toStartWith("y.p");
    second?.end("lost");
    clock.advance(1000);
    const ends = nodes.map((node) => node.stream().log.end);
    clock.advance(20_000);
    expect(nodes.map((node) => node.stream().log.end)).toEqual(ends);
    expect(nodes.map((node) => node.stream().source)).toEqual([undefined, undefined]);
    // The encoder comes back: the relay is let in again, though it was refused before.
    const back = a?.publish("show", { id: "z" }).headers("z.V", "z.A");
    run(30, back);
    expect([hops(b), states(a)]).toEqual([["a:1935"], ["running"]]);
  });
});
