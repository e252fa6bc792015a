import { heapStats } from "bun:jsc";
import { describe, expect, test } from "bun:test";
import { streamLabel } from "../../../src/live/streams.ts";
import { LiveStage } from "../../support/live.ts";

describe("Streams", () => {
  test("returns the same stream for a name, and another for another name", () => {
    const { streams, config } = new LiveStage();
    const name = { vhost: "v", app: "a", stream: "s" };
    const stream = streams.open(name, config);
    expect(streams.open({ ...name }, config)).toBe(stream);
    expect(streams.open({ ...name, vhost: "w" }, config)).not.toBe(stream);
    expect(stream.key).toBe("v/a/s");
    expect([...streams.all()].map(({ key }) => key)).toEqual(["v/a/s", "w/a/s"]);
  });

  test("keeps nothing of 20,000 names that nobody publishes", () => {
    const stage = new LiveStage();
    const format = stage.format();
    const sink = { send: () => true };
    for (let i = 0; i < 20_000; i++) {
      const stream = stage.stream(`s${i}`);
      stream.leave(stream.join(format, sink, {}));
    }
    expect([stage.streams.size, stage.clock.timers, stage.clock.turns]).toEqual([0, 0, 0]);
  });

  test("keeps few objects for each name that a player waits for", () => {
    const stage = new LiveStage();
    const format = stage.format();
    const readers: unknown[] = [];
    const waitFor = (from: number, to: number) => {
      for (let i = from; i < to; i++) readers.push(stage.stream(`s${i}`).join(format, { send: () => true }, {}));
      Bun.gc(true);
      return heapStats().objectCount;
    };
    const before = waitFor(0, 1000);
    expect((waitFor(1000, 6000) - before) / 5000).toBeLessThan(90);
    expect(readers.length).toBe(6000);
  });

  test("forgets a stream with its last reader when nobody publishes it", () => {
    const stage = new LiveStage();
    const feed = stage.publish().headers().gop("k", 1);
    const [one, two] = [stage.view(), stage.view()];
    feed.end();
    one.leave();
    expect(stage.streams.size).toBe(1);
    two.leave();
    expect(stage.streams.size).toBe(0);
  });

  test("reuses the memory of an ended stream for later ones, and frees it when there are none", () => {
    const stage = new LiveStage();
    const { slabs } = stage.stream();
    const taken: number[] = [];
    for (let round = 0; round < 3; round++) {
      const feed = stage.publish("show", `p${round}`).headers().key("k", 20_000);
      for (let i = 0; i < 100; i++) feed.inter(`i${i}`, 20_000);
      feed.end();
      taken.push(slabs.spareBytes);
    }
    expect(taken[0]).toBeGreaterThan(2_000_000);
    expect(taken).toEqual(Array(3).fill(taken[0]));
    stage.memoryClock.advance(20_000);
    expect([slabs.spareBytes, stage.memoryClock.timers]).toEqual([0, 0]);
  });

  test.each([
    { kbps: 200, frames: 50 },
    { kbps: 600, frames: 50 },
    { kbps: 600, frames: 250 },
    { kbps: 2500, frames: 50 },
    { kbps: 6000, frames: 120 },
  ])(
    "holds $frames frames of $kbps kbit/s in at most a third more memory than their bytes, and a slab",
    ({ kbps, frames }) => {
      const stage = new LiveStage();
      const { slabs } = stage.stream();
      const frame = Math.floor((kbps * 1000) / 8 / 25);
      const feed = stage.publish().headers();
      for (let gop = 0; gop < 10; gop++) {
        feed.key("k", 4 * frame);
        for (let i = 1; i < frames; i++) feed.inter(`i${i}`, frame).audio("a", 300);
      }
      feed.end();
      expect(slabs.spareBytes).toBeLessThan((4 / 3) * ((frames + 3) * frame + (frames - 1) * 300) + 16 * 1024);
    },
  );

  test("reuses the memory of a standby source, whether it took over or not", () => {
    const stage = new LiveStage();
    const { slabs } = stage.stream();
    const active = stage.publish("show", "a").headers().key("k", 20_000);
    const standbys = ["b", "c"].map((id) => stage.publish("show", id, { onConflict: "standby" }).headers());
    for (const standby of standbys) {
      standby.key("k", 20_000);
      for (let i = 0; i < 100; i++) standby.inter(`i${i}`, 20_000);
    }
    active.end("lost");
    const once = slabs.spareBytes;
    expect(once).toBeGreaterThan(2_000_000);
    standbys[1]?.end("lost");
    expect(slabs.spareBytes).toBeGreaterThan(once + 2_000_000);
  });

  test("forgets a stream with its publisher when nobody watches it", () => {
    const stage = new LiveStage();
    for (const how of ["lost", "unpublished"] as const) {
      stage.publish().headers().gop("k", 1).end(how);
      expect([stage.streams.size, stage.clock.timers]).toEqual([0, 0]);
    }
  });

  test("leaves no timer behind when the last reader goes within the grace time", () => {
    const stage = new LiveStage();
    const feed = stage.publish().headers().gop("k", 1);
    const viewer = stage.view();
    feed.end("lost");
    expect(stage.clock.timers).toBe(1);
    viewer.leave();
    expect([stage.streams.size, stage.clock.timers]).toEqual([0, 0]);
  });

  test("makes a new stream for a forgotten name, which the old one can't remove", () => {
    const stage = new LiveStage();
    const old = stage.stream();
    const viewer = stage.view();
    viewer.leave();
    const feed = stage.publish();
    expect(stage.stream()).not.toBe(old);
    viewer.leave();
    old.leave(viewer.reader);
    expect(stage.streams.size).toBe(1);
    feed.end();
  });
});

test("a stream's label leaves out the default vhost", () => {
  expect(streamLabel("__defaultVhost__/live/show")).toBe("/live/show");
  expect(streamLabel("example.com/live/show")).toBe("example.com/live/show");
});
