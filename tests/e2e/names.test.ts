import { expect } from "bun:test";
import { clip } from "../support/e2e/clips.ts";
import { compare } from "../support/e2e/continuity.ts";
import { fileFrames, framesOf, playFrames, publishClip } from "../support/e2e/ffmpeg.ts";
import { forwardTo, startSrs } from "../support/e2e/srs.ts";
import { Stage } from "../support/e2e/stage.ts";
import { testWith } from "../support/e2e/tools.ts";
import { until } from "../support/e2e/wait.ts";

const test = testWith("tests/e2e/names.test.ts", "FFmpeg", "rtmpdump");

/** What FFmpeg is told to say instead of its own cut of the URL, as a camera or OBS would. */
function said(tcUrl: string, app: string, name: string): string[] {
  return ["-rtmp_tcurl", tcUrl, "-rtmp_app", app, "-rtmp_playpath", name];
}

test.concurrent.each([
  ["one level, as FFmpeg does", "one", () => []],
  ["one level, as cameras do", "one", (host: string) => said(host, "", "one")],
  ["the whole URL in tcUrl", "live/cam", (host: string) => said(`${host}live/cam`, "live", "cam")],
  ["an MP4's name, as OBS does", "live/cam.mp4", (host: string) => said(`${host}live`, "live", "cam.mp4")],
  ["an FLV's name, as OBS does", "a/b/c/cam.flv", (host: string) => said(`${host}a/b/c`, "a/b/c", "cam.flv")],
])("FFmpeg plays, from origin and edge, what an encoder publishes with %s", async (_what, path, output) => {
  await using stage = new Stage();
  const source = clip({ seconds: 3 });
  const edge = await startSrs(stage, "edge");
  const origin = await startSrs(stage, "origin", { vhost: forwardTo(edge) });
  const players = [origin, edge].map((server) => playFrames(stage, server.url(path)));
  for (const { program } of [origin, edge]) await program.line(/play started .*waiting=true/);
  const encoder = publishClip(stage, source, origin.url(path), { output: output(origin.url("")) });
  expect(await encoder.ended()).toBe(0);
  for (const player of players) {
    expect(await player.ended()).toBe(0);
    const report = compare(fileFrames(source), framesOf(player.lines), "video");
    expect(report).toMatchObject({ fromKey: true, runs: 1, toEnd: true, foreign: 0 });
  }
});

test.concurrent("rtmpdump, which removes the ending of a name, plays what FFmpeg publishes under a name with an ending", async () => {
  await using stage = new Stage();
  const server = await startSrs(stage, "origin");
  const files = ["cam.mp4", "cam.flv"].map((name) => {
    const file = stage.path(`${name}-of-rtmpdump`);
    const url = server.url(`live/${name}`);
    return [stage.start(name, ["rtmpdump", "--quiet", "--live", "--rtmp", url, "--flv", file]), file] as const;
  });
  await until("both wait", () => server.program.count(/play started .*waiting=true/) === 2);
  const encoder = publishClip(stage, clip({ seconds: 3 }), server.url("live/cam.mp4"));
  expect(await encoder.ended()).toBe(0);
  for (const [player, file] of files) {
    expect(await player.ended()).toBe(0);
    expect(Bun.file(file).size).toBeGreaterThan(1000);
  }
});
