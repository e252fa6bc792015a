import { expect } from "bun:test";
import { CLICKS, clicksIn } from "../support/e2e/clicks.ts";
import { playedTo, playFrames, publishClip } from "../support/e2e/ffmpeg.ts";
import { startSrs } from "../support/e2e/srs.ts";
import { Stage } from "../support/e2e/stage.ts";
import { testWith } from "../support/e2e/tools.ts";

const test = testWith("tests/e2e/transcode-sync.test.ts", "FFmpeg");

/** The farthest that sound may be from where it was beside the picture. */
const MAX_OFFSET_MS = 20;

test.concurrent.each([
  ["AAC from AAC", "aac", 'acodec = "aac"\nabitrate = 96'],
  ["AAC from MP3, at another rate", "libmp3lame", 'acodec = "aac"\nabitrate = 96\nasample_rate = 48000'],
  ["MP3 from AAC", "aac", 'acodec = "libmp3lame"\nabitrate = 96'],
  ["AAC beside encoded video", "aac", 'acodec = "aac"\nvcodec = "libx264"\nvpreset = "ultrafast"'],
])(
  "each sound of %s is within 20 ms of its place, and is again when another FFmpeg goes on",
  async (_, codec, keys) => {
    await using stage = new Stage();
    const source = stage.path("source.flv");
    const made = Bun.spawnSync([
      ...["ffmpeg", "-v", "error", "-f", "lavfi", "-i", "testsrc2=size=320x180:rate=25", "-f", "lavfi", "-i", CLICKS],
      ...["-t", "10", "-c:v", "libx264", "-preset", "ultrafast", "-g", "25", "-bf", "0", "-c:a", codec, "-b:a", "128k"],
      ...["-flvflags", "no_duration_filesize", source],
    ]);
    expect(made.stderr.toString()).toBe("");
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
    const encoder = publishClip(stage, source, server.url("live/show"));
    await server.program.line(/transcode running/);
    await playedTo(playFrames(stage, server.url("live/show_t")), 3000);
    const [pid = 0] = childrenOf(server.program.pid);
    process.kill(pid, "SIGKILL");
    await server.program.line(/transcode lost/);
    expect(await encoder.ended()).toBe(0);
    expect(await recorder.ended()).toBe(0);
    const sent = clicksIn(source);
    const got = clicksIn(result);
    expect(sent.length).toBe(10);
    expect(got.length).toBeGreaterThan(4);
    expect(got.at(-1)).toBeGreaterThan(6000);
    const offsets = got.map((at) => Math.min(...sent.map((of) => Math.abs(at - of))));
    expect(Math.max(...offsets)).toBeLessThanOrEqual(MAX_OFFSET_MS);
  },
);

function childrenOf(pid: number): number[] {
  const { stdout } = Bun.spawnSync(["pgrep", "-P", String(pid)]);
  return stdout.toString().split("\n").filter(Boolean).map(Number);
}
