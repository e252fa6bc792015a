import { expect } from "bun:test";
import { PacketKind } from "../../src/media/packet.ts";
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

test.concurrent("video beside sound that is encoded keeps its bytes and times", async () => {
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

test.concurrent("viewers see nothing of an FFmpeg that is killed but a pause, and none outlives the server", async () => {
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
  const running = ffmpegsOf(server.program.pid);
  expect(running.length).toBe(1);
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
