import { describe, expect, test } from "bun:test";
import { parseTarget } from "../../../../src/relay/target.ts";
import { EdgeStage } from "../../../support/edges.ts";
import type { FakeNode } from "../../../support/fake-node.ts";
import type { Feed, Viewer } from "../../../support/live.ts";

/** What is shown may differ from what is measured by this much. */
const tolerance = (ms: number) => ms * 0.2 + 20;

/** Sends a GOP a second until the first frame of the last one has come to a viewer; how long that took, ms. */
function measured({ clock }: EdgeStage, feed: Feed, viewer: Viewer, gops = 8): number {
  for (let gop = 0; gop < gops; gop++) feed.gop(`k${gop}`, 24);
  const sentAt = clock.now();
  feed.key("measured");
  for (let ms = 0; ms < 20_000 && !viewer.log.includes("measured"); ms++) clock.advance(1);
  expect(viewer.log).toContain("measured");
  return clock.now() - sentAt;
}

/** All connections to a server, both ways, take this long. */
function slow({ net }: EdgeStage, name: string, delayMs: number): void {
  for (const { dialled, accepted } of net.connections)
    if (dialled.remote.host === name) {
      dialled.delayMs = delayMs;
      accepted.delayMs = delayMs;
    }
}

function expectNear(shown: number | undefined, ms: number): void {
  expect(shown).toBeDefined();
  expect(Math.abs((shown ?? 0) - ms)).toBeLessThanOrEqual(tolerance(ms));
}

/** An origin, an edge that fetches from it, and one that fetches from that edge, with somebody who watches there. */
function chain(stage = new EdgeStage()) {
  const origin = stage.node("origin");
  const middle = stage.node("middle", { origin: ["origin"] });
  const last = stage.node("last", { origin: ["middle"] });
  const feed = origin.publish().headers();
  feed.gop("k", 24);
  const viewer = stage.watch(last);
  stage.clock.advance(10);
  return { stage, origin, middle, last, feed, viewer };
}

const ageAt = (node: FakeNode) => node.stream().ageMs();

describe("The age of packets", () => {
  test.each([
    [0, 0],
    [30, 0],
    [40, 250],
    [800, 100],
  ])("is the sum of the links' delays over two edges that fetch: %d ms and %d ms", (first, second) => {
    const { stage, origin, middle, last, feed, viewer } = chain();
    slow(stage, "origin", first);
    slow(stage, "middle", second);
    const ms = measured(stage, feed, viewer);
    expect(ms).toBeGreaterThanOrEqual(first + second);
    expect(ageAt(origin)).toBeCloseTo(0, 0);
    expectNear(ageAt(middle), first);
    expectNear(ageAt(last), ms);
  });

  test("is sent to a target of a forward, and on from there", () => {
    const stage = new EdgeStage();
    const origin = stage.node("origin");
    origin.targets = [parseTarget("target:1935")];
    const target = stage.node("target");
    const last = stage.node("last", { origin: ["target"] });
    const feed = origin.publish().headers();
    stage.clock.advance(10);
    // Before the first ping.
    slow(stage, "target", 150);
    feed.gop("k", 24);
    const viewer = stage.watch(last);
    stage.clock.advance(10);
    slow(stage, "target", 150);
    const ms = measured(stage, feed, viewer, 12);
    expect(ms).toBeGreaterThanOrEqual(300);
    expectNear(ageAt(target), 150);
    expectNear(ageAt(last), ms);
  });

  test("contains the time that packets wait for writes on the way", () => {
    const { stage, middle, last, feed, viewer } = chain();
    middle.stream().configure({ ...middle.stream().config, mw_latency: 350 });
    slow(stage, "origin", 50);
    measured(stage, feed, viewer, 10);
    // On average, half of the time between two writes.
    expectNear(ageAt(last), 50 + 175);
  });

  test("is unknown behind a server that does not report it, and until it is first reported", () => {
    const { stage, middle, last, feed, viewer } = chain();
    expect(ageAt(last)).toBeUndefined();
    measured(stage, feed, viewer, 5);
    expect(ageAt(last)).toBeDefined();
    // As of a source that an older server publishes here.
    middle.stream().source?.receiveAge(undefined);
    const { net, clock } = stage;
    for (const { dialled } of net.connections) if (dialled.remote.host === "origin") dialled.reading = false;
    clock.advance(3000);
    expect(ageAt(last)).toBeUndefined();
  });
});
