import { describe, expect, test } from "bun:test";
import { LiveStage } from "../../../support/live.ts";

function begun(config = {}) {
  const stage = new LiveStage(config);
  const feed = stage.publish().metadata().headers().gop("k", 2);
  const viewer = stage.view();
  viewer.news();
  return { stage, feed, viewer };
}

/** Audio until video counts as away. */
function videoStops(feed: ReturnType<typeof begun>["feed"]): void {
  for (let i = 0; i < 120; i++) feed.audio(`away${i}`).wait(100);
}

describe("pause", () => {
  test("gives nothing until it ends, then the packets from where it began while their GOP is kept", () => {
    const { feed, viewer } = begun();
    viewer.pause();
    feed.inter("p1").wait(40).inter("p2").wait(40);
    expect(viewer.news()).toEqual([]);
    viewer.unpause();
    feed.inter("p3").wait(40);
    expect(viewer.news()).toEqual(["p1", "p2", "p3"]);
    expect(viewer.lost).toBe(0);
  });

  test("that outlasts its GOP ends with the newest one", () => {
    const { feed, viewer } = begun();
    viewer.pause();
    feed.gop("g1", 2).headers("V2", "A2").gop("g2", 2);
    viewer.unpause();
    expect(viewer.news()).toEqual(["meta", "A2", "V2", "g2", "g2+1", "g2+2"]);
    expect(viewer.lost).toBe(0);
  });

  test("ends at the next key frame when its GOP is not kept", () => {
    const { feed, viewer } = begun({ gop_cache: false });
    viewer.pause();
    feed.inter("p1").wait(40);
    viewer.unpause();
    feed.inter("p2").wait(40).gop("g", 1);
    expect(viewer.news()).toEqual(["meta", "A0", "V0", "g", "g+1"]);
  });

  test("twice counts once, and so does its end", () => {
    const { feed, viewer } = begun();
    viewer.pause();
    viewer.pause();
    viewer.unpause();
    viewer.unpause();
    feed.inter("p1").wait(40);
    expect(viewer.news()).toEqual(["p1"]);
  });

  test("while the sink is full ends when both are over", () => {
    const { feed, viewer } = begun();
    viewer.sink.stall();
    feed.inter("p1").wait(40).inter("p2").wait(40);
    viewer.pause();
    viewer.sink.drain();
    expect(viewer.news()).toEqual(["p1"]);
    viewer.sink.stall();
    viewer.unpause();
    feed.inter("p3").wait(40);
    viewer.sink.drain();
    expect(viewer.news()).toEqual(["p2", "p3"]);
  });

  test("of a reader that waits for video ends with the very next packet when that is a key frame", () => {
    const { feed, viewer } = begun();
    viewer.receive({ video: false });
    viewer.receive({ video: true });
    viewer.pause();
    viewer.unpause();
    feed.gop("K", 1);
    expect(viewer.news()).toEqual(["meta", "A0", "V0", "K", "K+1"]);
  });

  test("holds nothing in memory and counts nothing as lost", () => {
    const { stage, feed, viewer } = begun({ gop_cache: false });
    viewer.pause();
    for (let i = 0; i < 100; i++) feed.gop(`g${i}`, 5, 1000);
    expect(stage.stream().log.bytes).toBe(0);
    viewer.leave();
    expect(viewer.lost).toBe(0);
  });

  test("of a reader that has just lost its position does not let it continue there", () => {
    const { stage, feed } = begun({ gop_cache_max_frames: 10, queue_length: 1 });
    const slow = stage.view();
    slow.sink.stall();
    for (let i = 1; i <= 50; i++) feed.inter(`p${i}`).wait(40);
    slow.pause();
    expect(slow.lost).toBe(49);
    for (let i = 1; i <= 50; i++) feed.inter(`q${i}`).wait(40);
    slow.unpause();
    slow.sink.drain();
    slow.news();
    feed.gop("K", 1);
    expect(slow.news()).toEqual(["meta", "A0", "V0", "K", "K+1"]);
    expect(slow.lost).toBe(49);
  });

  test("counts no loss before the position where a reader continues after its loss", () => {
    const { stage, feed } = begun({ gop_cache_max_frames: 10, queue_length: 1, mw_latency: 100 });
    const slow = stage.view();
    slow.sink.stall();
    for (let i = 1; i <= 50; i++) feed.inter(`p${i}`).wait(40);
    slow.sink.drain();
    slow.news();
    // It would go on at this key frame, but pauses before that is flushed.
    feed.wait(100).inter("p51").wait(1).key("K").inter("K+1");
    slow.pause();
    const { lost } = slow;
    slow.unpause();
    feed.wait(200).gop("L", 1).wait(200);
    expect(slow.news()).toEqual(["meta", "A0", "V0", "L", "L+1"]);
    expect(slow.lost).toBe(lost);
  });

  test("before the first packets ends with the first key frame", () => {
    const stage = new LiveStage();
    const viewer = stage.view();
    viewer.pause();
    const feed = stage.publish().metadata().headers();
    expect(viewer.news()).toEqual(["published"]);
    viewer.unpause();
    feed.gop("k", 1);
    expect(viewer.news()).toEqual(["meta", "A0", "V0", "k", "k+1"]);
  });
});

describe("receiveAudio", () => {
  test("off leaves out audio, without a gap in the video", () => {
    const { feed, viewer } = begun();
    feed.inter("p1").audio("a1");
    viewer.receive({ audio: false });
    feed.inter("p2").audio("a2").wait(40).inter("p3").audio("a3").wait(40);
    expect(viewer.news()).toEqual(["p1", "p2", "p3"]);
  });

  test("on again brings its sequence header first", () => {
    const { stage, feed } = begun();
    const viewer = stage.view({ audio: false });
    feed.inter("p1").audio("a1").wait(40);
    viewer.news();
    viewer.receive({ audio: true });
    feed.inter("p2").audio("a2").wait(40);
    expect(viewer.news()).toEqual(["A0", "p2", "a2"]);
  });

  test("on again after a long time of nothing but audio brings audio again", () => {
    const stage = new LiveStage();
    const feed = stage.publish().audioHeader("A0").audio("a0").wait(40);
    const viewer = stage.view({ audio: false });
    for (let i = 1; i < 100; i++) feed.audio(`a${i}`).wait(40);
    viewer.receive({ audio: true });
    feed.audio("a100").wait(40);
    expect(viewer.news()).toEqual(["A0", "a100"]);
  });
});

describe("receiveVideo", () => {
  test("off leaves out video, without a gap in the audio", () => {
    const { feed, viewer } = begun();
    feed.inter("p1").audio("a1");
    viewer.receive({ video: false });
    feed.inter("p2").audio("a2").wait(40).gop("g", 1).audio("a3").wait(40);
    expect(viewer.news()).toEqual(["a1", "a2", "a3"]);
  });

  test("on again brings video at the next key frame, with its headers, and no gap in the audio", () => {
    const { feed, viewer } = begun();
    viewer.receive({ video: false });
    feed.inter("p1").audio("a1").wait(40);
    viewer.receive({ video: true });
    feed.inter("p2").audio("a2").wait(40);
    feed.audio("a3").key("K").inter("K+1").audio("a4").wait(40);
    expect(viewer.news()).toEqual(["a1", "a2", "a3", "meta", "A0", "V0", "K", "K+1", "a4"]);
    expect(viewer.lost).toBe(0);
  });

  test("on again does not make others' packets come earlier", () => {
    const { stage, feed, viewer } = begun({ mw_latency: 300 });
    const other = stage.view();
    stage.clock.advance(1000);
    feed.inter("p0").wait(10);
    other.news();
    viewer.news();
    viewer.receive({ video: false });
    viewer.receive({ video: true });
    feed.audio("a1").wait(40).key("K").wait(40).audio("a2").wait(40);
    expect(other.news()).toEqual([]);
    stage.clock.advance(300);
    expect(other.news()).toEqual(["a1", "K", "a2"]);
    expect(viewer.news()).toEqual(["a1", "meta", "A0", "V0", "K", "a2"]);
  });

  test("on and off again before a key frame came leaves it off", () => {
    const { feed, viewer } = begun();
    viewer.receive({ video: false });
    viewer.receive({ video: true });
    viewer.receive({ video: false });
    feed.audio("a1").gop("K", 1).audio("a2").wait(40);
    expect(viewer.news()).toEqual(["a1", "a2"]);
  });

  test("on during a pause brings video with the newest GOP", () => {
    const { feed, viewer } = begun();
    viewer.receive({ video: false });
    viewer.pause();
    viewer.receive({ video: true });
    feed.inter("p1").wait(40);
    viewer.unpause();
    feed.inter("p2").wait(40).gop("K", 1);
    expect(viewer.news()).toEqual(["meta", "A0", "V0", "K", "K+1"]);
  });

  test("on for a reader that lags keeps its audio, and brings video when it has caught up", () => {
    const { feed, viewer } = begun();
    viewer.receive({ video: false });
    viewer.sink.stall();
    feed.audio("a1").wait(40).audio("a2").wait(40);
    viewer.receive({ video: true });
    feed.gop("g", 1).audio("a3").wait(40);
    viewer.sink.drain();
    feed.gop("K", 1);
    expect(viewer.news()).toEqual(["a1", "a2", "a3", "meta", "A0", "V0", "K", "K+1"]);
  });
});

describe("a stream whose video is away", () => {
  test("can be joined at once, with its audio", () => {
    const { stage, feed } = begun();
    videoStops(feed);
    const late = stage.view();
    feed.audio("a1").wait(20);
    late.news();
    feed.audio("a2").wait(20);
    expect(late.got.slice(0, 2).map(({ name }) => name)).toEqual(["meta", "A0"]);
    expect(late.news()).toEqual(["a2"]);
  });

  test("gives readers that joined meanwhile no video before a key frame, and the others all of it", () => {
    const { stage, feed, viewer } = begun();
    videoStops(feed);
    const late = stage.view();
    feed.audio("a1").wait(20);
    viewer.news();
    late.news();
    feed.inter("p1").audio("a2").wait(40).inter("p2").audio("a3").wait(40);
    expect(viewer.news()).toEqual(["p1", "a2", "p2", "a3"]);
    expect(late.news()).toEqual(["a2", "a3"]);
    feed.audio("a4").gop("K", 1);
    expect(late.news()).toEqual(["a4", "meta", "A0", "V0", "K", "K+1"]);
    feed.inter("p3").wait(40);
    expect(viewer.sink.sent.at(-1)).toBe(late.sink.sent.at(-1) as Uint8Array);
  });

  test("gives its audio to readers that lost their position in it", () => {
    const { stage, feed } = begun({ queue_length: 1 });
    const slow = stage.view();
    slow.sink.stall();
    videoStops(feed);
    slow.sink.drain();
    slow.news();
    feed.audio("a1").wait(20).audio("a2").wait(20);
    expect(slow.news().at(-1)).toBe("a2");
  });
});

describe("an audio-only stream", () => {
  test("can be joined at its live edge", () => {
    const stage = new LiveStage();
    const feed = stage.publish().metadata().audioHeader("A0");
    for (let i = 0; i < 10; i++) feed.audio(`a${i}`).wait(20);
    const viewer = stage.view();
    feed.audio("a10").wait(20);
    expect(viewer.log).toEqual(["meta", "A0", "a10"]);
    expect(stage.stream().log.bytes).toBe(0);
  });

  test("gives waiting readers everything from its first packet on", () => {
    const stage = new LiveStage();
    const viewer = stage.view();
    stage.publish().metadata().audioHeader("A0").audio("a0").audio("a1").wait(20);
    expect(viewer.log).toEqual(["published", "meta", "A0", "a0", "a1"]);
  });

  test("gives its video from the first key frame on when it gets one", () => {
    const stage = new LiveStage();
    const feed = stage.publish().audioHeader("A0").audio("a0").wait(20);
    const viewer = stage.view();
    feed.audio("a1").inter("nobody can decode this").wait(20).videoHeader("V0").gop("K", 1);
    expect(viewer.log).toEqual(["A0", "a1", "V0", "K", "K+1"]);
  });

  test("after a stream with video does not begin with that stream's last frames", () => {
    const { stage, feed } = begun({ mw_latency: 350 });
    feed.inter("p1").wait(1);
    feed.inter("p2").end("lost");
    const other = stage.publish().audioHeader("B0").audio("b1");
    const late = stage.view();
    other.audio("b2").wait(1000);
    expect(late.log).toEqual(["B0", "b1", "b2"]);
  });
});
