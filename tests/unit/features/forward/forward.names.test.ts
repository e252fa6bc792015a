import { describe, expect, test } from "bun:test";
import { parseTarget } from "../../../../src/relay/target.ts";
import { EdgeStage } from "../../../support/edges.ts";
import { FakeClock } from "../../../support/fake-clock.ts";
import { FakeNode } from "../../../support/fake-node.ts";
import { FakeNet } from "../../../support/fake-transport.ts";
import { mulberry32 } from "../../../support/random.ts";

function stage(targets: readonly string[]) {
  const clock = new FakeClock();
  const net = new FakeNet(clock, mulberry32(1));
  const origin = new FakeNode(clock, net, "origin:1935", targets);
  const edge = (address: string) => new FakeNode(clock, net, address);
  return { clock, origin, edge };
}

describe("A forward", () => {
  test("passes on names and parameters, or fills in the target's own", () => {
    const { origin, edge, clock } = stage(["one:1935", "rtmp://two:1935/[app]2/[vhost]-[stream]?key=1&[param]"]);
    const [one, two] = [edge("one:1935"), edge("two:1935")];
    origin
      .publish("show", { param: "?token=2", hops: ["first"] })
      .headers()
      .gop("k", 1);
    clock.advance(10);
    const streams = [one, two].map((node) => [...node.streams.all()][0]);
    expect(streams.map((stream) => stream?.key)).toEqual([
      "__defaultVhost__/live/show",
      "__defaultVhost__/live2/__defaultVhost__-show",
    ]);
    expect(streams.map((stream) => stream?.source?.info.param)).toEqual(["?token=2", "?key=1&token=2"]);
    expect(streams[0]?.source?.info.hops).toEqual(["first", "origin:1935"]);
  });

  test.each([
    ["a vhost of the configuration", "?vhost=v.com", "v.com/live/show"],
    ["an unknown vhost, which is the default one here", "?vhost=target-only.com", "__defaultVhost__/live/show"],
  ])("sends a bare target %s", (_what, param, key) => {
    const at = new EdgeStage();
    const [origin, target] = [at.node("origin"), at.node("target")];
    origin.vhosts.add("v.com");
    target.vhosts.add("v.com").add("target-only.com");
    origin.targets = [parseTarget("target:1935")];
    at.client("origin", "publish", "rtmp://origin/live", `show${param}`);
    at.clock.advance(1000);
    for (const { streams } of [origin, target]) expect([...streams.all()].map((stream) => stream.key)).toEqual([key]);
  });

  test("does not send the signature of the publisher's URL to foreign servers", () => {
    const { origin, edge, clock } = stage(["own:1935", "rtmp://cdn:1935/other"]);
    const nodes = [edge("own:1935"), edge("cdn:1935")];
    origin.publish("show", { param: "?exp=1&token=2&sign=ab" }).headers();
    clock.advance(10);
    const params = nodes.map((node) => [...node.streams.all()][0]?.source?.info.param);
    expect(params).toEqual(["?exp=1&token=2&sign=ab", "?token=2"]);
  });
});
