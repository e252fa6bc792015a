import { describe, expect, test } from "bun:test";
import fc from "fast-check";
import { Health } from "../../../../src/features/health/health.ts";
import type { Thresholds } from "../../../../src/features/health/stream-health.ts";
import type { SourceInfo } from "../../../../src/live/source/source.ts";
import { PacketKind } from "../../../../src/media/packet.ts";
import { type Feed, LiveStage, payloads } from "../../../support/live.ts";
import { RecordingLog } from "../../../support/recording-log.ts";

const FRAME_MS = 40;

/** Streams whose health is looked at, and what the log says. */
class HealthStage extends LiveStage {
  readonly log = new RecordingLog();
  readonly thresholds: { -readonly [Key in keyof Thresholds]: Thresholds[Key] } = {
    ...{ max_gop: 10, max_bitrate: 0, max_silence: 3000, max_publish_kbps: 0 },
  };
  readonly health = new Health({ clock: this.clock, log: this.log, thresholds: () => this.thresholds });

  constructor() {
    super();
    this.observe(this.health);
  }

  /** The states that hold, in their order. */
  get states(): string[] {
    return (this.health.report().health ?? []).map(({ state }) => state);
  }

  /** What the log has since the last call, without what is the same in all lines. */
  news(): string[] {
    return this.log.lines.splice(0).map((line) => line.replace(/ ?stream=\/live\/show source=p /, " "));
  }
}

interface Programme {
  readonly gopMs?: number;
  readonly size?: number;
  /** What is added to the audio's timestamps. */
  readonly skewMs?: number;
  readonly video?: boolean;
  readonly audio?: boolean;
  /** Of the encoder's clock: ms in each ms. */
  readonly speed?: number;
}

/** Sends video and audio, 25 of each a second, for so many seconds. */
function run(feed: Feed, stage: LiveStage, seconds: number, programme: Programme = {}): void {
  const { gopMs = 2000, size = 100, skewMs = 0, video = true, audio = true, speed = 1 } = programme;
  for (let ms = 0; ms < seconds * 1000; ms += FRAME_MS) {
    if (video) feed.send(PacketKind.Video, ms % gopMs === 0 ? payloads.key("k", size) : payloads.inter("i", size));
    if (audio) feed.send(PacketKind.Audio, payloads.audio("a"), feed.time + skewMs);
    stage.clock.advance(FRAME_MS);
    feed.time += FRAME_MS * speed;
  }
}

function begin(): { stage: HealthStage; feed: Feed } {
  const stage = new HealthStage();
  const feed = stage.publish().headers();
  run(feed, stage, 12);
  expect(stage.news()).toEqual([]);
  return { stage, feed };
}

describe("A stream's health", () => {
  test("reports key frames that are far apart, until they are not", () => {
    const { stage, feed } = begin();
    run(feed, stage, 24, { gopMs: 12_000 });
    expect(stage.news()).toEqual([
      expect.stringMatching(/^warn stream is unhealthy state=gop detail=.*1\d\.\d s apart/),
    ]);
    expect(stage.states).toEqual(["gop"]);
    run(feed, stage, 20);
    expect(stage.news()).toEqual([expect.stringMatching(/^info stream has recovered state=gop seconds=\d+/)]);
    expect(stage.states).toEqual([]);
  });

  test("reports a source that has sent no key frame at all", () => {
    const stage = new HealthStage();
    const feed = stage.publish().headers();
    for (let at = 0; at < 300; at++) feed.inter("i").wait(40);
    expect(stage.states).toEqual(["gop"]);
    expect(stage.news()[0]).toContain("no key frame for");
  });

  test("reports audio that is apart from the video, until it is not", () => {
    const { stage, feed } = begin();
    run(feed, stage, 15, { skewMs: 1800 });
    expect(stage.states).toEqual(["av_skew"]);
    expect(stage.news()[0]).toContain("audio is ahead of video by 1800 ms");
    // Sound that goes back by less than a jump is held; sound that pauses is not.
    run(feed, stage, 2, { audio: false });
    run(feed, stage, 20);
    expect(stage.states).toEqual([]);
  });

  test("reports timestamps that jump before the first check, and no long GOP", () => {
    const stage = new HealthStage();
    const feed = stage.publish().headers();
    run(feed, stage, 0.4);
    feed.time += 3_600_000;
    run(feed, stage, 5);
    expect(stage.states).toEqual(["timestamps"]);
  });

  test("reports timestamps that jump or run back, until they do not", () => {
    const { stage, feed } = begin();
    feed.time += 3_600_000;
    run(feed, stage, 5);
    expect(stage.states).toEqual(["timestamps"]);
    run(feed, stage, 30);
    expect(stage.states).toEqual([]);
    expect(stage.news().map((line) => line.split(" detail")[0])).toEqual([
      "warn stream is unhealthy state=timestamps",
      expect.stringContaining("info stream has recovered state=timestamps"),
    ]);
    for (let at = 0; at < 100; at++) {
      feed.send(PacketKind.Audio, payloads.audio("a"), feed.time - (at % 2) * 100);
      stage.wait(40, feed);
      feed.inter("i");
    }
    expect(stage.states).toEqual(["timestamps"]);
  });

  test("reports video and AAC without their sequence headers, until these come", () => {
    const stage = new HealthStage();
    const feed = stage.publish().audioHeader("A0");
    run(feed, stage, 6);
    expect(stage.states).toEqual(["headers"]);
    expect(stage.news()[0]).toContain("H.264 without its sequence header");
    feed.videoHeader("V0");
    run(feed, stage, 12);
    expect(stage.states).toEqual([]);
    const other = stage.publish("other").videoHeader("V0");
    run(other, stage, 6);
    expect(stage.health.report().health).toMatchObject([
      { stream: "__defaultVhost__/live/show", state: "stall" },
      { state: "headers" },
    ]);
  });

  test("reports a bitrate over its limit, which is the publisher's limit if it has no other", () => {
    const { stage, feed } = begin();
    stage.thresholds.max_publish_kbps = 800;
    run(feed, stage, 15, { size: 5000 });
    expect(stage.states).toEqual(["bitrate"]);
    expect(stage.news()[0]).toMatch(/detail=\d+ kbit\/s, 800 is the limit/);
    stage.thresholds.max_bitrate = 2000;
    run(feed, stage, 10, { size: 5000 });
    expect(stage.states).toEqual([]);
  });

  test("does not miss a track that a relayed stream's next encoder lacks", () => {
    const { stage, feed } = begin();
    feed.source.changeEncoder(new Set(["v0"]));
    run(feed, stage, 12, { audio: false });
    expect(stage.states).toEqual([]);
    run(feed.audioHeader("A1"), stage, 6, { video: false });
    expect(stage.states).toEqual(["stall"]);
  });

  test("reports when all media stops, or the video or the audio alone, until it comes again", () => {
    const { stage, feed } = begin();
    stage.wait(6000, feed);
    expect(stage.states).toEqual(["stall"]);
    expect(stage.health.report().health?.[0]?.detail).toBe("no audio or video for 6 s");
    run(feed, stage, 8);
    expect(stage.states).toEqual([]);
    run(feed, stage, 6, { video: false });
    expect(stage.health.report().health?.[0]?.detail).toMatch(/^no video for [56] s$/);
    run(feed, stage, 15);
    run(feed, stage, 6, { audio: false });
    expect(stage.health.report().health?.[0]?.detail).toMatch(/^no audio for [56] s$/);
  });

  test("reports an encoder's clock that is fast or slow, until it is not", () => {
    const { stage, feed } = begin();
    run(feed, stage, 60, { speed: 1.03 });
    expect(stage.states).toEqual(["drift"]);
    expect(stage.news()[0]).toMatch(/the encoder's clock is \d\.\d % fast/);
    run(feed, stage, 300);
    expect(stage.states).toEqual([]);
  });

  test("ignores thresholds of 0", () => {
    const { stage, feed } = begin();
    Object.assign(stage.thresholds, { max_gop: 0, max_silence: 0 });
    run(feed, stage, 30, { gopMs: 30_000 });
    stage.wait(20_000, feed);
    expect(stage.states).toEqual([]);
  });

  test("stays the same with another source, whose own measures count from its beginning", () => {
    const { stage, feed } = begin();
    run(feed, stage, 15, { gopMs: 60_000 });
    expect(stage.states).toEqual(["gop"]);
    const other: SourceInfo = { id: "q", remote: "test", param: "", hops: [], via: "client" };
    const source = stage.stream().publish(other, { onConflict: "replace" });
    expect(source).toBeDefined();
    expect(stage.states).toEqual(["gop"]);
    expect(feed.source.role).toBe("ended");
  });

  test("is forgotten with the stream, and nothing is checked while nothing is published", () => {
    const { stage, feed } = begin();
    stage.wait(6000, feed);
    expect(stage.health.report().now).toEqual({ unhealthy_streams: 1 });
    feed.end();
    expect(stage.health.report()).toEqual({ health: [] });
    stage.clock.advance(60_000);
    expect(stage.clock.timers).toBe(0);
  });

  test("takes a few lines of the log when many streams stall at once, and when they recover", () => {
    const stage = new HealthStage();
    const feeds = Array.from({ length: 1000 }, (_, at) => stage.publish(`s${at}`).headers());
    const play = (seconds: number) => {
      for (let second = 0; second < seconds; second++) {
        for (const feed of feeds)
          feed.send(PacketKind.Video, payloads.key("k")).send(PacketKind.Audio, payloads.audio("a"));
        stage.wait(1000, ...feeds);
      }
    };
    const written = () => {
      const lines = stage.log.lines.splice(0);
      return [lines.slice(0, -1).map((line) => line.replace(/ stream=.*/, "")), lines.at(-1)];
    };
    play(3);
    stage.wait(20_000, ...feeds);
    const unhealthy = "warn more streams are unhealthy state=stall streams=990";
    expect(written()).toEqual([Array(10).fill("warn stream is unhealthy"), unhealthy]);
    play(20);
    const recovered = "info more streams have recovered state=stall streams=990";
    expect(written()).toEqual([Array(10).fill("info stream has recovered"), recovered]);
  });

  test("never changes under jitter below the thresholds", () => {
    const jitter = fc.array(fc.tuple(fc.integer({ min: 0, max: 150 }), fc.integer({ min: 0, max: 40 })), {
      minLength: 200,
      maxLength: 200,
    });
    fc.assert(
      fc.property(jitter, fc.integer({ min: 20, max: 200 }), (delays, gopFrames) => {
        const stage = new HealthStage();
        const feed = stage.publish().headers();
        let frame = 0;
        for (let round = 0; round < 8; round++)
          for (const [delay, size] of delays) {
            const time = frame * FRAME_MS;
            stage.clock.advance(Math.max(0, time + delay - stage.clock.now()));
            const payload = frame % gopFrames === 0 ? payloads.key("k", size) : payloads.inter("i", size);
            feed.send(PacketKind.Video, payload, time).send(PacketKind.Audio, payloads.audio("a"), time + size);
            frame++;
          }
        expect(stage.log.lines).toEqual([]);
      }),
      { numRuns: 15 },
    );
  });
});
