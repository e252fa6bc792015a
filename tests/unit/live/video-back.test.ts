import { describe, expect, test } from "bun:test";
import type { WireFormat } from "../../../src/live/readers/format.ts";
import { LiveStage } from "../../support/live.ts";

/** A stream with `count` viewers whose video comes back with its next key frame, beside one that always had it. */
function awaitingVideo(count: number) {
  const stage = new LiveStage();
  const feed = stage.publish().metadata().headers().gop("k", 1).wait(40);
  const other = stage.view();
  const viewers = Array.from({ length: count }, () => stage.view());
  for (const viewer of viewers) {
    viewer.receive({ video: false });
    viewer.receive({ video: true });
  }
  feed.inter("p1").audio("a1").wait(40);
  for (const viewer of [other, ...viewers]) viewer.news();
  return { stage, feed, other, viewers };
}

/** Counts the calls of `encode` of a format and of that without video. */
function countEncodes(format: WireFormat): () => number {
  let count = 0;
  for (const each of [format, format.withoutVideo]) {
    const encode = each.encode.bind(each);
    each.encode = (log, from, to) => {
      if (to > from) count++;
      return encode(log, from, to);
    };
  }
  return () => count;
}

describe("Video that comes back", () => {
  test("to 300 readers is encoded three times: up to the key frame, from it on, and for readers that had video", () => {
    const { stage, feed, other, viewers } = awaitingVideo(300);
    const encodes = countEncodes(stage.format());
    const before = viewers[0]?.sink.sent.length ?? 0;
    feed.audio("a2").key("K").inter("K+1").audio("a3").wait(40);
    expect(encodes()).toBe(3);
    expect(new Set(viewers.flatMap(({ sink }) => sink.sent.slice(before))).size).toBe(2);
    expect(other.news()).toEqual(["a2", "K", "K+1", "a3"]);
    for (const viewer of viewers) {
      expect(viewer.news()).toEqual(["a2", "meta", "A0", "V0", "K", "K+1", "a3"]);
      expect(viewer.lost).toBe(0);
    }
  });

  test("to thousands of readers is sent in slices, between which other work runs", () => {
    const { stage, feed, viewers } = awaitingVideo(3000);
    for (const { sink } of viewers) sink.onSend = () => stage.clock.spend(0.01);
    feed.audio("a2").key("K").inter("K+1");
    let longest = 0;
    let turns = 0;
    while (viewers.some(({ log }) => log.at(-1) !== "K+1")) {
      const began = stage.clock.now();
      stage.clock.turn();
      longest = Math.max(longest, stage.clock.now() - began);
      turns++;
    }
    expect(longest).toBeLessThanOrEqual(12);
    expect(turns).toBeGreaterThan(4);
  });

  test("has no gap for a reader that was in the middle of its flush when more came", () => {
    const { stage, feed, viewers } = awaitingVideo(2000);
    for (const { sink } of viewers) sink.onSend = () => stage.clock.spend(0.01);
    feed.audio("a2").key("K").inter("K+1");
    stage.clock.turn();
    feed.audio("a3").key("L");
    stage.clock.turn();
    feed.audio("a4").wait(400);
    for (const viewer of viewers) {
      expect(viewer.news()).toEqual(["a2", "meta", "A0", "V0", "K", "K+1", "a3", "L", "a4"]);
    }
  });
});

test("Readers of a stream whose video stops get everything else in slices", () => {
  const stage = new LiveStage({ gop_cache_max_frames: 4 });
  const feed = stage.publish().headers().gop("k", 1);
  // The GOP is over its cap: who comes now waits for a key frame.
  for (let i = 0; i < 10; i++) feed.inter(`p${i}`).wait(40);
  const viewers = Array.from({ length: 3000 }, () => stage.view());
  for (const { sink } of viewers) sink.onSend = () => stage.clock.spend(0.01);
  let longest = 0;
  // Video counts as away after a while of audio alone.
  for (let i = 0; i < 200; i++) {
    feed.audio(`a${i}`);
    const began = stage.clock.now();
    stage.clock.turn();
    longest = Math.max(longest, stage.clock.now() - began);
    feed.wait(100);
  }
  stage.clock.advance(1000);
  for (const { log } of viewers) expect(log.at(-1)).toBe("a199");
  expect(longest).toBeLessThanOrEqual(18);
});
