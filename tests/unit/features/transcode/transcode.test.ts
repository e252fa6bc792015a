import { describe, expect, test } from "bun:test";
import { PacketKind } from "../../../../src/media/packet.ts";
import { concat, fromHex } from "../../../support/bytes.ts";
import { flvHeader, flvTag } from "../../../support/flv.ts";
import { payloads } from "../../../support/live.ts";
import { BOTH, SOUND, TranscodeStage } from "../../../support/transcode-stage.ts";

/** Longer than a track waits for the other. */
const WAIT_MS = 4000;

/** A stream with headers, on its way. */
function publish(stage: TranscodeStage, name = "show") {
  return stage.publish(name).headers().key("k1").audio("a1").wait(40).inter("k1+1").wait(40);
}

describe("an engine that encodes both tracks", () => {
  test("publishes FFmpeg's output as the stream that its configuration names", () => {
    const stage = new TranscodeStage(BOTH);
    const viewer = stage.watch();
    const feed = publish(stage);
    feed.gop("k2", 2).audio("a2").wait(40);
    stage.clock.advance(WAIT_MS);
    // Both headers come before the first picture: a reader that begins with it knows of both tracks.
    expect(viewer.log).toEqual(["published", "A'", "V'", "k1'", "a1'", "k1+1'", "k2'", "k2+1'", "k2+2'", "a2'"]);
    expect(viewer.got.filter(({ name }) => name === "k2'").map(({ time }) => time)).toEqual([80]);
    expect(stage.out().source?.info).toMatchObject({ via: "transcode", remote: "transcode of /live/show" });
  });

  test("reports the age of its packets: the age of its input, plus its own delay", () => {
    const stage = new TranscodeStage(BOTH);
    const feed = publish(stage);
    feed.gop("k2", 2).audio("a2").wait(40);
    const input = stage.stream();
    expect(stage.out().source?.ageMs).toBeLessThan(200);
    input.source?.receiveAge(1000);
    feed.gop("k3", 2).audio("a3").wait(40);
    stage.clock.advance(WAIT_MS);
    expect(stage.out().source?.ageMs).toBeGreaterThanOrEqual(1000);
    input.source?.receiveAge(undefined);
    feed.gop("k4", 2).audio("a4").wait(40);
    stage.clock.advance(WAIT_MS);
    expect(stage.out().source?.ageMs).toBeUndefined();
  });

  test("ends with its stream, after the last packet", () => {
    const stage = new TranscodeStage(BOTH);
    const viewer = stage.watch();
    const feed = publish(stage);
    feed.inter("last").end();
    stage.clock.advance(10);
    expect(viewer.log.slice(-2)).toEqual(["last'", "unpublished"]);
    expect(stage.ffmpegs.running).toBe(0);
    expect(stage.transcode.idle).toBe(true);
    expect(stage.streams.size).toBe(1);
  });

  test("has a result that is no input of another engine", () => {
    const stage = new TranscodeStage(`${BOTH}streams = "live/*"\noutput = "__defaultVhost__/[app]/[stream]_t"\n`);
    publish(stage).gop("k2", 5);
    expect(stage.ffmpegs.all.length).toBe(1);
    expect([...stage.streams.all()].map(({ key }) => key.slice(-7))).toEqual(["ve/show", "/show_t"]);
  });

  test("transcodes only the streams that it names", () => {
    const stage = new TranscodeStage(`${BOTH}streams = ["live/sh*"]\n`);
    publish(stage);
    publish(stage, "other");
    expect(stage.ffmpegs.all.length).toBe(1);
  });

  test("waits one second for a track that does not come, and starts again when it comes later", () => {
    const stage = new TranscodeStage(BOTH);
    const viewer = stage.watch();
    const feed = stage.publish().videoHeader("V0").key("k1").wait(900);
    expect(stage.ffmpegs.all.length).toBe(0);
    feed.wait(200).inter("i1").wait(40);
    expect(stage.ffmpegs.last.command).not.toContain("0:a:0");
    feed.wait(60_000).key("k2").audioHeader("A0").audio("a1").wait(200).gop("k3", 3).audio("a2").wait(5000);
    expect(stage.ffmpegs.all.length).toBe(2);
    expect(stage.ffmpegs.running).toBe(1);
    expect(viewer.log).toContain("a2'");
    expect(viewer.log.filter((name) => name === "k2'").length).toBeLessThan(2);
  });
});

describe("an engine that encodes only audio", () => {
  test("sends only audio through FFmpeg, and passes video with its bytes and times", () => {
    const stage = new TranscodeStage(SOUND);
    const viewer = stage.watch();
    const feed = publish(stage);
    feed.gop("k2", 2).audio("a2").wait(40);
    stage.clock.advance(WAIT_MS);
    const video = viewer.got.filter(({ kind }) => kind === 9).map(({ name, time }) => [name, time]);
    expect(video).toEqual([
      ["V0", 0],
      ["k1", 0],
      ["k1+1", 40],
      ["k2", 80],
      ["k2+1", 120],
      ["k2+2", 160],
    ]);
    expect(viewer.got.filter(({ kind }) => kind === 8).map(({ name }) => name)).toEqual(["A'", "a1'", "a2'"]);
    expect(stage.ffmpegs.last.read).toEqual(["A0", "a1", "a2"]);
  });

  test.each([16, 21, 23, 32, 64])("publishes all of its frames of", (frameMs) => {
    const stage = new TranscodeStage(SOUND);
    const viewer = stage.watch();
    const feed = publish(stage);
    const names = Array.from({ length: 20 }, (_, at) => `n${at}`);
    for (const name of names) feed.audio(name).wait(frameMs);
    stage.clock.advance(WAIT_MS);
    const got = viewer.got.filter(({ kind }) => kind === 8).map(({ name }) => name);
    expect(got).toEqual(["A'", "a1'", ...names.map((name) => `${name}'`)]);
  });

  test("lets video continue without audio while FFmpeg is gone", () => {
    const stage = new TranscodeStage(SOUND);
    const viewer = stage.watch();
    const feed = publish(stage);
    stage.ffmpegs.onStart = (ffmpeg) => {
      ffmpeg.dumb = true;
    };
    stage.ffmpegs.last.exit("it was ended by SIGKILL");
    viewer.news();
    for (let i = 0; i < 200; i++) feed.key(`n${i}`).wait(40);
    expect(viewer.log.length).toBeGreaterThan(150);
  });
});

describe("a ladder", () => {
  const ladder = `[high]
vcodec = "libx264"
vbitrate = 1000
acodec = "aac"
output = "out/[app]/[stream]_[engine]"
[low]
vcodec = "libx264"
vbitrate = 200
acodec = "aac"
output = "out/[app]/[stream]_[engine]"
`;

  test("has one FFmpeg, which encodes equal tracks once", () => {
    const stage = new TranscodeStage(ladder);
    const viewers = ["show_high", "show_low"].map((name) => stage.watch(name));
    publish(stage).gop("k2", 3);
    stage.clock.advance(WAIT_MS);
    expect(stage.ffmpegs.all.length).toBe(1);
    expect(stage.ffmpegs.last.command.filter((word) => word === "-map").length).toBe(3);
    for (const viewer of viewers) expect(viewer.log).toEqual(expect.arrayContaining(["k1'", "a1'", "k2'"]));
  });

  test("continues without an engine that a reload removes", () => {
    const stage = new TranscodeStage(ladder);
    const [high, low] = ["show_high", "show_low"].map((name) => stage.watch(name));
    const feed = publish(stage);
    stage.reconfigure(ladder.slice(0, ladder.indexOf("[low]")));
    feed.wait(1000).gop("k2", 3);
    stage.clock.advance(WAIT_MS);
    expect(stage.out("show_low").source).toBeUndefined();
    expect(stage.out("show_high").source).toBeDefined();
    expect(low?.log.at(-1)).toBe("unpublished");
    expect(high?.log).toContain("k2'");
  });
});

describe("an FFmpeg", () => {
  test("that ends is restarted, and the result continues after what viewers have got", () => {
    const stage = new TranscodeStage(BOTH);
    const viewer = stage.watch();
    const feed = publish(stage);
    stage.ffmpegs.last.exit("it was ended by SIGKILL");
    feed.inter("k1+2").wait(400).inter("k1+3").wait(400).gop("k2", 3).audio("a2").wait(40);
    expect(stage.ffmpegs.all.length).toBe(2);
    const times = viewer.got.filter(({ kind, name }) => kind === 9 && name !== "V'").map(({ time }) => time);
    expect(times).toEqual(times.toSorted((a, b) => a - b));
    expect(new Set(times).size).toBe(times.length);
    expect(viewer.log.filter((name) => name === "k1'").length).toBe(1);
    expect(viewer.log).toEqual(expect.arrayContaining(["k1+3'", "k2'"]));
    expect(viewer.log.filter((name) => name === "published").length).toBe(1);
    expect(stage.log.take(/transcode lost/).length).toBe(1);
  });

  test("that hangs is killed", () => {
    const stage = new TranscodeStage(BOTH);
    const feed = publish(stage);
    Object.assign(stage.ffmpegs.last, { full: true, dumb: true, deaf: true });
    const [first] = stage.ffmpegs.all;
    for (let i = 0; i < 300; i++) feed.key(`n${i}`).wait(40);
    expect(first?.signals).toContain("KILL");
    expect(stage.ffmpegs.all.length).toBeGreaterThan(1);
    expect(stage.log.take(/it hangs/).length).toBe(1);
  });

  test("that writes garbage is killed", () => {
    const stage = new TranscodeStage(BOTH);
    stage.ffmpegs.onStart = (ffmpeg) => {
      ffmpeg.dumb = true;
    };
    publish(stage);
    const [first] = stage.ffmpegs.all;
    first?.give(0, new Uint8Array(100).fill(0x78));
    expect(first?.signals).toEqual(["KILL"]);
    expect(stage.log.take(/it writes garbage/).length).toBe(1);
    stage.clock.advance(1000);
    expect(stage.ffmpegs.all.length).toBe(2);
  });

  test("that takes its input slowly skips to a newer key frame, and is logged once", () => {
    const stage = new TranscodeStage(BOTH);
    const feed = publish(stage);
    const { last } = stage.ffmpegs;
    last.full = true;
    feed.inter("i").wait(10);
    for (let i = 0; i < 200; i++) feed.key(`n${i}`).wait(40);
    last.full = false;
    last.events.drained();
    feed.key("new").wait(40);
    expect(last.read).toContain("new");
    expect(last.read).not.toContain("n50");
    expect(stage.log.take(/too slow/).length).toBe(1);
  });

  test("that gives headers and no frame does not count as running, and is retried less and less often", () => {
    const stage = new TranscodeStage(BOTH);
    stage.ffmpegs.onStart = (ffmpeg) => {
      ffmpeg.dumb = true;
    };
    const feed = publish(stage);
    for (let i = 0; i < 6000; i++) {
      const { last } = stage.ffmpegs;
      const tag = flvTag({ kind: PacketKind.Video, timestamp: 0, payload: payloads.videoHeader("V'") });
      if (!last.over) last.give(0, concat([flvHeader, tag]));
      last.exit("it ended with code 1");
      feed.key(`n${i}`).wait(40);
    }
    expect(stage.log.take(/transcode running/)).toEqual([]);
    expect(stage.ffmpegs.all.length).toBeLessThan(20);
  });

  test("that floods its error output costs ten lines a minute", () => {
    const stage = new TranscodeStage(BOTH);
    publish(stage);
    for (let i = 0; i < 10_000; i++) stage.ffmpegs.last.events.errorLine(`[flv @ 0x55aa] error ${i}`);
    expect(stage.log.take(/ffmpeg says/).length).toBe(10);
    stage.ffmpegs.last.exit("it ended with code 1");
    expect(stage.log.take(/lines_left_out=9990/).length).toBe(1);
  });

  test("waits when max_processes are running", () => {
    const stage = new TranscodeStage(BOTH, "[transcode]\nmax_processes = 1");
    const first = publish(stage);
    publish(stage, "second");
    expect(stage.ffmpegs.all.length).toBe(1);
    expect(stage.log.take(/transcode waits, max_processes FFmpegs run already/).length).toBe(1);
    first.end();
    stage.clock.advance(100);
    expect(stage.ffmpegs.all.length).toBe(2);
  });
});

describe("a stream", () => {
  test("whose publisher comes back within seconds keeps its FFmpeg", () => {
    const stage = new TranscodeStage(BOTH);
    const viewer = stage.watch();
    publish(stage).end("lost");
    stage.clock.advance(2000);
    publish(stage).gop("k2", 2);
    stage.clock.advance(WAIT_MS);
    expect(stage.ffmpegs.all.length).toBe(1);
    expect(viewer.log).toContain("k2'");
    expect(viewer.log).not.toContain("unpublished");
  });

  test("whose publisher stays away ends its FFmpeg", () => {
    const stage = new TranscodeStage(BOTH);
    publish(stage).end("lost");
    stage.clock.advance(6000);
    expect(stage.ffmpegs.running).toBe(0);
    expect(stage.transcode.idle).toBe(true);
  });

  test("that continues in another format gets another FFmpeg, which continues where the first was", () => {
    const stage = new TranscodeStage(BOTH);
    const viewer = stage.watch();
    const feed = publish(stage);
    feed.wait(6000).videoHeader("V1").gop("k2", 2).audio("a2").wait(300).gop("k3", 2).wait(WAIT_MS);
    expect(stage.ffmpegs.all.length).toBe(2);
    expect(stage.ffmpegs.running).toBe(1);
    expect(viewer.log).toContain("k3'");
  });

  test("that changes in the middle of a GOP gives the next FFmpeg only what has the new format", () => {
    const stage = new TranscodeStage(BOTH);
    const feed = publish(stage);
    feed
      .wait(6000)
      .gop("k2", 3)
      .audio("old")
      .wait(20)
      .audioHeader("A1")
      .audio("new")
      .wait(200)
      .inter("i")
      .audio("newer")
      .wait(5000)
      .gop("k4", 2)
      .wait(1000);
    const { last } = stage.ffmpegs;
    expect(stage.ffmpegs.all.length).toBe(2);
    expect(last.read.slice(0, 2).toSorted()).toEqual(["A1", "V0"]);
    expect(last.read).toEqual(expect.arrayContaining(["k2", "new", "newer"]));
    expect(last.read).not.toContain("old");
    expect(last.read).not.toContain("A0");
  });

  test("whose codec changes gives the next FFmpeg no packet of the old codec, even with the same time", () => {
    const stage = new TranscodeStage(SOUND);
    const feed = publish(stage);
    const mp3 = (name: string) => feed.send(8, concat([fromHex("2f"), new TextEncoder().encode(`!${name}`)]));
    feed.wait(6000).gop("k2", 3).audio("old");
    mp3("new");
    for (let at = 0; at < 20; at++) mp3(`n${at}`).gop("k", 3);
    expect(stage.ffmpegs.all.length).toBe(2);
    expect(stage.ffmpegs.last.read).not.toContain("old");
    expect(stage.ffmpegs.last.read).toContain("n19");
  });

  test("whose audio begins in the middle of a GOP has its header before all packets", () => {
    const stage = new TranscodeStage(BOTH);
    const feed = stage.publish().videoHeader("V0").gop("k1", 200);
    feed.audioHeader("A0").audio("a1").wait(40).inter("k1+201").audio("a2").wait(1000);
    expect(stage.ffmpegs.last.command).toContain("0:a:0");
    expect(stage.ffmpegs.last.read.slice(0, 3)).toEqual(["V0", "A0", "k1"]);
  });

  test.each([
    ["encoded", BOTH],
    ["copied", '[main]\nacodec = "none"\n'],
  ])("whose time steps back (time_jitter is off) is %s in step with it", (_, engine) => {
    const stage = new TranscodeStage(engine, "", { time_jitter: "off" });
    const viewer = stage.watch();
    const feed = stage.publish();
    feed.time = 3_600_000;
    feed.headers().gop("k1", 50).gop("k2", 50);
    feed.time = 1000;
    for (let at = 0; at < 20; at++) feed.headers("V1").gop(`n${at}`, 24);
    feed.wait(WAIT_MS);
    const last = viewer.got.filter(({ kind }) => kind === 9).at(-1);
    expect(last?.time).toBe(1000 + 20 * 1000 - 40);
    expect(stage.ffmpegs.running).toBeLessThan(2);
  });

  test("whose target has another publisher is logged once, and published when the target is free", () => {
    const stage = new TranscodeStage(BOTH);
    const info = { id: "x", remote: "other", param: "", hops: [], via: "client" as const };
    const other = stage.out().publish(info);
    const feed = publish(stage);
    feed.gop("k2", 200);
    expect(stage.log.take(/not published/).length).toBe(1);
    other?.end("unpublished");
    feed.gop("k3", 200);
    expect(stage.out().source?.info.via).toBe("transcode");
  });
});

test("max_cpu limits every FFmpeg, follows a reload, and says why when it can't", () => {
  const stage = new TranscodeStage(BOTH, "[transcode]\nmax_cpu = 150");
  publish(stage);
  stage.reconfigure(BOTH, "[transcode]\nmax_cpu = 150");
  expect(stage.cpuLimit.calls).toEqual(["limit 150", "add 1"]);
  expect(stage.log.take(/max_cpu/)).toEqual(["info max_cpu of transcode is in effect percent=150"]);
  stage.cpuLimit.problem = "no group";
  stage.reconfigure(BOTH, "[transcode]\nmax_cpu = 50");
  stage.reconfigure(BOTH, "[transcode]\nmax_cpu = 50");
  expect(stage.log.take(/max_cpu/)).toEqual(["warn max_cpu of transcode is not in effect why=no group"]);
});

test("tracks that only_if_video and only_if_audio exclude pass without FFmpeg", () => {
  const stage = new TranscodeStage(`${BOTH}only_if_video = ["hevc"]\nonly_if_audio = ["mp3"]\n`);
  const viewer = stage.watch();
  publish(stage).gop("k2", 2);
  stage.clock.advance(WAIT_MS);
  expect(stage.ffmpegs.all.length).toBe(0);
  expect(viewer.log).toEqual(expect.arrayContaining(["V0", "A0", "k1", "a1", "k2"]));
});
