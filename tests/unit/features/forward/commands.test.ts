import { describe, expect, test } from "bun:test";
import type { RelayReport } from "../../../../src/live/ports/report.ts";
import { FakeClock } from "../../../support/fake-clock.ts";
import { FakeNode } from "../../../support/fake-node.ts";
import { FakeNet } from "../../../support/fake-transport.ts";
import { mulberry32 } from "../../../support/random.ts";

function stage(...targets: string[]) {
  const clock = new FakeClock();
  const net = new FakeNet(clock, mulberry32(1));
  const origin = new FakeNode(clock, net, "origin:1935", targets);
  const { commands } = origin.forward;
  const reports = () => origin.forward.report().relays ?? [];
  return { clock, net, origin, commands, reports, edge: (address: string) => new FakeNode(clock, net, address) };
}

const states = (reports: readonly RelayReport[]) => reports.map(({ id, to, state }) => `${id} ${to} ${state}`);
const everywhere = { vhost: undefined, app: undefined, stream: undefined, keep: false };

describe("A forward", () => {
  test("reports why it fails, since when, and when it is tried again", () => {
    const { clock, origin, reports } = stage("edge:1935");
    origin.publish().headers().gop("k", 2);
    const began = clock.wall();
    clock.advance(3000);
    const [report] = reports();
    expect(report).toMatchObject({ id: "f1", state: "waiting", failing: true, stream: "__defaultVhost__/live/show" });
    expect(report?.lastError).toBeTruthy();
    expect(report?.failingSince).toBeLessThan(began + 100);
    expect(report?.attempt).toBeGreaterThan(1);
    expect(report?.nextRetryAt).toBeGreaterThanOrEqual(clock.wall());
  });

  test("is tried at once when the operator says so", () => {
    const { clock, net, origin, commands, edge, reports } = stage("edge:1935");
    origin.publish().headers().gop("k", 2);
    clock.advance(20_000);
    edge("edge:1935");
    const dials = net.dials.length;
    expect(commands.relay("f1", "retry")).toBe(true);
    expect(net.dials.length).toBe(dials + 1);
    clock.advance(100);
    expect(reports()[0]).toMatchObject({
      state: "running",
      failing: false,
      lastError: undefined,
      failingSince: undefined,
    });
    expect(commands.relay("f9", "retry")).toBe(false);
  });

  test("that is paused ends its session at the target and dials no more, over a republish too, until it is resumed", () => {
    const { clock, net, origin, commands, edge, reports } = stage("edge:1935");
    const target = edge("edge:1935");
    const feed = origin.publish().headers().gop("k", 2);
    clock.advance(100);
    expect(target.connections).toBe(1);
    commands.relay("f1", "pause");
    clock.advance(100);
    expect([target.connections, states(reports())]).toEqual([0, ["f1 edge:1935 paused"]]);
    const dials = net.dials.length;
    feed.end();
    clock.advance(60_000);
    origin.publish().headers().gop("k", 2);
    clock.advance(60_000);
    expect([net.dials.length, states(reports())]).toEqual([dials, ["f2  paused"]]);
    commands.relay("f2", "resume");
    clock.advance(100);
    expect([target.connections, states(reports())]).toEqual([1, ["f2 edge:1935 running"]]);
  });
});

describe("A target that is added while streams run", () => {
  test("gets the streams that match it, and none after it is removed", async () => {
    const { clock, origin, commands, edge, reports } = stage();
    const target = edge("edge:1935");
    origin.publish().headers().gop("k", 2);
    const added = await commands.targets?.add({ ...everywhere, target: "edge:1935", stream: "show" });
    const other = await commands.targets?.add({ ...everywhere, target: "edge:1935", stream: "other" });
    clock.advance(100);
    expect([target.connections, states(reports())]).toEqual([1, ["f1 edge:1935 running"]]);
    expect(commands.targets?.list()).toEqual([
      { ...everywhere, id: "t1", target: "edge:1935", stream: "show" },
      { ...everywhere, id: "t2", target: "edge:1935", stream: "other" },
    ]);
    const removed = [await commands.targets?.remove("t1"), await commands.targets?.remove("t1")];
    expect([added?.id, other?.id, removed]).toEqual(["t1", "t2", [true, false]]);
    clock.advance(100);
    expect([target.connections, reports()]).toEqual([0, []]);
  });

  test("is refused when it is malformed, exists already, or there are too many", async () => {
    const { commands } = stage();
    const add = async (target: string) => commands.targets?.add({ ...everywhere, target });
    await expect(add("http://edge/")).rejects.toThrow("only rtmp:// and rtmps://");
    await add("rtmp://edge/live/key?token=abcdef");
    await expect(add("rtmp://edge:1935/live/key?token=abcdef")).rejects.toThrow("added already, as t1");
    expect(commands.targets?.list()[0]?.target).toBe("rtmp://edge/live/***");
    for (let count = 1; count < 100; count++) await add(`edge-${count}:1935`);
    await expect(add("one-more:1935")).rejects.toThrow("100 targets are added already");
  });
});
