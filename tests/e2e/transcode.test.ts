import { expect } from "bun:test";
import { readdirSync, readFileSync } from "node:fs";
import { PacketKind } from "../../src/media/packet.ts";
import { Client } from "../support/e2e/client.ts";
import { clip } from "../support/e2e/clips.ts";
import { fileFrames, framesOf, playedTo, playFrames, publishClip } from "../support/e2e/ffmpeg.ts";
import { startSrs } from "../support/e2e/srs.ts";
import { Stage } from "../support/e2e/stage.ts";
import { testWith } from "../support/e2e/tools.ts";
import { until } from "../support/e2e/wait.ts";
import { mp4Clip } from "../support/mp4-clip.ts";

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

/** The FFmpegs that a server runs. */
function ffmpegsOf(server: number): number[] {
  return readdirSync("/proc").flatMap((pid) => {
    try {
      const [, , , parent] = readFileSync(`/proc/${pid}/stat`, "utf8").split(" ");
      return Number(parent) === server ? [Number(pid)] : [];
    } catch {
      return []; // It has ended, or is no process.
    }
  });
}

function isRunning(pid: number): boolean {
  try {
    return !/^State:\s+[ZX]/m.test(readFileSync(`/proc/${pid}/status`, "utf8"));
  } catch {
    return false;
  }
}

test.concurrent("sound that is encoded keeps its offset to video, which keeps its bytes and times", async () => {
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
  const [first] = got.filter(({ track }) => track === "audio");
  const [sentFirst] = sent.filter(({ track }) => track === "audio");
  expect(Math.abs((first?.dts ?? 0) - (sentFirst?.dts ?? 0))).toBeLessThanOrEqual(25);
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

const TESTSRC = ["-f", "lavfi", "-i", "testsrc2=size=320x180:rate=25", "-f", "lavfi", "-i", "sine=sample_rate=44100"];

test.concurrent.each([
  [
    "HEVC and MP3",
    [
      "-c:v",
      "libx265",
      "-preset",
      "ultrafast",
      "-x265-params",
      "log-level=none:keyint=25:open-gop=0",
      "-c:a",
      "libmp3lame",
    ],
  ],
  [
    "HEVC and Opus",
    [
      "-c:v",
      "libx265",
      "-preset",
      "ultrafast",
      "-x265-params",
      "log-level=none:keyint=25:open-gop=0",
      "-c:a",
      "libopus",
    ],
  ],
])("%s become H.264 and AAC with the same times", async (_name, encoders) => {
  await using stage = new Stage();
  const path = stage.path("clip.mp4");
  const made = Bun.spawnSync([
    "ffmpeg",
    "-v",
    "error",
    ...TESTSRC,
    "-t",
    "8",
    "-pix_fmt",
    "yuv420p",
    ...encoders,
    path,
  ]);
  expect(made.stderr.toString()).toBe("");
  const { headers, packets } = mp4Clip(path, readFileSync(path));
  const server = await startSrs(stage, "server", { more: ENGINE + VIDEO });
  const player = playFrames(stage, server.url("live/show_t"));
  await server.program.line(/play started .*waiting=true/);
  const publisher = await Client.publish(stage, { port: server.port }, "show");
  // As an encoder sends them: what comes faster than FFmpeg takes it is skipped.
  const began = performance.now();
  for (const { kind, time, payload } of [...headers, ...packets]) {
    const early = began + time - performance.now();
    if (early > 0) await Bun.sleep(early);
    publisher.send(kind, time, payload);
  }
  await server.program.line(/transcode running/);
  await playedTo(player, 6000);
  await publisher.stopPublish("show", 1);
  expect(await player.ended()).toBe(0);
  const got = framesOf(player.lines).filter(({ track }) => track === "video");
  const pictures = packets.filter(({ kind }) => kind === PacketKind.Video);
  // On a busy machine FFmpeg begins late, with the newest picture group.
  expect(got.length).toBeGreaterThan(50);
  const last = Math.max(...pictures.map(({ time }) => time));
  expect(Math.abs((got.at(-1)?.pts ?? 0) - last)).toBeLessThan(200);
  expect(server.program.lines.filter((line) => /internal error/.test(line))).toEqual([]);
});
