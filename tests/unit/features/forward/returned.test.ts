import { expect, test } from "bun:test";
import { FakeClock } from "../../../support/fake-clock.ts";
import { FakeNode } from "../../../support/fake-node.ts";
import { FakeNet } from "../../../support/fake-transport.ts";
import { mulberry32 } from "../../../support/random.ts";

test("A forward to a server that answers its cluster again is soon retried, and others keep waiting", () => {
  const clock = new FakeClock();
  const net = new FakeNet(clock, mulberry32(1));
  const origin = new FakeNode(clock, net, "origin:1935", ["edge:1935", "other:1935"]);
  origin.publish().headers().gop("k", 2);
  clock.advance(60_000);
  // An attempt has just failed: the next one is seconds away.
  const waits = () => origin.forward.report().relays?.map(({ nextRetryAt }) => (nextRetryAt ?? 0) - clock.wall()) ?? [];
  while (Math.min(...waits()) < 2000) clock.advance(100);
  const edge = new FakeNode(clock, net, "edge:1935");
  const dials = net.dials.length;
  origin.forward.serverReturned(new Set(["edge", "elsewhere"]));
  clock.advance(600);
  expect(origin.forward.report().relays?.map(({ state }) => state)).toEqual(["running", "waiting"]);
  expect([edge.connections, net.dials.length - dials]).toEqual([1, 1]);
});
