import { describe, expect, test } from "bun:test";
import { concat, fromHex } from "../../../support/bytes.ts";
import { flvHeader, flvTag } from "../../../support/flv.ts";
import { payloads } from "../../../support/live.ts";
import { BOTH, TranscodeStage } from "../../../support/transcode-stage.ts";

/** A stream whose FFmpeg works by itself. */
function running() {
  const stage = new TranscodeStage(BOTH);
  const viewer = stage.watch();
  const feed = stage.publish().headers().key("k1").audio("a1").wait(40).gop("k2", 2).audio("a2").wait(40);
  return { stage, viewer, feed };
}

describe("an FFmpeg that has worked and then writes", () => {
  test.each([
    ["noise", fromHex("deadbeef".repeat(40))],
    ["zeros", new Uint8Array(1000)],
    [
      "a frame with a wrong size behind it",
      concat([
        flvTag({ kind: 9, timestamp: 10_200, payload: payloads.key("bad") }).slice(0, -1),
        fromHex("00".repeat(99)),
      ]),
    ],
    ["a second file", concat([flvHeader, flvTag({ kind: 9, timestamp: 10_200, payload: payloads.key("bad") })])],
  ])("%s is killed, and viewers see none of it", (_, bytes) => {
    const { stage, viewer } = running();
    const [first] = stage.ffmpegs.all;
    first?.give(0, bytes);
    expect(first?.signals).toEqual(["KILL"]);
    expect(stage.log.take(/it writes garbage/).length).toBe(1);
    stage.clock.advance(5000);
    expect(viewer.log).not.toContain("bad");
    expect(stage.ffmpegs.running).toBe(1);
  });
});

describe("an FFmpeg that gives one frame a wild time", () => {
  const HOUR_MS = 3_600_000;
  const times = [10_200 + HOUR_MS, 0x7fffffff, 2 ** 30, 2 ** 30 + 10_100, 2 ** 30 + 20_000, 0xffffffff, 0x80000000, 0];

  test.each(times)("of %i continues in step with its source", (timestamp) => {
    const { stage, viewer, feed } = running();
    stage.ffmpegs.last.give(0, flvTag({ kind: 9, timestamp, payload: payloads.key("bad") }));
    viewer.news();
    feed.gop("k3", 20).audio("a3").wait(40).gop("k4", 20).audio("a4").wait(5000);
    expect(viewer.log).not.toContain("bad");
    const sent = stage.ffmpegs.last.read.filter((name) => name.startsWith("k")).length;
    expect(sent).toBe(viewer.got.filter(({ kind, name }) => kind === 9 && name.startsWith("k")).length);
    const [k4] = viewer.got.filter(({ name }) => name === "k4'");
    const [a4] = viewer.got.filter(({ name }) => name === "a4'");
    expect((a4?.time ?? 0) - (k4?.time ?? 0)).toBe(840);
    expect(stage.ffmpegs.all.length).toBe(1);
    expect(stage.transcode.report().since).toMatchObject({ transcode_frames_dropped: 1 });
    expect(stage.log.take(/a time that can't be right/).length).toBe(1);
  });

  test("in each frame counts as hanging, is logged once, and is restarted", () => {
    const { stage, feed } = running();
    const [first] = stage.ffmpegs.all;
    if (first !== undefined) first.dumb = true;
    for (let at = 0; at < 500; at++) {
      if (first?.over === false) first.give(0, flvTag({ kind: 9, timestamp: 2 ** 29, payload: payloads.key("bad") }));
      feed.key(`n${at}`).wait(40);
    }
    expect(first?.signals).toContain("KILL");
    const lines = stage.log.take();
    expect(lines.filter((line) => line.includes("a time that can't be right")).length).toBe(1);
    expect(lines.filter((line) => line.includes("it hangs")).length).toBe(1);
    expect(stage.ffmpegs.all.length).toBeGreaterThan(1);
  });
});

test("sound that an FFmpeg gives before it has got any is dropped", () => {
  const stage = new TranscodeStage(BOTH);
  const viewer = stage.watch();
  const feed = stage.publish().headers().gop("k1", 5);
  stage.view();
  stage.ffmpegs.last.give(
    1,
    concat([flvHeader, flvTag({ kind: 8, timestamp: 10_040, payload: payloads.audio("bad") })]),
  );
  feed.gop("k2", 5).wait(5000);
  expect(viewer.log).toContain("k2'");
  expect(viewer.log).not.toContain("bad");
  expect(stage.transcode.report().since).toMatchObject({ transcode_frames_dropped: 1 });
});
