import { describe, expect, test } from "bun:test";
import { LiveStage } from "../../../support/live.ts";

const KB = 1024;

describe("what a stream keeps", () => {
  test("is its newest GOP, with or without readers", () => {
    const stage = new LiveStage();
    const feed = stage.publish().headers();
    for (let i = 0; i < 5; i++) feed.gop(`g${i}`, 9);
    const { log } = stage.stream();
    expect(log.end - log.start).toBe(10);
    stage.view();
    for (let i = 5; i < 10; i++) feed.gop(`g${i}`, 9);
    expect(log.end - log.start).toBe(10);
  });

  test("is nothing when no reader needs anything", () => {
    const stage = new LiveStage({ gop_cache: false });
    const feed = stage.publish().headers();
    stage.view();
    for (let i = 0; i < 5; i++) feed.gop(`g${i}`, 9);
    expect([stage.stream().log.end - stage.stream().log.start, stage.stream().log.bytes]).toEqual([0, 0]);
  });

  test("is at most a GOP's cap for new readers, including data", () => {
    const stage = new LiveStage({ gop_cache_max_bytes: 100 * KB });
    const feed = stage
      .publish()
      .headers()
      .key("k", 10 * KB);
    for (let i = 0; i < 1000; i++) feed.text("text", KB);
    expect(stage.stream().log.bytes).toBeLessThanOrEqual(100 * KB);
  });
});

describe.each([1, 100])("%d readers that never read", (count) => {
  function slow(stage: LiveStage): void {
    for (let i = 0; i < count; i++) stage.view({ room: 0 });
  }

  test("make a stream keep no more than queue_length", () => {
    const stage = new LiveStage({ queue_length: 2 });
    const feed = stage.publish().headers().gop("k", 1);
    slow(stage);
    let longest = 0;
    for (let i = 0; i < 20; i++) {
      feed.gop(`g${i}`, 9);
      longest = Math.max(longest, stage.stream().log.end - stage.stream().log.start);
    }
    // 2 s are 50 packets; the GOP that they begin in is whole.
    expect(longest).toBeGreaterThan(40);
    expect(longest).toBeLessThanOrEqual(61);
  });

  test("make a stream keep no more than queue_max_bytes", () => {
    const stage = new LiveStage({ queue_max_bytes: 100 * KB });
    const feed = stage.publish().headers().gop("k", 1);
    slow(stage);
    let most = 0;
    for (let i = 0; i < 50; i++) {
      feed.gop(`g${i}`, 4, 5 * KB);
      most = Math.max(most, stage.stream().log.bytes);
    }
    expect(most).toBeGreaterThan(50 * KB);
    expect(most).toBeLessThanOrEqual(105 * KB);
  });

  test("make a stream keep no more than queue_max_bytes of one endless GOP that is not cached", () => {
    const stage = new LiveStage({ queue_max_bytes: 100 * KB, gop_cache: false });
    const feed = stage.publish().headers();
    slow(stage);
    feed.gop("k", 1);
    let most = 0;
    for (let i = 0; i < 200; i++) {
      feed.inter(`p${i}`, 5 * KB).wait(40);
      most = Math.max(most, stage.stream().log.bytes);
    }
    expect(most).toBeLessThanOrEqual(105 * KB);
  });

  test("make a stream keep no more than 65536 packets", () => {
    const stage = new LiveStage({ queue_length: 3600, gop_cache_max_frames: 100 });
    const feed = stage.publish().headers().gop("k", 1);
    slow(stage);
    const { log } = stage.stream();
    let most = 0;
    for (let i = 0; i < 70_000; i++) {
      feed.audio("a");
      if (i % 100 === 0) feed.wait(1);
      most = Math.max(most, log.end - log.start);
    }
    expect(most).toBeGreaterThan(65_000);
    expect(most).toBeLessThanOrEqual(65_536 + 4096);
    feed.wait(1);
    expect(log.end - log.start).toBeLessThan(200);
  });
});

describe("a reader that is only a little behind", () => {
  test("keeps its position when others far behind exceed the limits", () => {
    const stage = new LiveStage({ queue_max_bytes: 100 * KB });
    const feed = stage.publish().headers().gop("k", 1);
    const far = stage.view({ room: 0 });
    const near = stage.view();
    for (let i = 0; i < 10; i++) feed.gop(`g${i}`, 4, 3 * KB);
    near.sink.stall();
    feed.gop("last", 4, 3 * KB).gop("newest", 4, 3 * KB);
    expect(near.state).toBe("lagging");
    while (near.state === "lagging") near.sink.drain(10 * KB);
    expect(near.lost).toBe(0);
    expect(far.log).toEqual([]);
  });

  test("is not skipped for packets that no reader needs any longer", () => {
    const stage = new LiveStage({ queue_max_bytes: 50 * KB });
    const feed = stage
      .publish()
      .headers()
      .gop("k", 9, 4 * KB);
    const viewer = stage.view();
    feed.inter("p", KB).wait(40);
    viewer.sink.stall();
    // Until this key frame is flushed, the log holds two GOPs.
    feed.gop("K", 3, 4 * KB);
    while (viewer.state === "lagging") viewer.sink.drain(10 * KB);
    expect(viewer.lost).toBe(0);
  });
});

describe("when the publisher is gone", () => {
  test("nothing is kept once slow readers have caught up or left", () => {
    for (const how of ["catches up", "leaves"]) {
      const stage = new LiveStage();
      const feed = stage.publish().headers().gop("k", 1);
      const [slow] = [stage.view(), stage.view()];
      slow.sink.stall();
      for (let i = 0; i < 3; i++) feed.gop(`g${i}`, 9, KB);
      feed.end();
      const { log } = stage.stream();
      expect(log.bytes).toBeGreaterThan(20 * KB);
      if (how === "leaves") slow.leave();
      else slow.sink.drain();
      stage.clock.settle();
      expect(log.bytes).toBe(0);
    }
  });
});
