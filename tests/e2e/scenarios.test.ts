import { expect } from "bun:test";
import { readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { Client } from "../support/e2e/client.ts";
import { clip } from "../support/e2e/clips.ts";
import { compare } from "../support/e2e/continuity.ts";
import { executable } from "../support/e2e/executable.ts";
import { fileFrames, framesOf, playFrames, publishClip } from "../support/e2e/ffmpeg.ts";
import { type Srs, startSrs } from "../support/e2e/srs.ts";
import { Stage } from "../support/e2e/stage.ts";
import { testWith } from "../support/e2e/tools.ts";

const conf = join(import.meta.dir, "../../conf");
const test = testWith("tests/e2e/scenarios.test.ts", "FFmpeg");

/** Starts a server with a file of `conf/`, on loopback, with these in the place of what the file says. */
async function startScenario(stage: Stage, file: string, instead: Readonly<Record<string, string>> = {}): Promise<Srs> {
  let text = readFileSync(join(conf, file), "utf8");
  const all: Readonly<Record<string, string>> = { ...instead, "max_connections = 10240": "max_connections = 100" };
  for (const [from, to] of Object.entries(all)) {
    if (from in instead) expect(text).toInclude(from);
    text = text.replace(from, to);
  }
  text = text.replace(/^listen = \d+$/gm, 'listen = "127.0.0.1:0"');
  const program = stage.start(file, [executable(), "--conf", stage.write(file.replace("/", "-"), text)]);
  const listening = /listening.*rtmp=127\.0\.0\.1:(\d+)/;
  const port = Number(listening.exec(await program.line(listening))?.[1]);
  return { program, port, url: (path) => `rtmp://127.0.0.1:${port}/${path}` };
}

/** What FFmpeg publishes at one place, it plays whole at the other. */
async function expectPlayed(stage: Stage, from: Srs, to: Srs, seconds = 4, name = "live/show"): Promise<void> {
  const source = clip({ seconds });
  const player = playFrames(stage, to.url(name));
  await to.program.line(/play started/);
  const encoder = publishClip(stage, source, from.url(name));
  expect(await encoder.ended()).toBe(0);
  expect(await player.ended()).toBe(0);
  const report = compare(fileFrames(source), framesOf(player.lines), "video");
  expect(report).toMatchObject({ fromKey: true, runs: 1, toEnd: true, foreign: 0 });
}

test.concurrent.each(["edge-pull.toml", "edge-backup.toml"])(
  "conf/%s fetches watched streams from its origins",
  async (file) => {
    await using stage = new Stage();
    const first = await startSrs(stage, "first origin");
    const second = await startSrs(stage, "second origin", { vhost: 'publish.on_conflict = "standby"' });
    const edge = await startScenario(stage, file, {
      '"192.168.1.5:1935"': `"127.0.0.1:${first.port}"`,
      '"192.168.1.8:1935"': `"127.0.0.1:${second.port}"`,
    });
    // Longer than the edge waits before it asks again for a stream that was not there.
    await expectPlayed(stage, first, edge, 20);
    await edge.program.line(/pull running/);
  },
);

test.concurrent("conf/local/ is a cluster: conf/local/origin.toml forwards to conf/local/edge-1.toml and conf/local/edge-2.toml", async () => {
  await using stage = new Stage();
  const edges = [await startScenario(stage, "local/edge-1.toml"), await startScenario(stage, "local/edge-2.toml")];
  const [one, two] = edges.map(({ port }) => `"127.0.0.1:${port}"`);
  const instead = { '"127.0.0.1:19351", "127.0.0.1:19352"': `${one}, ${two}` };
  const origin = await startScenario(stage, "local/origin.toml", instead);
  // Edges that cut HLS keep a stream, and its time goes on when it is published again.
  for (const [at, edge] of edges.entries()) await expectPlayed(stage, origin, edge, 4, `live/show-${at}`);
});

test.concurrent("conf/json-log.toml writes JSON to its file", async () => {
  await using stage = new Stage();
  const log = stage.path("edge-1935.log");
  // What is in the file is shown as a program of its own.
  writeFileSync(log, "");
  const tail = stage.start("tail", ["tail", "-f", log]);
  const text = readFileSync(join(conf, "json-log.toml"), "utf8").replace("/var/log/srs/edge-1935.log", log);
  const file = stage.write("json-log.toml", text.replace("listen = 1935", 'listen = "127.0.0.1:0"'));
  stage.start("server", [executable(), "--conf", file]);
  expect(JSON.parse(await tail.line(/listening/))).toMatchObject({ level: "info", msg: "listening" });
});

test.concurrent.each(["conf/container.toml", "conf/compose/cluster.toml"])("%s serves RTMP and HTTP", async (name) => {
  await using stage = new Stage();
  const text = readFileSync(join(conf, "..", name), "utf8")
    .replace("listen = 1935", 'listen = "127.0.0.1:0"')
    .replace("listen = 8080", 'listen = "127.0.0.1:0"')
    .replace("redis://redis:6379", "redis://127.0.0.1:1");
  const file = stage.write("container.toml", text);
  const env = { SRS_CLUSTER_ADVERTISE: "rtmp://127.0.0.1:1935" };
  const server = stage.start("server", [executable(), "--conf", file], { env });
  expect(await server.line(/listening .*http=/)).toInclude("127.0.0.1:");
});

test.concurrent("each file of conf/ is run by a test", async () => {
  const tests = [...new Bun.Glob("*.test.ts").scanSync(import.meta.dir)];
  const text = tests.map((file) => readFileSync(join(import.meta.dir, file), "utf8")).join("");
  const files = [...new Bun.Glob("**/*.{toml,conf}").scanSync(conf)].filter((file) => file !== "full.toml");
  expect(files.length).toBeGreaterThan(10);
  expect(files.filter((file) => !text.includes(`conf/${file}`) && !text.includes(`"${file}"`))).toEqual([]);
});

test.concurrent("conf/origin.toml forwards to edges that run conf/edge-1935.toml and conf/edge-1936.toml", async () => {
  await using stage = new Stage();
  const origins = { "publish 192.168.1.5": "publish 127.0.0.1" };
  const edges = [
    await startScenario(stage, "edge-1935.toml", origins),
    await startScenario(stage, "edge-1936.toml", origins),
  ];
  const [one, two] = edges.map(({ port }) => `"127.0.0.1:${port}"`);
  const origin = await startScenario(stage, "origin.toml", {
    '"192.168.1.6:1935", "192.168.1.6:1936", "192.168.1.7:1935", "192.168.1.7:1936"': `${one}, ${two}`,
  });
  for (const edge of edges) await expectPlayed(stage, origin, edge);
});

test.concurrent.each(["edge-1935.toml", "edge-1936.toml", "edge-pull.toml", "edge-backup.toml"])(
  "conf/%s lets no publisher in from an unknown address",
  async (file) => {
    await using stage = new Stage();
    const edge = await startScenario(stage, file);
    const stranger = await Client.connect(stage, { port: edge.port });
    await expect(stranger.startPublish("show")).rejects.toThrow("NetStream.Publish.Denied");
  },
);
