import { describe, expect, test } from "bun:test";
import { PacketKind } from "../../../../src/media/packet.ts";
import { BOTH, TranscodeStage } from "../../../support/transcode-stage.ts";

/** A stream with headers, on its way. */
function publish(stage: TranscodeStage, name = "show") {
  return stage.publish(name).headers().key("k1").audio("a1").wait(40).inter("k1+1").wait(40);
}

describe("a codec that FFmpeg can't get", () => {
  test("is logged each time that it comes, but once a minute", () => {
    const stage = new TranscodeStage(BOTH);
    const feed = publish(stage);
    const vp8 = Uint8Array.of(0x91, ...new TextEncoder().encode("vp08"), 0, 0, 0);
    const logged = () => stage.log.take(/stream is not transcoded .*why=VP8 cannot be given to FFmpeg/).length;
    for (const count of [1, 0, 0]) {
      feed.send(PacketKind.Video, vp8).wait(1000);
      expect(logged()).toBe(count);
      feed.videoHeader("V1").gop("k2", 2).wait(1000);
    }
    feed.wait(60_000).send(PacketKind.Video, vp8).wait(1000);
    expect(logged()).toBe(1);
  });
});

describe("max_processes", () => {
  test("counts no stream that ended while it waited for a process", () => {
    const stage = new TranscodeStage(BOTH, "[transcode]\nmax_processes = 1");
    const first = publish(stage);
    publish(stage, "second").end();
    first.end();
    stage.clock.advance(10_000);
    expect([stage.ffmpegs.running, stage.transcode.idle]).toEqual([0, true]);
    publish(stage, "third").gop("k2", 2).wait(4000);
    expect(stage.ffmpegs.running).toBe(1);
    expect(stage.streams.find({ vhost: "__defaultVhost__", app: "live", stream: "second" })).toBeUndefined();
  });

  test("has room for a publisher that is back while the FFmpeg of before still finishes", () => {
    const stage = new TranscodeStage(BOTH, "[transcode]\nmax_processes = 1");
    stage.ffmpegs.onStart = (ffmpeg) => {
      ffmpeg.dumb = true;
    };
    publish(stage).end();
    publish(stage).gop("k2", 2).wait(1000);
    expect(stage.ffmpegs.all.map(({ over }) => over)).toEqual([true, false]);
  });
});
