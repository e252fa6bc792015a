import { expect } from "bun:test";
import type { BenchReport } from "../../src/loadgen/report.ts";
import { clip } from "../support/e2e/clips.ts";
import { executable } from "../support/e2e/executable.ts";
import { startNginx } from "../support/e2e/nginx.ts";
import type { Program } from "../support/e2e/program.ts";
import { forwardTo, startSrs } from "../support/e2e/srs.ts";
import type { Stage as Started } from "../support/e2e/stage.ts";
import { Stage } from "../support/e2e/stage.ts";
import { testWith } from "../support/e2e/tools.ts";

const name = "tests/e2e/bench.test.ts";
const test = testWith(name);
const testWithFfmpeg = testWith(name, "FFmpeg");
const testWithNginx = testWith(name, "nginx with its RTMP module");

const bench = (stage: Started, ...args: readonly string[]): Program =>
  stage.start(`bench ${args[0]}`, [executable(), "bench", ...args]);

/** The report of a bench that was started with `--json`, once it has ended. */
async function reportOf(program: Program, code = 0): Promise<BenchReport> {
  const ended = await program.ended();
  const line = program.lines.find((text) => text.startsWith("{"));
  if (ended !== code || line === undefined) throw new Error(`bench ended with ${ended}\n${program.tail()}`);
  return JSON.parse(line) as BenchReport;
}

test.concurrent("bench both measures a server and finds no fault", async () => {
  await using stage = new Stage();
  const server = await startSrs(stage, "server");
  const report = await reportOf(bench(stage, "both", server.url("live/show"), "-n", "50", "--seconds", "3", "--json"));
  expect(report).toMatchObject({
    problems: [],
    interrupted: false,
    publishers: { connected: 1, failed: 0, dropped: 0 },
    players: { asked: 50, connected: 50, failed: 0, synthetic: true, corrupt: 0, lost: { video: 0, audio: 0 } },
  });
  expect(report.players?.mbps).toBeGreaterThan(0);
  expect(report.players?.delay_ms?.p50).toBeGreaterThan(0);
  expect(report.players?.first_frame_after_play_ms?.max).toBeGreaterThan(0);
  expect(report.players?.first_frame_ms?.max).toBeGreaterThan(report.players?.first_frame_after_play_ms?.max ?? 0);
});

test.concurrent("bench both publishes at an origin and plays from its edge", async () => {
  await using stage = new Stage();
  const edge = await startSrs(stage, "edge");
  const origin = await startSrs(stage, "origin", { vhost: forwardTo(edge) });
  const urls = [origin.url("live/show"), "--play-url", edge.url("live/show")];
  const report = await reportOf(bench(stage, "both", ...urls, "-n", "10", "--seconds", "3", "--json"));
  expect(report).toMatchObject({ problems: [], play_url: edge.url("live/show"), players: { connected: 10 } });
  expect(edge.program.count(/play started/)).toBe(10);
  expect(report.players?.delay_ms?.p50).toBeGreaterThan(0);
});

test.concurrent("publishers and players in processes of their own measure the delay too", async () => {
  await using stage = new Stage();
  const server = await startSrs(stage, "server");
  const publish = bench(stage, "publish", server.url("live/show{}"), "-n", "3", "--seconds", "300", "--json");
  await server.program.line(/publish started .*show2/);
  const play = bench(stage, "play", server.url("live/show2"), "-n", "5", "--seconds", "3", "--json");
  const played = await reportOf(play);
  expect(played).toMatchObject({ problems: [], players: { connected: 5, synthetic: true } });
  expect(played.players?.delay_ms?.p50).toBeGreaterThan(0);

  publish.signal("SIGINT");
  const published = await reportOf(publish);
  expect(published).toMatchObject({ problems: [], interrupted: true, publishers: { asked: 3, connected: 3 } });
  // The server was told of each stream's end.
  await server.program.line(/publish ended .*show0/);
});

testWithFfmpeg.concurrent("a file is published over and over with time running on", async () => {
  await using stage = new Stage();
  const server = await startSrs(stage, "server");
  const file = ["--file", clip({ seconds: 2 })];
  bench(stage, "publish", server.url("live/show"), ...file, "--seconds", "300");
  await server.program.line(/publish started/);
  const play = bench(stage, "play", server.url("live/show"), "-n", "3", "--seconds", "6", "--json");
  const report = await reportOf(play);
  expect(report).toMatchObject({ problems: [], players: { synthetic: false, delay_ms: null } });
  expect(report.players?.frames.video).toBeGreaterThan(0);
});

testWithFfmpeg.concurrent("FFmpeg decodes the synthetic stream without complaint", async () => {
  await using stage = new Stage();
  const server = await startSrs(stage, "server");
  bench(stage, "publish", server.url("live/show"), "--seconds", "300");
  await server.program.line(/publish started/);
  const decode = ["-i", server.url("live/show"), "-t", "2", "-f", "null", "-"];
  const player = stage.start("player", ["ffmpeg", "-hide_banner", "-nostats", "-loglevel", "warning", ...decode]);
  expect(await player.ended()).toBe(0);
  expect(player.lines).toEqual([]);
});

test.concurrent("bench reports a server that dies with the reason, and ends with exit code 1", async () => {
  await using stage = new Stage();
  const server = await startSrs(stage, "server");
  const run = bench(stage, "both", server.url("live/show"), "-n", "5", "--seconds", "60");
  // All are connected.
  await run.line(/^measured \d+ s/);
  await server.program.kill();
  expect(await run.ended()).toBe(1);
  expect(run.lines.at(-1)).toMatch(/result +FAILED: publishers failed: 1, players failed: 5/);
  expect(run.count(/5 × (connection reset by the peer|the server closed the connection) while playing/)).toBe(1);
});

testWithNginx.concurrent("nginx-rtmp takes and gives the synthetic stream", async () => {
  await using stage = new Stage();
  const { port } = await startNginx(stage, "wait_key on; wait_video on;");
  const url = `rtmp://127.0.0.1:${port}/live/show`;
  const report = await reportOf(bench(stage, "both", url, "-n", "10", "--seconds", "3", "--json"));
  expect(report).toMatchObject({
    problems: [],
    players: { connected: 10, synthetic: true, lost: { video: 0, audio: 0 }, corrupt: 0 },
  });
});
