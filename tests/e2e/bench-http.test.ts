import { expect } from "bun:test";
import { existsSync, readFileSync } from "node:fs";
import type { BenchReport } from "../../src/loadgen/report.ts";
import { faultless, faultlessMp4, reportOf } from "../support/e2e/bench.ts";
import { executable } from "../support/e2e/executable.ts";
import { httpPort } from "../support/e2e/raw-http.ts";
import { startSrs } from "../support/e2e/srs.ts";
import { Stage } from "../support/e2e/stage.ts";
import { testWith } from "../support/e2e/tools.ts";
import { until } from "../support/e2e/wait.ts";

const file = "tests/e2e/bench-http.test.ts";
const test = testWith(file);
const testWithFfmpeg = testWith(file, "FFmpeg");

test.concurrent("srs bench publishes by RTMP and plays FLV and MPEG-TS over HTTP and WebSocket", async () => {
  await using stage = new Stage();
  const server = await startSrs(stage, "server", { more: '[http_server]\nlisten = "127.0.0.1:0"\n' });
  const port = await httpPort(server.program);
  const formats = ["http-flv", "ws-flv", "http-ts"] as const;
  for (const protocol of formats) {
    const [scheme, format] = protocol.split("-");
    const name = `live/${protocol}`;
    const play = `${scheme}://127.0.0.1:${port}/${name}.${format}`;
    const run = [
      executable(),
      "bench",
      "both",
      server.url(name),
      "--play-url",
      play,
      "-n",
      "5",
      "--seconds",
      "2",
      "--json",
    ];
    const report = await reportOf(stage.start(protocol, run));
    expect(report).toMatchObject({ problems: [], players: { protocol, connected: 5, synthetic: true, checked: 5 } });
    expect(report.players?.delay_ms?.p50).toBeGreaterThan(0);
  }
  const missing = [executable(), "bench", "play", `http://127.0.0.1:${port}/live/none.flv`, "--json"];
  const { players } = await reportOf(stage.start("missing", missing));
  expect(players?.reasons).toEqual({ "refused: nobody publishes /live/none (HTTP 404)": 1 });
});

test.concurrent("srs bench publishes by RTMP and plays HLS, from the first segment on", async () => {
  await using stage = new Stage();
  const vhost = "[vhost.__defaultVhost__.hls]\nenabled = true\nhls_fragment = 1\nhls_window = 8";
  const server = await startSrs(stage, "server", { more: `[http_server]\nlisten = "127.0.0.1:0"\n${vhost}` });
  const play = `http://127.0.0.1:${await httpPort(server.program)}/live/show.m3u8`;
  const options = ["--play-url", play, "-n", "5", "--gop", "1", "--seconds", "6", "--json"];
  const run = [executable(), "bench", "both", server.url("live/show"), ...options];
  const { players } = await reportOf(stage.start("bench", run));
  expect(players).toMatchObject({ ...faultless, connected: 5, checked: 5 });
  expect(players?.delay_ms?.p50).toBeGreaterThan(1000);
  expect(players?.hls?.segment_delay_ms?.p50).toBeGreaterThan(0);
});

for (const [type, ending] of [
  ["mpegts", ".ts"],
  ["fmp4", ".m4s"],
] as const)
  testWithFfmpeg.concurrent(
    `srs bench plays HLS that FFmpeg cuts of its stream as ${type}, and finds no fault in it`,
    async () => {
      await using stage = new Stage();
      const server = await startSrs(stage, "server");
      stage.start("encoder", [
        executable(),
        "bench",
        "publish",
        server.url("live/show"),
        "--seconds",
        "300",
        "--gop",
        "1",
      ]);
      await server.program.line(/publish started/);
      const playlist = stage.path("media.m3u8");
      const cut = [
        "-f",
        "hls",
        "-hls_segment_type",
        type,
        "-hls_time",
        "1",
        "-hls_list_size",
        "8",
        "-hls_flags",
        "temp_file",
      ];
      const ffmpeg = [
        "ffmpeg",
        "-hide_banner",
        "-nostats",
        "-loglevel",
        "warning",
        "-i",
        server.url("live/show"),
        "-c",
        "copy",
      ];
      stage.start("ffmpeg", [...ffmpeg, ...cut, "-master_pl_name", "show.m3u8", playlist]);
      const listed = () => existsSync(playlist) && readFileSync(playlist, "utf8").split(ending).length > 3;
      await until("three segments are there", listed);
      const fetch = (request: Request) => new Response(Bun.file(stage.path(new URL(request.url).pathname.slice(1))));
      const web = Bun.serve({ hostname: "127.0.0.1", port: 0, fetch });
      try {
        const url = `http://127.0.0.1:${web.port}/show.m3u8`;
        const run = stage.start("bench", [executable(), "bench", "play", url, "-n", "5", "--seconds", "4", "--json"]);
        const report = await reportOf(run);
        expect(report.players).toMatchObject({ ...faultlessMp4, connected: 5 });
        expect(report.players?.frames.video).toBeGreaterThan(0);
        expect(report.players?.delay_ms?.p50).toBeGreaterThan(1000);
      } finally {
        await web.stop(true);
      }
    },
  );

/** A server with HLS, and its stream played by the bench that publishes it. */
async function playsHls(stage: Stage, hls: string, ...options: readonly string[]): Promise<BenchReport> {
  const vhost = `[vhost.__defaultVhost__.hls]\nenabled = true\n${hls}`;
  const server = await startSrs(stage, "server", { more: `[http_server]\nlisten = "127.0.0.1:0"\n${vhost}` });
  const play = `http://127.0.0.1:${await httpPort(server.program)}/live/show.m3u8`;
  const run = ["--play-url", play, "-n", "5", "--gop", "1", "--seconds", "6", "--json", ...options];
  return await reportOf(stage.start("bench", [executable(), "bench", "both", server.url("live/show"), ...run]));
}

for (const [what, hls, format] of [
  ["HLS in fragmented MP4", 'hls_format = "fmp4"', "fmp4"],
  ["encrypted HLS in fragmented MP4", 'hls_format = "fmp4"\nhls_keys = true\nhls_fragments_per_key = 2', "fmp4"],
  ["encrypted HLS in MPEG-TS", "hls_keys = true\nhls_fragments_per_key = 2", "ts"],
] as const)
  test.concurrent(`srs bench plays ${what}`, async () => {
    await using stage = new Stage();
    const { players } = await playsHls(stage, `${hls}\nhls_fragment = 1\nhls_window = 8`);
    expect(players).toMatchObject({ ...faultlessMp4, connected: 5, checked: 5, hls: { ...faultless.hls, format } });
    // A segment has 25 pictures; how many there are depends on when the players came.
    expect(players?.hls?.segments).toBeGreaterThan((players?.frames.video ?? 0) / 50);
  });

test.concurrent("srs bench plays low-latency HLS part by part, three parts behind the encoder", async () => {
  await using stage = new Stage();
  // Parts are listed for three target durations: as long may a player on a slow machine be late.
  const { players } = await playsHls(
    stage,
    "hls_fragment = 4\nhls_low_latency = true\nhls_part = 200\nhls_window = 40",
  );
  expect(players).toMatchObject({
    ...faultlessMp4,
    connected: 5,
    checked: 5,
    hls: { ...faultless.hls, format: "fmp4" },
  });
  const { parts = 0, hinted = 0, part_delay_ms, segments } = players?.hls ?? {};
  // A part has five pictures.
  expect(parts).toBeGreaterThan((players?.frames.video ?? 0) / 10);
  expect(hinted).toBeGreaterThan(0);
  expect(segments).toBe(0);
  expect(part_delay_ms?.p50).toBeGreaterThan(0);
  expect(players?.delay_ms?.p50).toBeGreaterThan(600);
});

test.concurrent("srs bench plays each variant of a ladder, or the highest one", async () => {
  await using stage = new Stage();
  const vhost =
    '[vhost.__defaultVhost__.hls]\nenabled = true\nhls_fragment = 4\nhls_low_latency = true\nhls_variants = ["_hd", "_sd"]';
  const server = await startSrs(stage, "server", { more: `[http_server]\nlisten = "127.0.0.1:0"\n${vhost}` });
  const rates = { "": 600, _hd: 1200, _sd: 300 };
  for (const [suffix, kbps] of Object.entries(rates)) {
    const publish = [executable(), "bench", "publish", server.url(`live/show${suffix}`), "--seconds", "300"];
    stage.start(`encoder${suffix}`, [...publish, "--gop", "1", "--kbps", `${kbps}`]);
  }
  await until("all are published", () => server.program.count(/publish started/) === 3);
  const url = `http://127.0.0.1:${await httpPort(server.program)}/live/show.m3u8`;
  await until("all are listed", async () => (await (await fetch(url)).text()).split("#EXT-X-STREAM-INF").length === 4);
  const played = async (variant: string) => {
    const run = [executable(), "bench", "play", url, "-n", "3", "--seconds", "4", "--variant", variant, "--json"];
    const { players } = await reportOf(stage.start(variant, run));
    expect(players).toMatchObject({ ...faultlessMp4, connected: 3 });
    return players?.kbps_each;
  };
  const all = await played("all");
  expect(all?.most ?? 0).toBeGreaterThan(2 * (all?.least ?? 0));
  const highest = await played("highest");
  expect(highest?.least ?? 0).toBeGreaterThan(2 * (all?.least ?? 0));
});
