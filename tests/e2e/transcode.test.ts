import { expect } from "bun:test";
import { PacketKind } from "../../src/media/packet.ts";
import { CLICKS, clicksIn } from "../support/e2e/clicks.ts";
import { Client } from "../support/e2e/client.ts";
import { clip } from "../support/e2e/clips.ts";
import { fileFrames, framesOf, playedTo, playFrames, publishClip } from "../support/e2e/ffmpeg.ts";
import { startSrs } from "../support/e2e/srs.ts";
import { Stage } from "../support/e2e/stage.ts";
import { testWith } from "../support/e2e/tools.ts";
import { ENHANCED_INPUTS, encoded, ffmpegsOf, isRunning, publishEnhanced } from "../support/e2e/transcode.ts";
import { until } from "../support/e2e/wait.ts";

const test = testWith("tests/e2e/transcode.test.ts", "FFmpeg");

const ENGINE = `[vhost.__defaultVhost__.transcode.main]
acodec = "aac"
abitrate = 64
asample_rate = 44100
output = "[vhost]/[app]/[stream]_t"
`;
const VIDEO = `vcodec = "libx264"
vpreset = "ultrafast"
vbitrate = 300
`;

/**
 * The farthest that sound may be from where it was beside the picture: at a gap of less than half an AAC frame, what is before it may be
 * 12 ms late, and a decoder that begins in the middle lets the first frame fade in or repeats it backwards, 17 ms off at most.
 */
const MAX_OFFSET_MS = 20;

test.concurrent("video keeps its bytes and times while audio is encoded", async () => {
  await using stage = new Stage();
  const source = clip({ seconds: 8 });
  const server = await startSrs(stage, "server", { more: ENGINE });
  const player = playFrames(stage, server.url("live/show_t"));
  await server.program.line(/play started .*waiting=true/);
  const encoder = publishClip(stage, source, server.url("live/show"));
  expect(await encoder.ended()).toBe(0);
  expect(await player.ended()).toBe(0);
  const sent = fileFrames(source);
  const got = framesOf(player.lines);
  const hashes = (frames: readonly { track: string; dts: number; hash: string }[]) =>
    frames.filter(({ track }) => track === "video").map(({ dts, hash }) => `${dts} ${hash}`);
  expect(hashes(got).length).toBeGreaterThan(150);
  expect(hashes(sent)).toEqual(expect.arrayContaining(hashes(got)));
  expect(server.program.lines.filter((line) => /internal error|ffmpeg says/.test(line))).toEqual([]);
});

test.concurrent("viewers see only a pause when an FFmpeg is killed, and no FFmpeg outlives the server", async () => {
  await using stage = new Stage();
  const server = await startSrs(stage, "server", { more: ENGINE + VIDEO });
  publishClip(stage, clip({ seconds: 8 }), server.url("live/show"), { input: ["-stream_loop", "-1"] });
  await server.program.line(/transcode running/);
  const player = playFrames(stage, server.url("live/show_t"));
  await playedTo(player, 3000);
  const [killed = 0] = ffmpegsOf(server.program.pid);
  process.kill(killed, "SIGKILL");
  await server.program.line(/transcode lost/);
  await playedTo(player, 9000);
  const times = framesOf(player.lines)
    .filter(({ track }) => track === "video")
    .map(({ dts }) => dts);
  expect(times).toEqual(times.toSorted((a, b) => a - b));
  // At high load the next one may have been too slow, and been replaced as well.
  const running = await until("one FFmpeg runs", () => {
    const found = ffmpegsOf(server.program.pid);
    return found.length === 1 && found;
  });
  process.kill(server.program.pid, "SIGKILL");
  await until("no FFmpeg is left", () => !running.some(isRunning));
});

test.concurrent.each(Object.entries(ENHANCED_INPUTS))(
  "%s become H.264 and AAC with the same times",
  async (_, encoders) => {
    await using stage = new Stage();
    const path = await encoded(stage.path("clip.mp4"), 8, encoders);
    const server = await startSrs(stage, "server", { more: ENGINE + VIDEO });
    const player = playFrames(stage, server.url("live/show_t"));
    await server.program.line(/play started .*waiting=true/);
    const packets = await publishEnhanced(stage, { port: server.port }, path, async () => {
      await server.program.line(/transcode running/);
      await playedTo(player, 6000);
    });
    expect(await player.ended()).toBe(0);
    const got = framesOf(player.lines).filter(({ track }) => track === "video");
    const pictures = packets.filter(({ kind }) => kind === PacketKind.Video);
    // On a busy machine FFmpeg begins late, with the newest picture group.
    expect(got.length).toBeGreaterThan(50);
    const last = Math.max(...pictures.map(({ time }) => time));
    expect(Math.abs((got.at(-1)?.pts ?? 0) - last)).toBeLessThan(200);
    expect(server.program.lines.filter((line) => /internal error/.test(line))).toEqual([]);
  },
);

test.concurrent.each([
  ["AAC from AAC", "aac", 'acodec = "aac"\nabitrate = 96'],
  ["AAC from MP3, at another rate", "libmp3lame", 'acodec = "aac"\nabitrate = 96\nasample_rate = 48000'],
  ["MP3 from AAC", "aac", 'acodec = "libmp3lame"\nabitrate = 96'],
  ["AAC beside encoded video", "aac", 'acodec = "aac"\nvcodec = "libx264"\nvpreset = "ultrafast"'],
])("each sound of %s is within 20 ms of its place, also after FFmpeg was restarted", async (_, codec, keys) => {
  await using stage = new Stage();
  const source = stage.path("source.flv");
  const x264 = ["-c:v", "libx264", "-preset", "ultrafast", "-g", "25", "-bf", "0"];
  await encoded(source, 30, [...x264, "-c:a", codec, "-b:a", "128k"], CLICKS);
  const engine = `[vhost.__defaultVhost__.transcode.main]\n${keys}\noutput = "[vhost]/[app]/[stream]_t"\n`;
  const server = await startSrs(stage, "server", { more: engine });
  const result = stage.path("result.flv");
  const copy = ["-c", "copy", "-flvflags", "no_duration_filesize", result];
  const recorder = stage.start("recorder", [
    "ffmpeg",
    "-v",
    "error",
    "-copyts",
    "-i",
    server.url("live/show_t"),
    ...copy,
  ]);
  await server.program.line(/play started .*waiting=true/);
  const viewer = await Client.play(stage, server, "show_t");
  const newestSound = () => viewer.packets.findLast(({ type }) => type === 8)?.timestamp ?? 0;
  const cameTo = (ms: number) => until(`the sound comes to ${ms} ms`, () => newestSound() >= ms);
  const encoder = publishClip(stage, source, server.url("live/show"));
  await cameTo(2000);
  for (const pid of ffmpegsOf(server.program.pid)) process.kill(pid, "SIGKILL");
  await server.program.line(/transcode lost/);
  await cameTo(newestSound() + 2000);
  encoder.signal("SIGINT");
  await encoder.ended();
  expect(await recorder.ended()).toBe(0);
  const sent = clicksIn(source);
  const got = clicksIn(result);
  expect(sent.length).toBe(30);
  expect(got.length).toBeGreaterThan(2);
  const offsets = got.map((at) => Math.min(...sent.map((of) => Math.abs(at - of))));
  expect(Math.max(...offsets)).toBeLessThanOrEqual(MAX_OFFSET_MS);
});
