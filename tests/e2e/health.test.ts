import { expect } from "bun:test";
import { executable } from "../support/e2e/executable.ts";
import { PacedFeed } from "../support/e2e/paced-feed.ts";
import { httpPort } from "../support/e2e/raw-http.ts";
import { ReloadServer } from "../support/e2e/reload/server.ts";
import { Stage } from "../support/e2e/stage.ts";
import { testWith } from "../support/e2e/tools.ts";
import { until } from "../support/e2e/wait.ts";
import { Wire } from "../support/e2e/wire.ts";

const file = "tests/e2e/health.test.ts";
const test = testWith(file);
const testWithFfmpeg = testWith(file, "FFmpeg");

const API = '[http_api]\nlisten = "127.0.0.1:0"\n';
/** Of each link between two servers, one way. */
const LINK_MS = 200;

const begins = (name: string, state: string) => new RegExp(`WARN .*stream is unhealthy .*/${name} .*state=${state} `);
const ends = (name: string, state: string) => new RegExp(`stream has recovered .*/${name} .*state=${state} `);

/** Publishes a test picture in real time by FFmpeg, with these options of its encoder. */
function publish(stage: Stage, url: string, ...options: readonly string[]) {
  const input = ["-re", "-f", "lavfi", "-i", "testsrc2=size=320x180:rate=25"];
  const sound = ["-f", "lavfi", "-i", "sine=sample_rate=44100"];
  const encoder = ["-c:v", "libx264", "-preset", "ultrafast", "-tune", "zerolatency", "-c:a", "aac", ...options];
  return stage.start("encoder", [
    "ffmpeg",
    "-hide_banner",
    "-nostats",
    ...input,
    "-re",
    ...sound,
    ...encoder,
    "-f",
    "flv",
    url,
  ]);
}

/** Runs `srs status --check`. */
async function checked(stage: Stage) {
  const words = [executable(), "status", "--check", "--conf", stage.path("server.toml")];
  const check = Bun.spawn(words, { stdout: "ignore", stderr: "pipe" });
  const err = await new Response(check.stderr).text();
  return { exitCode: await check.exited, err };
}

testWithFfmpeg.concurrent(
  "key frames that are far apart are told by log, API, metrics and status, until they are not",
  async () => {
    await using stage = new Stage();
    const server = await ReloadServer.start(stage, `${API}[vhost.__defaultVhost__.health]\nmax_gop = 3`);
    const api = `http://127.0.0.1:${await httpPort(server.program, "api")}`;
    // One at the start alone.
    publish(stage, server.url("live/show"), "-g", "100000", "-sc_threshold", "0");
    await server.program.line(begins("show", "gop"));
    const health = async () => {
      const { streams } = (await (await fetch(`${api}/api/v1/streams`)).json()) as { streams: { health: object[] }[] };
      return streams[0]?.health;
    };
    const metric = async () =>
      /srs_stream_unhealthy\{.*state="gop"\} (\d)/.exec(await (await fetch(`${api}/metrics`)).text())?.[1];
    await until("the API tells", async () => (await health())?.length === 1);
    expect(await health()).toMatchObject([{ state: "gop", since: expect.any(Number), detail: expect.any(String) }]);
    await until("the metrics tell", async () => (await metric()) === "1");
    expect((await server.run("status")).out).toMatch(/unhealthy streams:\n {2}\/live\/show {2}gop/);
    // Viewers see the stream.
    expect(await checked(stage)).toEqual({ exitCode: 0, err: "" });
    await server.reload(`${API}[vhost.__defaultVhost__.health]\nmax_gop = 3600`);
    await server.program.line(ends("show", "gop"));
    await until("nothing is told", async () => (await health())?.length === 0 && (await metric()) === "0");
  },
);

testWithFfmpeg.concurrent(
  "an encoder that stops, and one that sends too much, are told, until they do not",
  async () => {
    await using stage = new Stage();
    const server = await ReloadServer.start(stage, "[vhost.__defaultVhost__.health]\nmax_bitrate = 20");
    const encoder = publish(stage, server.url("live/show"), "-g", "25");
    await server.program.line(begins("show", "bitrate"));
    encoder.signal("SIGSTOP");
    await server.program.line(begins("show", "stall"));
    const { exitCode, err } = await checked(stage);
    expect(exitCode).toBe(1);
    expect(err).toMatch(/stream \/live\/show: no audio or video for \d+ s/);
    await server.reload("[vhost.__defaultVhost__.health]\nmax_bitrate = 100000");
    await server.program.line(ends("show", "bitrate"));
    encoder.signal("SIGCONT");
    await server.program.line(ends("show", "stall"));
  },
);

testWithFfmpeg.concurrent(
  "the age of packets grows over origin, edge and edge by the delays of slow links between them",
  async () => {
    await using stage = new Stage();
    const origin = await ReloadServer.start(stage, API, "origin");
    const edgeOf = (upstream: ReloadServer, name: string) => {
      const { port } = new Wire(stage, upstream.port, LINK_MS);
      return ReloadServer.start(stage, `${API}[vhost.__defaultVhost__.edge]\norigin = "127.0.0.1:${port}"`, name);
    };
    const middle = await edgeOf(origin, "middle");
    const last = await edgeOf(middle, "last");
    publish(stage, origin.url("live/show"), "-g", "25");
    const player = await last.play();
    const ageAt = async (server: ReloadServer) => {
      const url = `http://127.0.0.1:${await httpPort(server.program, "api")}`;
      const { streams } = (await (await fetch(`${url}/api/v1/streams`)).json()) as {
        streams: { age_ms: number | null }[];
      };
      return streams[0]?.age_ms ?? undefined;
    };
    // The machine's own delays come on top, so only the order of magnitude counts.
    await until("the last edge knows the age", async () => ((await ageAt(last)) ?? 0) >= 2 * LINK_MS * 0.9);
    await until("the edge before it knows the age", async () => ((await ageAt(middle)) ?? 0) >= LINK_MS * 0.9);
    await until("the ages settle", async () => ((await ageAt(last)) ?? Number.POSITIVE_INFINITY) < 8 * LINK_MS);
    await until("the origin's packets are no older than a link", async () => {
      const age = await ageAt(origin);
      return age !== undefined && age < LINK_MS;
    });
    expect((await last.run("status")).out).toMatch(/ \d{3,} ms old /);
    const metrics = await (await fetch(`http://127.0.0.1:${await httpPort(last.program, "api")}/metrics`)).text();
    expect(metrics).toMatch(/srs_stream_age_seconds\{vhost="__defaultVhost__",app="live",stream="show"\} [0-9.]+\n/);
    expect(player.closed).toBe(false);
  },
);

test.concurrent("the health of a stream reports skewed audio, timestamp jumps, missing headers and a fast clock until they end", async () => {
  await using stage = new Stage();
  const server = await ReloadServer.start(stage, "");
  const feed = async (name: string, hasHeader = true) => new PacedFeed(stage, await server.publish(name), hasHeader);
  const [skewed, jumping, headerless, fast] = [
    await feed("skewed"),
    await feed("jumping"),
    await feed("headerless", false),
    await feed("fast"),
  ];
  skewed.skewMs = 2000;
  jumping.jumpMs = 3_600_000;
  fast.speed = 1.2;
  const told = Promise.all([
    server.program.line(begins("skewed", "av_skew")),
    server.program.line(begins("jumping", "timestamps")),
    server.program.line(begins("headerless", "headers")),
  ]);
  await told;
  headerless.sendVideoHeader();
  // Sound comes again where it would have been.
  skewed.audible = false;
  await server.program.line(begins("skewed", "stall"));
  skewed.skewMs = 0;
  skewed.audible = true;
  await server.program.line(begins("fast", "drift"));
  fast.speed = 1;
  // Its clock begins anew.
  fast.jumpMs = 3_600_000;
  await Promise.all([
    server.program.line(ends("skewed", "av_skew")),
    server.program.line(ends("jumping", "timestamps")),
    server.program.line(ends("headerless", "headers")),
    server.program.line(ends("fast", "drift")),
  ]);
});
