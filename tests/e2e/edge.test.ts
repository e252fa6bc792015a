import { expect } from "bun:test";
import { readFileSync } from "node:fs";
import { flvTags } from "../../src/media/flv.ts";
import type { ServerSession } from "../../src/rtmp/server-session.ts";
import { Client } from "../support/e2e/client.ts";
import { clip } from "../support/e2e/clips.ts";
import { compare } from "../support/e2e/continuity.ts";
import { startEdge } from "../support/e2e/edges.ts";
import { decodeErrors, fileFrames, framesOf, playFrames, publishClip } from "../support/e2e/ffmpeg.ts";
import { startNginx } from "../support/e2e/nginx.ts";
import { avcFrame, avcHeader } from "../support/e2e/payloads.ts";
import { Recorder } from "../support/e2e/recorder.ts";
import { Outbox } from "../support/e2e/socket.ts";
import { type Srs, startSrs } from "../support/e2e/srs.ts";
import { Stage } from "../support/e2e/stage.ts";
import { testWith } from "../support/e2e/tools.ts";
import { until } from "../support/e2e/wait.ts";
import { flvFile } from "../support/flv.ts";
import { redirectingSession } from "../support/redirecting-session.ts";

const test = testWith("tests/e2e/edge.test.ts");
const testWithFfmpeg = testWith("tests/e2e/edge.test.ts", "FFmpeg");
const testWithNginx = testWith("tests/e2e/edge.test.ts", "FFmpeg", "nginx with its RTMP module");

testWithFfmpeg.concurrent(
  "FFmpeg plays a stream from an edge of an edge, whole, over one connection for two players",
  async () => {
    await using stage = new Stage();
    const source = clip({ seconds: 6 });
    const origin = await startSrs(stage, "origin");
    const middle = await startEdge(stage, "middle", [origin]);
    const edge = await startEdge(stage, "edge", [middle], ["linger = 0"]);
    const players = [1, 2].map((at) => playFrames(stage, `${edge.url("live/show")}?token=${at}`, `player ${at}`));
    await origin.program.line(/play started .*waiting=true/);
    const encoder = publishClip(stage, source, origin.url("live/show"));
    expect(await encoder.ended()).toBe(0);
    for (const player of players) {
      expect(await player.ended()).toBe(0);
      const report = compare(fileFrames(source), framesOf(player.lines), "video");
      expect(report).toMatchObject({ fromKey: true, runs: 1, toEnd: true, foreign: 0 });
    }
    expect([origin.program.count(/play started/), middle.program.count(/play started/)]).toEqual([1, 1]);
    await origin.program.line(/play ended/);
  },
);

testWithNginx.concurrent(
  "nginx-rtmp as an origin: it is asked until it has the stream, and its viewer stays when it dies",
  async () => {
    await using stage = new Stage();
    const source = clip({ seconds: 20 });
    const { port, program } = await startNginx(stage, "idle_streams off;");
    const edge = await startEdge(stage, "edge", [`127.0.0.1:${port}`]);
    const recorder = await Recorder.play(stage, edge.port, "show");
    await edge.program.line(/pull failed/);
    publishClip(stage, source, `rtmp://127.0.0.1:${port}/live/show`);
    await edge.program.line(/pull running/);
    await until("two seconds of pictures", () => recorder.frames(9).length > 50);
    await program.kill();
    await edge.program.line(/pull lost/);
    expect(recorder.client.closed).toBe(false);
    expect(decodeErrors(recorder.save(stage.path("recorded.flv")))).toBe("");
  },
);

testWithFfmpeg.concurrent(
  "an HTTP server that redirects to a stream as FLV is an origin, and its end ends the stream",
  async () => {
    await using stage = new Stage();
    const source = clip({ seconds: 6 });
    const tags = [...flvTags(new Uint8Array(readFileSync(source)))];
    const asked: string[] = [];
    const http = Bun.serve({
      hostname: "127.0.0.1",
      port: 0,
      fetch: (request) => {
        const { pathname, search } = new URL(request.url);
        asked.push(pathname + search);
        if (pathname === "/live/show.flv") return Response.redirect("/elsewhere/stream", 302);
        if (pathname !== "/elsewhere/stream") return new Response("no", { status: 404 });
        const [begin, rest] = [tags.slice(0, 200), tags.slice(200)];
        return new Response(
          new ReadableStream({
            async start(controller) {
              controller.enqueue(flvFile(begin));
              await Bun.sleep(300);
              controller.enqueue(flvFile(rest).subarray(13));
              controller.close();
            },
          }),
        );
      },
    });
    stage.defer(() => http.stop(true));
    const edge = await startEdge(stage, "edge", [`http://127.0.0.1:${http.port}`]);
    const player = playFrames(stage, `${edge.url("live/show")}?key=1`);
    expect(await player.ended()).toBe(0);
    const report = compare(fileFrames(source), framesOf(player.lines), "video");
    expect(report).toMatchObject({ fromKey: true, runs: 1, toEnd: true, foreign: 0 });
    expect(asked.slice(0, 2)).toEqual(["/live/show.flv?key=1&enhanced=1", "/elsewhere/stream"]);
    expect(edge.program.count(/key=1/)).toBe(0);
  },
);

/** A server that sends all who play or publish to another one, as SRS's origin cluster does. */
function redirector(stage: Stage, to: Srs): { readonly port: number } {
  const listener = Bun.listen<{ session: ServerSession; outbox: Outbox }>({
    hostname: "127.0.0.1",
    port: 0,
    socket: {
      open(socket) {
        const outbox = new Outbox(socket);
        const redirect = `rtmp://127.0.0.1:${to.port}/live`;
        const urls = { redirect, redirect2: `${redirect}/elsewhere` };
        const session = redirectingSession(urls, (bytes) => void outbox.send(bytes));
        socket.data = { session, outbox };
      },
      data: (socket, bytes) => socket.data.session.receive(Uint8Array.from(bytes)),
      drain: (socket) => socket.data.outbox.drain(),
    },
  });
  stage.defer(() => listener.stop(true));
  return listener;
}

test.concurrent("an edge follows RTMP 302, when it fetches and when it pushes", async () => {
  await using stage = new Stage();
  const server = await startSrs(stage, "server");
  const there = redirector(stage, server);
  const edge = await startEdge(stage, "edge", [there], ["publish = true"]);
  const publisher = await Client.publish(stage, { port: server.port }, "elsewhere");
  publisher.send(9, 0, avcHeader);
  publisher.send(9, 0, avcFrame(true, 1));
  const player = await Client.play(stage, { port: edge.port }, "show");
  await player.packet("a picture", ({ payload }) => payload[1] === 1);
  await edge.program.line(/pull redirected from=127\.0\.0\.1:\d+/);
  publisher.abort();
  await server.program.line(/publish ended/);
  await Client.publish(stage, { port: edge.port }, "mine");
  await edge.program.line(/push redirected/);
  await edge.program.line(/push running to=rtmp:/);
});

const STREAMS = 500;
const PER_CONNECTION = 25;
/** The first stream of each connection. */
const firsts = Array.from({ length: STREAMS / PER_CONNECTION }, (_, at) => at * PER_CONNECTION);

/** Publishes 500 streams of one picture a second over a few connections. */
async function publishMany(stage: Stage, { port }: Srs): Promise<void> {
  const clients = await Promise.all(
    firsts.map(async (from) => {
      const client = await Client.connect(stage, { port });
      client.setChunkSize(65536);
      for (let at = from; at < from + PER_CONNECTION; at++) await client.startPublish(`s${at}`);
      return client;
    }),
  );
  const began = performance.now();
  const send = () => {
    const time = Math.round((performance.now() - began) / 40) * 40;
    for (const client of clients)
      for (let id = 1; id <= PER_CONNECTION; id++) {
        if (time === 0) client.send(9, 0, avcHeader, id);
        client.send(9, time, avcFrame(true, time), id);
      }
  };
  send();
  const timer = setInterval(send, 500);
  stage.defer(() => clearInterval(timer));
}

test("an edge fetches 500 streams again from the other origin when one dies, without overloading it", async () => {
  await using stage = new Stage();
  const [a, b] = [await startSrs(stage, "A"), await startSrs(stage, "B")];
  await Promise.all([a, b].map((origin) => publishMany(stage, origin)));
  // On a busy machine neither origin is left because it is slow.
  const edge = await startEdge(stage, "edge", [a, b], ["max_dials = 20", "read_timeout = 600000"]);
  const heard = new Set<string>();
  await Promise.all(
    firsts.map(async (from) => {
      const client = await Client.connect(stage, { port: edge.port });
      client.keep = false;
      client.onPacket = ({ streamId }) => heard.add(`${from} ${streamId}`);
      for (let at = from; at < from + PER_CONNECTION; at++) await client.startPlay(`s${at}`);
    }),
  );
  await until("all play", () => heard.size === STREAMS);
  await until("one origin has told of all", () => a.program.count(/play started/) >= STREAMS);
  expect(a.program.count(/play started/)).toBe(STREAMS);
  await a.program.kill();
  const killed = performance.now();
  heard.clear();
  await until("all go on from the other", () => b.program.count(/play started/) >= STREAMS);
  await until("all have pictures again", () => heard.size === STREAMS);
  process.stdout.write(`edge: ${STREAMS} streams back after ${Math.round(performance.now() - killed)} ms\n`);
  expect(b.program.count(/play (refused|ended)/)).toBe(0);
});

/** Publishes fifty streams over one connection. */
async function publishFifty(stage: Stage, { port }: Srs): Promise<void> {
  const client = await Client.connect(stage, { port });
  for (let at = 1; at <= 50; at++) {
    await client.startPublish(`s${at}`);
    client.send(9, 0, avcHeader, at);
    client.send(9, 0, avcFrame(true, at), at);
  }
}

test.concurrent("an origin of fifty streams that dies and comes back costs an edge's log a few lines", async () => {
  await using stage = new Stage();
  const origin = await startSrs(stage, "origin");
  const edge = await startEdge(stage, "edge", [origin], ["read_timeout = 600000"]);
  await publishFifty(stage, origin);
  const player = await Client.connect(stage, { port: edge.port });
  for (let at = 1; at <= 50; at++) await player.startPlay(`s${at}`);
  await until("the edge has all streams", () => edge.program.count(/pull running/) === 50);

  /** Waits until all fifty are logged: ten with a line each in ten seconds, and the number of the others in one. */
  const isShort = async (what: string, before = 0) => {
    const sum = new RegExp(`${what} for more streams from=127\\.0\\.0\\.1:${origin.port} streams=(\\d+)`);
    const sums = () => edge.program.lines.flatMap((line) => sum.exec(line)?.[1] ?? []).map(Number);
    const singles = () => edge.program.lines.filter((line) => line.includes(`${what} from=`)).slice(before);
    await until(`"${what}" of all is logged`, () => sums().reduce((all, each) => all + each, singles().length) >= 50);
    // Twenty lines may come at the end of ten seconds and at the beginning of the next ones.
    const times = singles().map((line) => Date.parse(line.slice(0, "2026-11-23 01:39:30.986".length)));
    const brief = times.filter((time, at) => !((times[at + 20] ?? Number.POSITIVE_INFINITY) - time > 9000));
    expect([times.includes(Number.NaN), brief]).toEqual([false, []]);
  };
  await origin.program.kill();
  await isShort("pull lost");
  await isShort("pull failed");
  await publishFifty(stage, await startSrs(stage, "origin again", { port: origin.port }));
  await isShort("pull running", 50);
});

test("requests for thousands of unknown names leave nothing behind at an edge", async () => {
  await using stage = new Stage();
  const origin = await startSrs(stage, "origin");
  const edge = await startEdge(stage, "edge", [origin]);
  const ask = async (from: number, count: number) => {
    const client = await Client.connect(stage, { port: edge.port });
    for (let at = from; at < from + count; at++) {
      const id = await client.startPlay(`nobody-has-${at}`);
      client.say(0, "deleteStream", null, id);
    }
    await client.createStream();
    client.abort();
  };
  const rounds = async (names: number) => {
    for (let from = 0; from < names; from += 1000)
      await Promise.all(Array.from({ length: 20 }, (_, at) => ask(names + from + at * 50, 50)));
    await until(
      "the edge has let go of all",
      () => edge.program.count(/play started/) === edge.program.count(/play ended/),
    );
  };
  await rounds(1000);
  const before = edge.program.rss();
  await rounds(3000);
  const grown = edge.program.rss() - before;
  process.stdout.write(`edge: 3,000 missing names cost ${grown.toFixed(1)} MB\n`);
  expect(grown).toBeLessThan(40);
  expect(edge.program.count(/internal error/)).toBe(0);
});
