import { expect } from "bun:test";
import { readFileSync } from "node:fs";
import { flvTags } from "../../src/media/flv.ts";
import { Authority } from "../support/e2e/authority.ts";
import { Client } from "../support/e2e/client.ts";
import { clip } from "../support/e2e/clips.ts";
import { compare } from "../support/e2e/continuity.ts";
import { startEdge } from "../support/e2e/edges.ts";
import { decodeErrors, fileFrames, framesOf, playFrames, publishClip } from "../support/e2e/ffmpeg.ts";
import { startMute } from "../support/e2e/mute.ts";
import { namespaceProblem, OtherHost } from "../support/e2e/network.ts";
import { avcFrame, avcHeader } from "../support/e2e/payloads.ts";
import { Recorder } from "../support/e2e/recorder.ts";
import { forwardTo, type Srs, startSrs } from "../support/e2e/srs.ts";
import { Stage } from "../support/e2e/stage.ts";
import { testWith } from "../support/e2e/tools.ts";
import { until } from "../support/e2e/wait.ts";
import { flvFile } from "../support/flv.ts";
import { SLACK_MS } from "../support/limits.ts";

const file = "tests/e2e/edge-origins.test.ts";
const test = testWith(file);
const testWithFfmpeg = testWith(file, "FFmpeg");
const testWithTls = testWith(file, "FFmpeg", "openssl");

/** Longer than an origin that lives is silent on a busy machine. */
const READ_TIMEOUT_MS = 3000;
/** The first step of the backoff, at most. */
const FIRST_STEP_MS = 625;
const LONGEST_MS = READ_TIMEOUT_MS + FIRST_STEP_MS + SLACK_MS;
const timeout = `read_timeout = ${READ_TIMEOUT_MS}`;
const whole = { fromKey: true, runs: 1, toEnd: true, foreign: 0 };

/** Publishes a picture every 40 ms under each of these names. */
async function publishPictures(stage: Stage, { port }: Srs, names: readonly string[]): Promise<void> {
  const client = await Client.connect(stage, { port });
  for (const name of names) await client.startPublish(name);
  let time = 0;
  const send = () => {
    for (let id = 1; id <= names.length; id++) {
      if (time === 0) client.send(9, 0, avcHeader, id);
      client.send(9, time, avcFrame(true, time), id);
    }
    time += 40;
  };
  send();
  const timer = setInterval(send, 40);
  stage.defer(() => clearInterval(timer));
}

/** Plays until the first picture; how long that took, ms. */
async function firstPicture(stage: Stage, { port }: Srs, name: string): Promise<number> {
  const began = performance.now();
  const player = await Client.play(stage, { port }, name);
  await player.packet("a picture", ({ payload }) => payload[1] === 1);
  player.abort();
  return performance.now() - began;
}

testWithTls.concurrent(
  "an origin is reached over rtmps://, with its certificate verified: viewers get the stream whole",
  async () => {
    await using stage = new Stage();
    const authority = new Authority(stage);
    const { cert, key } = authority.issue("origin", "origin");
    const origin = await startSrs(stage, "origin", {
      more: `[rtmps]\nlisten = "127.0.0.1:0"\ncert = "${cert}"\nkey = "${key}"`,
    });
    const tlsPort = /rtmps=\S*:(\d+)/.exec(await origin.program.line(/listening.* rtmps=/))?.[1];
    const source = clip({ seconds: 4 });
    const edge = await startEdge(stage, "edge", [`rtmps://localhost:${tlsPort}`], [], {
      more: `[rtmps]\nca = "${authority.path}"`,
    });
    const stranger = await startEdge(stage, "stranger", [`rtmps://localhost:${tlsPort}`]);
    const players = [1, 2].map((at) => playFrames(stage, edge.url("live/show"), `player ${at}`));
    await Client.play(stage, { port: stranger.port }, "show");
    await origin.program.line(/play started .*waiting=true/);
    const encoder = publishClip(stage, source, origin.url("live/show"));
    expect(await encoder.ended()).toBe(0);
    for (const player of players) {
      expect(await player.ended()).toBe(0);
      expect(compare(fileFrames(source), framesOf(player.lines), "video")).toMatchObject(whole);
    }
    expect(origin.program.count(/play started/)).toBe(1);
    expect(await stranger.program.line(/pull failed/)).toMatch(/certificate|CA/i);
  },
);

testWithTls.concurrent(
  "an origin is reached over https://, with its certificate verified: viewers get the stream whole",
  async () => {
    await using stage = new Stage();
    const authority = new Authority(stage);
    const { cert, key } = authority.issue("origin", "origin");
    const source = clip({ seconds: 4 });
    const tags = [...flvTags(new Uint8Array(readFileSync(source)))];
    let asked = 0;
    const http = Bun.serve({
      hostname: "127.0.0.1",
      port: 0,
      tls: { cert: readFileSync(cert, "utf8"), key: readFileSync(key, "utf8") },
      fetch: (request) => {
        if (new URL(request.url).pathname !== "/live/show.flv") return new Response("no", { status: 404 });
        asked++;
        return new Response(flvFile(tags));
      },
    });
    stage.defer(() => http.stop(true));
    const origins = [`https://localhost:${http.port}`];
    const trusting = { more: `[rtmps]\nca = "${authority.path}"` };
    const edge = await startEdge(stage, "edge", origins, ["probe = true"], trusting);
    const stranger = await startEdge(stage, "stranger", origins, [], { env: { NODE_TLS_REJECT_UNAUTHORIZED: "0" } });
    const player = playFrames(stage, edge.url("live/show"));
    await Client.play(stage, { port: stranger.port }, "show");
    expect(await stranger.program.line(/pull failed/)).toMatch(/certificate|CA/i);
    expect(await player.ended()).toBe(0);
    expect(compare(fileFrames(source), framesOf(player.lines), "video")).toMatchObject(whole);
    expect(asked).toBe(1);
  },
);

test.concurrent.each(["round_robin", "hash"])(
  "an origin that accepts connections and sends nothing delays only the streams fetched from it, by read_timeout (%s)",
  async (choice) => {
    await using stage = new Stage();
    const names = Array.from({ length: 12 }, (_, at) => `s${at}`);
    const mute = startMute(stage);
    const origins = [await startSrs(stage, "A"), await startSrs(stage, "B")];
    for (const origin of origins) await publishPictures(stage, origin, names);
    const edge = await startEdge(stage, "edge", [mute, ...origins], [timeout, `choice = "${choice}"`]);
    const times = await Promise.all(names.map((name) => firstPicture(stage, edge, name)));
    expect(mute.connections).toBeGreaterThan(0);
    expect(mute.connections).toBeLessThan(names.length);
    for (const took of times) expect(took).toBeLessThan(LONGEST_MS);
    await edge.program.line(new RegExp(`origin dead origin=127\\.0\\.0\\.1:${mute.port}`));
    for (const { program } of origins) expect(program.count(/play started/)).toBeGreaterThan(0);
  },
);

test.concurrent("an origin that sends nothing does not decide: another one is asked, and later clients do not wait", async () => {
  await using stage = new Stage();
  const mute = startMute(stage);
  const origin = await startSrs(stage, "origin");
  await publishPictures(stage, origin, ["show"]);
  const edge = await startEdge(stage, "edge", [mute, origin], [timeout, "token_traverse = true"]);
  const first = await firstPicture(stage, edge, "show");
  expect(first).toBeGreaterThanOrEqual(READ_TIMEOUT_MS);
  expect(first).toBeLessThan(LONGEST_MS);
  await firstPicture(stage, edge, "show");
  expect(mute.connections).toBe(1);
});

test.concurrent("an HTTP origin that fails for one stream serves the others, and is asked again as soon as a probe reaches it", async () => {
  await using stage = new Stage();
  const good = flvFile([
    { kind: 9, timestamp: 0, payload: avcHeader },
    { kind: 9, timestamp: 0, payload: avcFrame(true, 1) },
  ]);
  const serve = (port: number) =>
    Bun.serve({
      hostname: "127.0.0.1",
      port,
      idleTimeout: 0,
      fetch: (request) => {
        if (!new URL(request.url).pathname.endsWith("/good.flv")) return new Response("broken", { status: 503 });
        return new Response(
          new ReadableStream({
            start: (controller) => controller.enqueue(good),
          }),
        );
      },
    });
  let http = serve(0);
  const { port = 0 } = http;
  stage.defer(() => http.stop(true));
  const edge = await startEdge(stage, "edge", [`http://127.0.0.1:${port}`], ["probe = true"]);
  await Client.play(stage, { port: edge.port }, "bad");
  await edge.program.line(/pull failed .*HTTP 503/);
  await firstPicture(stage, edge, "good");
  expect(edge.program.count(/origin dead/)).toBe(0);

  await http.stop(true);
  const waiting = await Client.play(stage, { port: edge.port }, "good");
  await edge.program.line(/origin dead/);
  http = serve(port);
  await edge.program.line(/origin alive again/);
  await waiting.packet("a picture", ({ payload }) => payload[1] === 1);
});

test.concurrent("streams published on an edge go to an origin with at most max_dials connections being established", async () => {
  await using stage = new Stage();
  const mute = startMute(stage);
  const edge = await startEdge(stage, "edge", [mute], ["max_dials = 3", "read_timeout = 600000", "publish = true"]);
  const names = Array.from({ length: 12 }, (_, at) => `s${at}`);
  await publishPictures(stage, edge, names);
  await until("three are under way", () => mute.connections === 3);
  await until("all are published", () => edge.program.count(/publish started/) === names.length);
  expect(mute.connections).toBe(3);
});

const problem = namespaceProblem();
if (problem !== undefined)
  process.stdout.write(`skipped: ${file}, a cut link: no network namespaces here (${problem})\n`);

testWithFfmpeg.skipIf(problem !== undefined)(
  "the link to an origin's host is cut: the player goes on from the other origin after read_timeout, and jumps by no more than the silence",
  async () => {
    await using stage = new Stage();
    const host = new OtherHost(stage);
    const far = await host.startSrs("far");
    const near = await startSrs(stage, "near", { vhost: forwardTo(`${host.address}:${far.port}`) });
    publishClip(stage, clip({ seconds: 120 }), near.url("live/show"));
    await far.program.line(/publish started/);
    const edge = await startEdge(stage, "edge", [`${host.address}:${far.port}`, near], [timeout]);
    const player = await Recorder.play(stage, edge.port, "show");
    const last = () => player.frames(9).at(-1)?.timestamp ?? 0;
    await until("two seconds of pictures", () => last() > 2000);
    const since = performance.now();
    host.cut();
    await edge.program.line(new RegExp(`pull running from=127\\.0\\.0\\.1:${near.port} `));
    const from = last();
    await until("more pictures", () => last() > from + 1000);
    const { pause, back, pictureStep, soundStep } = player.seen(since);
    expect(back).toBe(0);
    expect(pause).toBeLessThanOrEqual(LONGEST_MS);
    expect(Math.max(pictureStep, soundStep)).toBeLessThanOrEqual(LONGEST_MS);
    expect(player.client.closed).toBe(false);
    expect(decodeErrors(player.save(stage.path("recorded.flv")))).toBe("");
  },
);
