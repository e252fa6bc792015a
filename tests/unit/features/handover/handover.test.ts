import { describe, expect, test } from "bun:test";
import { UserError } from "../../../../src/base/errors.ts";
import { accessRequest } from "../../../support/access.ts";
import type { FakeClock } from "../../../support/fake-clock.ts";
import { FakeNode } from "../../../support/fake-node.ts";
import { processes } from "../../../support/handover-stage.ts";
import type { Viewer } from "../../../support/live.ts";

const request = accessRequest({ action: "publish", address: "10.0.0.1" });
/** What the new process says to a publisher, given time. */
function settled(node: FakeNode, clock: FakeClock) {
  const result = node.handover.check(request);
  clock.advance(1000);
  return result;
}

/** Names of the pictures and events that a viewer has had. */
const seen = (viewer: Viewer) => viewer.news().filter((name) => !/^[AV]\d/.test(name));

describe("a stream whose publisher is with the old process", () => {
  test("is played by the new process, from the newest GOP on to its end", async () => {
    const { older, younger, link, watch, ready, clock } = processes();
    const feed = older.publish().metadata().headers().gop("k0", 3);
    const old = watch(older);
    await link();
    expect([ready, younger.handover.sibling]).toEqual([[2], 1]);
    const young = watch(younger);
    clock.advance(10);
    feed.gop("k1", 2).text("word").wait(40);
    clock.advance(10);
    expect(seen(young)).toEqual(["published", "meta", "k0", "k0+1", "k0+2", "k0+3", "k1", "k1+1", "k1+2", "word"]);
    expect(young.got.map(({ time }) => time).slice(-3)).toEqual(old.got.map(({ time }) => time).slice(-3));
    feed.end();
    clock.advance(10);
    expect(seen(young)).toEqual(["unpublished"]);
  });

  test("is fetched from the old process only while it is watched", async () => {
    const { older, younger, link, watch, clock } = processes();
    const feed = older.publish().headers().gop("k0", 3);
    await link();
    expect([younger.streams.size, older.stream().readerCount]).toEqual([0, 0]);
    const viewer = watch(younger);
    clock.advance(10);
    expect(older.stream().readerCount).toBe(1);
    viewer.leave();
    clock.advance(10);
    feed.gop("k1", 1);
    expect([younger.streams.size, older.stream().readerCount]).toEqual([0, 0]);
  });

  test("may begin after the link, and waiting viewers get it", async () => {
    const { older, younger, link, watch, clock } = processes();
    await link();
    const viewer = watch(younger);
    older.publish().headers().gop("k0", 1);
    clock.advance(10);
    expect(seen(viewer)).toEqual(["published", "k0", "k0+1"]);
  });

  test("comes through the same servers in both processes, also when these change, or another publisher takes over", async () => {
    const { older, younger, link, watch, clock } = processes({ onConflict: "standby" });
    const feed = older
      .publish("show", { hops: ["origin"] })
      .headers()
      .gop("k0", 1);
    const standby = older.publish().headers().gop("K0", 1);
    await link();
    watch(younger);
    const hops = () => {
      clock.advance(10);
      return younger.stream().source?.info.hops;
    };
    expect(hops()).toEqual(["origin"]);
    feed.source.reroute(["origin", "edge"]);
    expect(hops()).toEqual(["origin", "edge"]);
    feed.end("lost");
    expect([standby.source.role, hops()]).toEqual(["active", []]);
  });

  test("keeps its viewers at the new process waiting when its publisher is lost, or the old process ends", async () => {
    for (const leave of [false, true]) {
      const { older, younger, link, watch, clock } = processes();
      const feed = older.publish().headers().gop("k0", 1);
      await link();
      const viewer = watch(younger);
      clock.advance(10);
      if (leave) older.handover.stop();
      feed.end(leave ? "unpublished" : "lost");
      clock.advance(20_000);
      expect(seen(viewer)).toEqual(["published", "k0", "k0+1"]);
      clock.advance(11_000);
      expect(seen(viewer)).toEqual(["unpublished"]);
    }
  });
});

describe("a stream's epoch", () => {
  test("is the same in both processes, and continues in the new one when the publisher comes over", async () => {
    const { older, younger, link, watch, clock } = processes();
    const feed = older.publish().headers().gop("k0", 5);
    await link();
    watch(older);
    watch(younger);
    clock.advance(10);
    feed.gop("k1", 5);
    clock.advance(10);
    const made = older.stream().epochs.epoch;
    expect(younger.stream().epochs.epoch).toEqual(made);
    older.stream().ladder.make({ base: "show", endings: ["_hd", "_sd"] });
    clock.advance(10);
    expect(younger.stream().ladder.text).toBe("show _hd _sd");
    feed.end("lost");
    expect(await settled(younger, clock)).toBeUndefined();
    const again = younger.publish().headers().gop("K0", 5);
    clock.advance(10);
    again.gop("K1", 1);
    clock.advance(10);
    const epoch = younger.stream().epochs.epoch;
    expect(epoch?.id).toBe(made?.id as string);
    expect(epoch?.spans).toHaveLength(2);
    // The viewer of the old process has the stream from the younger one now.
    expect(older.stream().epochs.epoch).toEqual(epoch);
  });
});

test("The new process has the same age of a stream's packets as the old one", async () => {
  const { older, younger, link, watch, clock } = processes();
  const feed = older.publish().headers().gop("k0", 5);
  feed.source.receiveAge(120);
  await link();
  watch(younger);
  clock.advance(10);
  feed.gop("k1", 5);
  clock.advance(10);
  expect(younger.stream().ageMs()).toBeCloseTo(120, 0);
});

describe("a publisher that comes over", () => {
  test("keeps the viewers of both processes, with continuous time", async () => {
    const { older, younger, link, watch, clock } = processes();
    const feed = older.publish().headers().gop("k0", 5);
    await link();
    const viewers = [watch(older), watch(younger)];
    clock.advance(10);
    feed.end("lost");
    expect(await settled(younger, clock)).toBeUndefined();
    const again = younger.publish().headers().gop("K0", 5);
    clock.advance(10);
    again.gop("K1", 1);
    clock.advance(10);
    for (const viewer of viewers) {
      const names = seen(viewer);
      expect(names).not.toContain("unpublished");
      expect(names.slice(-2)).toEqual(["K1", "K1+1"]);
      const times = viewer.got.filter(({ name }) => /^k|^K/.test(name)).map(({ time }) => time);
      expect(times.toSorted((a, b) => a - b)).toEqual(times);
    }
    expect(older.stream().source?.info.via).toBe("sibling");
  });

  test("before it has left is accepted when it has, and otherwise refused as by one server", async () => {
    const { older, younger, link, clock } = processes();
    const feed = older.publish().headers();
    await link();
    const early = younger.handover.check(request);
    feed.end();
    clock.advance(10);
    expect(await early).toBeUndefined();

    older.publish();
    clock.advance(10);
    const late = younger.handover.check(request);
    clock.advance(1000);
    expect(await late).toMatchObject({ reason: "/live/show is already being published" });
    expect(younger.handover.check({ ...request, action: "play" })).toBeUndefined();
    expect(younger.handover.check({ ...request, name: { ...request.name, stream: "free" } })).toBeUndefined();
  });

  test("replaces the old process's publisher, if the vhost says replace", async () => {
    const { older, younger, link, watch, clock } = processes({ onConflict: "replace" });
    const feed = older.publish().headers().gop("k0", 1);
    const viewer = watch(older);
    await link();
    const result = younger.handover.check(request);
    clock.advance(1000);
    expect(await result).toBeUndefined();
    younger.publish().headers().gop("K0", 1);
    clock.advance(10);
    expect(feed.source.role).toBe("ended");
    expect(seen(viewer)).toEqual(["k0", "k0+1", "K0", "K0+1"]);
  });

  test("that stood by becomes active when the old process's is gone, and is announced to the old process", async () => {
    const { older, younger, link, watch, clock } = processes({ onConflict: "standby" });
    const feed = older.publish().headers().gop("k0", 1);
    await link();
    const viewers = [watch(older), watch(younger)];
    clock.advance(10);
    const standby = younger.publish().headers().gop("K0", 1);
    expect(standby.source.role).toBe("standby");
    feed.end("lost");
    clock.advance(10);
    standby.gop("K1", 1);
    clock.advance(10);
    for (const viewer of viewers) expect(seen(viewer).slice(-2)).toEqual(["K1", "K1+1"]);
  });
});

test("The new process knows each source that a stream has in the old one, and what it came through", async () => {
  const { older, younger, link, watch, clock } = processes();
  const stream = older.stream();
  const info = { id: "p", remote: "test", param: "" };
  const copy = stream.publish({ ...info, hops: ["far", "near"], via: "pull", yields: true });
  await link();
  const places = () => {
    clock.advance(10);
    const { hops } = younger.stream().source?.info ?? {};
    const answer = younger.registry.locate(stream.key);
    return [hops, ...("places" in answer ? answer.places : []).map((place) => [place.role, place.hops])];
  };
  expect(places()).toEqual([undefined, ["relayed", ["far", "near"]]]);
  copy?.reroute(["near"]);
  expect(places()).toEqual([undefined, ["relayed", ["near"]]]);
  const viewer = watch(younger);
  expect(places()).toEqual([["near"], ["relayed", ["near"]]]);
  copy?.reroute(["other"]);
  expect(places()).toEqual([["other"], ["relayed", ["other"]]]);
  // An origin that is no node of the cluster tells no hops.
  copy?.reroute([]);
  expect(places()).toEqual([[], ["relayed", []]]);
  // An encoder comes, and the copy gives way.
  stream.publish({ ...info, hops: [], via: "client" });
  expect(places()).toEqual([[], ["published", []]]);
  viewer.leave();
  expect(places()).toEqual([undefined, ["published", []]]);
});

describe("other servers", () => {
  test("get a stream once, from the process that has its publisher", async () => {
    const { older, younger, link, watch, other, clock } = processes({ targets: ["target:1935"] });
    const target = other("target");
    const feed = older.publish().headers().gop("k0", 1);
    clock.advance(10);
    await link();
    watch(younger);
    clock.advance(10);
    const relays = () => [older, younger].map((node) => [...node.forward.relays()].length);
    expect(relays()).toEqual([1, 0]);
    watch(older);
    feed.end("lost");
    clock.advance(10);
    const again = younger.publish().headers().gop("K0", 1);
    clock.advance(2000);
    again.gop("K1", 1);
    expect(relays()).toEqual([0, 1]);
    expect(target.connections).toBe(1);
    expect(younger.log.take(/^(warn|error)/)).toEqual([]);
  });

  test("are not asked for a stream that the old process fetches already, until it stops", async () => {
    const { older, younger, link, watch, other, clock, net } = processes({ origins: ["origin:1935"] });
    const feed = other("origin").publish().headers().gop("k0", 1);
    const old = watch(older);
    clock.advance(100);
    feed.gop("k1", 1);
    await link();
    const dials = net.dials.length;
    const viewer = watch(younger);
    clock.advance(100);
    feed.gop("k2", 1);
    clock.advance(100);
    expect([net.dials.length - dials, seen(viewer).slice(-2)]).toEqual([0, ["k2", "k2+1"]]);
    old.leave();
    clock.advance(1500);
    feed.gop("k3", 1);
    clock.advance(100);
    expect(net.dials.length - dials).toBe(1);
    const names = seen(viewer);
    expect(names.slice(-2)).toEqual(["k3", "k3+1"]);
    expect(names).not.toContain("unpublished");
  });
});

describe("the link", () => {
  test("that is not answered is an error for the operator", async () => {
    const { younger, clock } = processes();
    const joined = younger.handover.join("/nobody", "/younger");
    clock.advance(1);
    await expect(joined).rejects.toThrow(UserError);
  });

  test("that ends leaves each process running alone", async () => {
    const { older, younger, link, watch, clock } = processes();
    const feed = older.publish().headers().gop("k0", 1);
    await link();
    const viewer = watch(younger);
    clock.advance(10);
    older.handover.close();
    clock.advance(10);
    expect([older.handover.sibling, younger.handover.sibling]).toEqual([undefined, undefined]);
    feed.end("lost");
    clock.advance(10);
    younger.publish().headers().gop("K0", 1);
    clock.advance(10);
    expect(seen(viewer).slice(-2)).toEqual(["K0", "K0+1"]);
  });

  test("is made by each process with the next one, when the one before is gone", async () => {
    const { older, younger, link, watch, clock, net } = processes();
    await link();
    older.handover.close();
    clock.advance(10);
    younger.publish().headers().gop("k0", 1);
    const third = new FakeNode(clock, net, "third:1935");
    younger.handover.expect("/again", () => undefined);
    const joined = third.handover.join("/again", "/third");
    clock.advance(1);
    await joined;
    const viewer = watch(third);
    clock.advance(10);
    expect(seen(viewer)).toEqual(["published", "k0", "k0+1"]);
  });

  test("accepts one other process only", async () => {
    const { clock, net, link, ready } = processes();
    await link();
    const third = new FakeNode(clock, net, "third:1935");
    const joined = third.handover.join("/older", "/third");
    clock.advance(1);
    await expect(joined).rejects.toThrow(UserError);
    expect(ready).toHaveLength(1);
  });
});
