import { describe, expect, test } from "bun:test";
import { PacketKind } from "../../../../src/media/packet.ts";
import { payloads } from "../../../support/live.ts";
import { BOTH, TranscodeStage } from "../../../support/transcode-stage.ts";

/** Longer than a track waits for the other. */
const WAIT_MS = 4000;

describe("a stream", () => {
  test.each([
    ["ahead of", 60_000],
    ["behind", -60_000],
  ])("whose audio is a minute %s its video is transcoded by one FFmpeg, at its own times", (_, byMs) => {
    const stage = new TranscodeStage(BOTH);
    const viewer = stage.watch();
    const feed = stage.publish().videoHeader("V0");
    feed.time = 60_000;
    for (let at = 0; at < 2000; at++) {
      if (at % 25 === 0) feed.key("k").audioHeader("A0");
      else feed.inter("i");
      feed.send(PacketKind.Audio, payloads.audio(`a${at}`), feed.time + byMs).wait(40);
    }
    stage.clock.advance(WAIT_MS);
    expect(stage.ffmpegs.all.length).toBe(1);
    const times = (kind: PacketKind) => viewer.got.filter((got) => got.kind === kind).map(({ time }) => time);
    expect(times(PacketKind.Video).at(-1)).toBe(60_000 + 1999 * 40);
    expect(times(PacketKind.Audio).at(-1)).toBe(60_000 + 1999 * 40 + byMs);
  });

  test("that begins with audio a minute ahead of its video has video in its result, from the next FFmpeg on", () => {
    const stage = new TranscodeStage(BOTH);
    const viewer = stage.watch();
    const feed = stage.publish().headers();
    stage.clock.advance(200);
    feed.send(PacketKind.Audio, payloads.audio("a0"), 60_000);
    stage.clock.advance(200);
    for (let at = 0; at < 20; at++) feed.gop("k", 24).send(PacketKind.Audio, payloads.audio("a"), feed.time + 60_000);
    stage.clock.advance(WAIT_MS);
    expect(stage.ffmpegs.all.length).toBe(2);
    expect(viewer.got.findLast(({ kind }) => kind === PacketKind.Video)?.time).toBe(20 * 1000 - 40);
  });
});
