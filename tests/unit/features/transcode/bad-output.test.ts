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
