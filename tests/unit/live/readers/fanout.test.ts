import { describe, expect, test } from "bun:test";
import { LiveStage } from "../../../support/live.ts";

const KB = 1024;

/** A stream with headers and the beginning of a GOP, `k`, `k+1`, `k+2`. */
function begun(config = {}, size = 0) {
  const stage = new LiveStage(config);
  const feed = stage.publish().metadata().headers().gop("k", 2, size);
  return { stage, feed };
}

describe("readers that are up to date", () => {
  test("get each batch as the very same buffer", () => {
    const { stage, feed } = begun();
    const viewers = [1, 2, 3].map(() => stage.view());
    feed.inter("p1").audio("a1").wait(40);
    const last = viewers.map(({ sink }) => sink.sent.at(-1));
    expect(last[0]).toBeDefined();
    expect(last[1]).toBe(last[0] as Uint8Array);
    expect(last[2]).toBe(last[0] as Uint8Array);
  });

  test("get audio and video of one turn in one write", () => {
    const { stage, feed } = begun();
    const viewer = stage.view();
    const { length } = viewer.sink.sent;
    feed.inter("p1").audio("a1").wait(40);
    expect(viewer.sink.sent).toHaveLength(length + 1);
    expect(viewer.log.slice(-2)).toEqual(["p1", "a1"]);
  });

  test("share batches only with readers of the same format", () => {
    const { stage, feed } = begun();
    const [one, two] = [stage.view(), stage.view({ variant: 2 })];
    feed.inter("p1").wait(40);
    expect(one.sink.sent.at(-1)).not.toBe(two.sink.sent.at(-1) as Uint8Array);
    expect([one.got.at(-1)?.name, two.got.at(-1)?.name]).toEqual(["p1", "p1"]);
  });
});

describe("a reader that joins", () => {
  test("begins with metadata, headers and the newest GOP, all headers at the key frame's time", () => {
    const { stage, feed } = begun();
    feed.gop("K", 1);
    const viewer = stage.view();
    expect(viewer.log).toEqual(["meta", "A0", "V0", "K", "K+1"]);
    expect(viewer.got.map(({ time }) => time)).toEqual([120, 120, 120, 120, 160]);
  });

  test("has its format notified of the headers with the first packets, and not again", () => {
    const { stage, feed } = begun();
    const told: unknown[] = [];
    const format = stage.format();
    const { encode } = format;
    format.encode = (log, from, to, headers) => {
      told.push(headers?.length);
      return encode(log, from, to);
    };
    stage.view();
    feed.inter("p1").wait(40);
    expect(told).toEqual([3, undefined]);
  });

  test("shares the encoded GOP with other readers that join it", () => {
    const { stage } = begun();
    const [one, two] = [stage.view(), stage.view()];
    expect(two.sink.sent).toEqual(one.sink.sent);
    for (const [at, bytes] of one.sink.sent.entries()) expect(two.sink.sent[at]).toBe(bytes);
  });

  test("at a key frame that is not flushed yet gets nothing from before it", () => {
    const { stage, feed } = begun();
    const early = stage.view();
    feed.inter("old").key("new");
    const late = stage.view();
    feed.inter("new+1").wait(40);
    expect(late.log).toEqual(["meta", "A0", "V0", "new", "new+1"]);
    expect(early.log.slice(-3)).toEqual(["old", "new", "new+1"]);
  });

  test("gets the headers of its own source, even if another source's start was at the same position", () => {
    const stage = new LiveStage();
    const first = stage.publish().metadata("first").audioHeader("A0").audio("a0").wait(40);
    stage.view();
    first.audio("a1").wait(40);
    expect(stage.view().log).toEqual(["first", "A0"]);
    first.end("lost");
    const second = stage.publish().audioHeader("B0");
    const viewer = stage.view();
    second.audio("b0").wait(40);
    expect(viewer.log).toEqual(["B0", "b0"]);
  });

  test("waits for the next key frame when nothing is cached", () => {
    const { stage, feed } = begun({ gop_cache: false });
    stage.view();
    const viewer = stage.view();
    feed.inter("old").wait(40);
    expect([viewer.log, viewer.state]).toEqual([[], "waiting"]);
    feed.audio("before").gop("K", 1);
    expect(viewer.log).toEqual(["meta", "A0", "V0", "K", "K+1"]);
  });

  test("waits for the next key frame when the GOP has outgrown its cap", () => {
    const { stage, feed } = begun({ gop_cache_max_frames: 4 });
    feed.inter("3").inter("4").wait(40);
    const viewer = stage.view();
    feed.inter("5").wait(40);
    expect(viewer.log).toEqual([]);
    feed.gop("K", 1);
    expect(viewer.log).toEqual(["meta", "A0", "V0", "K", "K+1"]);
  });

  test("while a round is under way gets each packet once", () => {
    const { stage, feed } = begun();
    const viewers = Array.from({ length: 400 }, () => stage.view());
    for (const { sink } of viewers) sink.onSend = () => stage.clock.spend(0.1);
    feed.inter("p1");
    stage.clock.turn();
    const served = viewers.filter(({ log }) => log.at(-1) === "p1").length;
    expect(served).toBeGreaterThan(50);
    expect(served).toBeLessThan(350);
    const late = stage.view();
    expect(late.log).toEqual(["meta", "A0", "V0", "k", "k+1", "k+2", "p1"]);
    feed.inter("p2");
    stage.clock.advance(1000);
    for (const { log } of [...viewers, late]) expect(log.slice(-3)).toEqual(["k+2", "p1", "p2"]);
  });

  test("ahead of a round under way waits for its turn, and the round ends, however many such readers there are", () => {
    const { stage, feed } = begun();
    const viewers = Array.from({ length: 300 }, () => stage.view());
    for (const { sink } of viewers) sink.onSend = () => stage.clock.spend(0.1);
    feed.inter("p1");
    stage.clock.turn();
    feed.inter("p2").key("K");
    const late = Array.from({ length: 300 }, () => stage.view());
    feed.inter("K+1");
    stage.clock.advance(1000);
    for (const { log } of late) expect(log).toEqual(["meta", "A0", "V0", "K", "K+1"]);
    for (const { log } of viewers) expect(log.slice(-5)).toEqual(["k+2", "p1", "p2", "K", "K+1"]);
  });
});

describe("a reader that leaves during a round", () => {
  test("gets no more, and the others miss nothing", () => {
    const { stage, feed } = begun();
    const viewers = Array.from({ length: 400 }, () => stage.view());
    for (const { sink } of viewers) sink.onSend = () => stage.clock.spend(0.1);
    feed.inter("p1");
    stage.clock.turn();
    for (const [at, viewer] of viewers.entries()) if (at % 3 === 0) viewer.leave();
    feed.inter("p2");
    stage.clock.advance(1000);
    for (const [at, { log }] of viewers.entries()) {
      if (at % 3 !== 0) expect(log.slice(-3)).toEqual(["k+2", "p1", "p2"]);
      else expect(log).not.toContain("p2");
    }
    // The round would have come to it last.
    expect(viewers[399]?.log).not.toContain("p1");
  });
});

/** The order in which a round serves `count` readers and one that joins after the round before: the first three, the last. */
function orderOf(count: number): number[] {
  const { stage, feed } = begun();
  const order: number[] = [];
  const view = (at: number) => {
    stage.view().sink.onSend = () => order.push(at);
  };
  for (let at = 0; at < count; at++) view(at);
  feed.inter("p1").wait(40);
  view(count);
  order.length = 0;
  feed.inter("p2").wait(40);
  expect(order).toHaveLength(count + 1);
  return [...order.slice(0, 3), order.at(-1) ?? -1];
}

test("a round begins with the oldest readers, and a long one with the newest, which have waited longest", () => {
  expect(orderOf(10)).toEqual([0, 1, 2, 10]);
  expect(orderOf(2500)).toEqual([2500, 2499, 2498, 0]);
});

describe("a slow reader", () => {
  test("continues from its own position after a partial write", () => {
    const { stage, feed } = begun();
    const [slow, fast] = [stage.view(), stage.view()];
    slow.sink.room = 10;
    for (let i = 1; i <= 20; i++) feed.inter(`p${i}`).wait(40);
    expect(slow.log.at(-1)).toBe("k+2");
    expect(slow.state).toBe("lagging");
    slow.sink.drain();
    expect(slow.log).toEqual(fast.log);
    expect([slow.state, slow.lost]).toEqual(["current", 0]);
    feed.inter("p21").wait(40);
    expect(slow.sink.sent.at(-1)).toBe(fast.sink.sent.at(-1) as Uint8Array);
  });

  test("is fed in steps, so that it costs little memory of its own", () => {
    const { stage, feed } = begun();
    const slow = stage.view();
    slow.sink.stall();
    for (let i = 0; i < 100; i++) feed.inter(`p${i}`, 10 * KB).wait(40);
    expect(slow.sink.queued).toBeLessThan(11 * KB);
    slow.sink.drain(11 * KB);
    expect(slow.sink.queued).toBeGreaterThan(60 * KB);
    expect(slow.sink.queued).toBeLessThan(80 * KB);
    while (slow.state === "lagging") slow.sink.drain(10 * KB);
    expect(slow.log.slice(-100)).toEqual(Array.from({ length: 100 }, (_, i) => `p${i}`));
  });

  test("skips to the newest key frame when it is too far behind, and its loss is counted exactly", () => {
    const { stage, feed } = begun({ queue_length: 1 });
    const [slow, fast] = [stage.view(), stage.view()];
    slow.sink.stall();
    for (let gop = 1; gop <= 5; gop++) feed.gop(`g${gop}`, 9);
    slow.sink.drain();
    const missing = fast.log.filter((name) => !slow.log.includes(name));
    expect(slow.log.slice(0, 8)).toEqual(["meta", "A0", "V0", "k", "k+1", "k+2", "g1", "meta"]);
    const on = slow.log.slice(10);
    expect(on[0]).toMatch(/^g\d$/);
    expect(fast.log.slice(-on.length)).toEqual(on);
    expect(slow.lost).toBe(missing.length);
    expect(slow.lost).toBeGreaterThan(10);
    expect(fast.lost).toBe(0);
  });

  test("gets the headers in force where it continues", () => {
    const { stage, feed } = begun({ queue_length: 1 });
    const slow = stage.view();
    slow.sink.stall();
    for (let gop = 1; gop <= 5; gop++) feed.headers(`V${gop}`, `A${gop}`).gop(`g${gop}`, 9);
    slow.sink.drain();
    const at = slow.log.lastIndexOf("meta");
    const [, audio, video, key] = slow.log.slice(at);
    expect([audio, video]).toEqual([key?.replace("g", "A"), key?.replace("g", "V")]);
  });

  test("does not skip within the newest GOP, however long that is, as there is no later start point", () => {
    const { stage, feed } = begun({ queue_length: 1 });
    feed.gop("K", 100, 2 * KB);
    const slow = stage.view({ room: 100 });
    feed.inter("last").wait(40);
    expect(slow.state).toBe("lagging");
    for (let i = 0; i < 10; i++) slow.sink.drain(30 * KB);
    expect(slow.log.slice(3)).toEqual(["K", ...Array.from({ length: 100 }, (_, i) => `K+${i + 1}`), "last"]);
    expect(slow.lost).toBe(0);
  });

  test("waits for the next key frame when its GOP cannot be kept", () => {
    const { stage, feed } = begun({ gop_cache_max_frames: 10, queue_length: 1 });
    const slow = stage.view();
    slow.sink.stall();
    for (let i = 1; i <= 100; i++) feed.inter(`p${i}`).wait(40);
    expect(slow.state).toBe("waiting");
    slow.sink.drain();
    expect(slow.log.at(-1)).toBe("p1");
    feed.gop("K", 1);
    expect(slow.log.slice(-6)).toEqual(["p1", "meta", "A0", "V0", "K", "K+1"]);
    expect(slow.lost).toBe(99);
  });

  test("that leaves while it waits has lost the packets up to then", () => {
    const { stage, feed } = begun({ gop_cache_max_frames: 10, queue_length: 1 });
    const slow = stage.view();
    slow.sink.stall();
    for (let i = 1; i <= 50; i++) feed.inter(`p${i}`).wait(40);
    slow.leave();
    expect(slow.lost).toBe(49);
  });

  test("that never began has lost nothing", () => {
    const { stage, feed } = begun({ queue_length: 1 });
    const held = stage.hold();
    for (let gop = 1; gop <= 5; gop++) feed.gop(`g${gop}`, 9);
    held.release();
    expect(held.viewer.log[3]).toMatch(/^g[45]$/);
    expect(held.viewer.lost).toBe(0);
  });

  test("with two losses has both counted", () => {
    const { stage, feed } = begun({ queue_length: 1 });
    const [slow, fast] = [stage.view(), stage.view()];
    for (let round = 0; round < 2; round++) {
      slow.sink.stall();
      for (let gop = 1; gop <= 5; gop++) feed.gop(`r${round}g${gop}`, 9);
      slow.sink.drain();
    }
    expect(slow.lost).toBe(fast.log.filter((name) => !slow.log.includes(name)).length);
    expect(slow.log.at(-1)).toBe("r1g5+9");
  });

  test("delays no other reader", () => {
    const { stage, feed } = begun();
    const slow = Array.from({ length: 20 }, () => stage.view({ room: 0 }));
    const fast = stage.view();
    for (let i = 1; i <= 20; i++) {
      feed.inter(`p${i}`);
      stage.clock.settle();
      expect(fast.log.at(-1)).toBe(`p${i}`);
      feed.wait(40);
    }
    for (const { log } of slow) expect(log).toEqual([]);
  });
});
