import { describe, expect, test } from "bun:test";
import { logSources } from "../../../src/app/source-log.ts";
import type { SourceInfo } from "../../../src/live/source/source.ts";
import { PacketKind } from "../../../src/media/packet.ts";
import { RelayLogLimit } from "../../../src/relay/relay-log-limit.ts";
import { LiveStage, payloads } from "../../support/live.ts";
import { RecordingLog } from "../../support/recording-log.ts";

/** A stream with a source, and the log of what is corrected in it. */
function logged() {
  const stage = new LiveStage();
  const log = new RecordingLog();
  stage.observe(logSources(log, new RelayLogLimit(stage.clock)));
  const feed = stage.publish();
  const video = (timestamp: number, key = false) => {
    stage.clock.advance(40);
    const payload = key ? payloads.key("k") : payloads.inter("p");
    feed.source.push(PacketKind.Video, timestamp >>> 0, payload);
  };
  return { log, video, feed };
}

describe("the log of timestamp corrections", () => {
  test("has a line for a clock that jumps, and a warning when it jumps again and again", () => {
    const { log, video } = logged();
    video(0, true);
    for (let at = 1; at < 30; at++) video(at * 10_000);
    expect(log.lines).toEqual([
      "info clock jumped, bridged stream=/live/show source=test [p] track=video by_ms=9960 times=1 see=time_jitter",
      "warn clock jumped, bridged stream=/live/show source=test [p] track=video by_ms=9960 times=10 see=time_jitter",
    ]);
  });

  test("has one line for a small step back, and one for video in presentation order", () => {
    const { log, video } = logged();
    for (const [at, stamp] of [0, 160, 40, 80, 120, 320, 200, 240, 280].entries()) video(stamp, at === 0);
    expect(log.lines).toEqual([
      expect.stringContaining("info timestamps ran back, held at the newest stream=/live/show"),
      expect.stringContaining("info video is stamped in presentation order, passed as sent stream=/live/show"),
    ]);
  });

  test("has no line for headers stamped 0, but one for others far from the media", () => {
    const { log, video, feed } = logged();
    video(100_000, true);
    feed.source.push(PacketKind.Video, 0, payloads.videoHeader("V1"));
    expect(log.lines).toEqual([]);
    feed.source.push(PacketKind.Data, 5000, payloads.text("t"));
    expect(log.lines).toEqual([expect.stringContaining("moved there stream=/live/show")]);
  });
});

describe("video without a sequence header", () => {
  const log = new RecordingLog();
  const stage = new LiveStage();
  stage.observe(logSources(log, new RelayLogLimit(stage.clock)));

  test("is logged once, with its second key frame", () => {
    const feed = stage.publish("show").gop("k1", 2);
    expect(log.lines).toEqual([]);
    feed.gop("k2", 2).gop("k3", 2);
    expect(log.lines.splice(0)).toEqual([
      "warn video has key frames but no sequence header: most players show nothing stream=/live/show source=test [p] codec=H.264",
    ]);
  });

  test("is not logged if the codec needs none, or one comes late", () => {
    const feed = stage.publish("other");
    for (let at = 0; at < 3; at++) feed.send(PacketKind.Video, Uint8Array.of(0x14, at));
    stage.publish("late").key("k1").wait(40).videoHeader("V").gop("k2", 2).gop("k3", 2);
    expect(log.lines).toEqual([]);
  });
});

describe("a switch of sources", () => {
  const log = new RecordingLog();
  const stage = new LiveStage();
  stage.observe(logSources(log, new RelayLogLimit(stage.clock)));
  const switchAll = (remotes: readonly [string, string], via: SourceInfo["via"]) => {
    for (let at = 1; at <= 25; at++) {
      const stream = stage.stream(`${via}${at}`);
      for (const [nth, remote] of remotes.entries()) {
        const info = { id: `${nth}`, remote, param: "", hops: [], via };
        stream.publish(info, { onConflict: "replace" });
      }
    }
    stage.clock.advance(10_000);
    return log.lines.splice(0).filter((line) => !line.startsWith("debug"));
  };

  test("of many streams from one origin to another is logged ten times, and once with the number of the others", () => {
    const lines = switchAll(["a:1935", "b:1935"], "pull");
    expect(lines).toHaveLength(11);
    expect(lines[0]).toStartWith(
      "info source switched stream=/live/pull1 why=replaced from=a:1935 [0] to=b:1935 [1] standbys=0",
    );
    expect(lines.at(-1)).toBe("info source switched for more streams why=replaced from=a:1935 to=b:1935 streams=15");
  });

  test("between encoders is logged for each stream", () => {
    expect(switchAll(["10.0.0.1:4000", "10.0.0.2:4000"], "client")).toHaveLength(25);
  });
});
