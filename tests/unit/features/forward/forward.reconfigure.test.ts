import { describe, expect, test } from "bun:test";
import { parseTarget } from "../../../../src/relay/target.ts";
import { FakeClock } from "../../../support/fake-clock.ts";
import { FakeNode } from "../../../support/fake-node.ts";
import { FakeNet } from "../../../support/fake-transport.ts";
import { LiveStage, Viewer } from "../../../support/live.ts";
import { mulberry32 } from "../../../support/random.ts";

function stage(targets: readonly string[]) {
  const clock = new FakeClock();
  const net = new FakeNet(clock, mulberry32(1));
  const origin = new FakeNode(clock, net, "origin:1935", targets);
  const edge = (address: string) => new FakeNode(clock, net, address);
  const watch = (node: FakeNode) => new Viewer(new LiveStage(), node.stream(), {});
  return { clock, net, origin, edge, watch };
}

function states(node: FakeNode): string[] {
  return [...node.forward.relays()].map(({ status }) => status.state);
}

describe("targets that change", () => {
  const retarget = (node: FakeNode, ...targets: string[]) => {
    node.targets = targets.map(parseTarget);
    node.forward.reconfigure();
  };

  test("get running streams at once, from the newest GOP on, unnoticed by other targets", () => {
    const { origin, edge, clock, net, watch } = stage(["one:1935"]);
    const [one, two] = [edge("one:1935"), edge("two:1936")];
    const feed = origin.publish().headers().gop("k0", 5);
    const old = watch(one);
    feed.gop("k1", 5);
    const dials = net.dials.length;
    retarget(origin, "one:1935", "two:1936");
    const fresh = watch(two);
    clock.advance(10);
    expect(net.dials.slice(dials)).toEqual(["two:1936"]);
    feed.gop("k2", 5);
    expect(fresh.log.slice(0, 4)).toEqual(["published", "A0", "V0", "k1"]);
    expect(old.log.filter((name) => name.startsWith("k"))).toHaveLength(18);
    expect([...origin.forward.relays()].map(({ lagMs, totals }) => [lagMs, totals.dropped])).toEqual([
      [0, 0],
      [0, 0],
    ]);
  });

  test("are notified of the stream's end when they are removed, and no longer dialled", () => {
    const { origin, edge, clock, net, watch } = stage(["one:1935", "two:1936"]);
    const [one, two] = [edge("one:1935"), edge("two:1936")];
    const feed = origin.publish().headers().gop("k0", 5);
    const [left, right] = [watch(one), watch(two)];
    const dials = net.dials.length;
    retarget(origin, "two:1936");
    clock.advance(10);
    expect(left.log.at(-1)).toBe("unpublished");
    expect([one.connections, two.connections]).toEqual([0, 1]);
    feed.gop("k1", 50);
    expect(net.dials.length).toBe(dials);
    expect(right.log.filter((name) => name.startsWith("k"))).toHaveLength(57);
    feed.end();
    clock.advance(10);
    expect(origin.forward.idle).toBe(true);
  });

  test("that are not connected are given up, in whatever state they are", () => {
    const { origin, clock, net } = stage(["gone:1935"]);
    origin.publish().headers().gop("k", 1);
    clock.advance(2000);
    retarget(origin);
    const dials = net.dials.length;
    clock.advance(60_000);
    expect([net.dials.length - dials, [...origin.forward.relays()].length]).toEqual([0, 0]);
  });

  test("may be added to a vhost that had none", () => {
    const { origin, edge, clock } = stage([]);
    const one = edge("one:1935");
    origin.publish().headers().gop("k", 1);
    retarget(origin, "one:1935");
    clock.advance(10);
    expect([...one.streams.all()].map(({ key }) => key)).toEqual(["__defaultVhost__/live/show"]);
  });

  test("stay connected when only their spelling changes", () => {
    const { origin, edge, clock, net } = stage(["one:1935"]);
    edge("one:1935");
    origin.publish().headers().gop("k", 1);
    clock.advance(10);
    retarget(origin, "rtmp://one/");
    clock.advance(10);
    expect([net.dials, states(origin)]).toEqual([["one:1935"], ["running"]]);
  });
});
