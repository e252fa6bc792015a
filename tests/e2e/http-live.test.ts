import { expect } from "bun:test";
import { FlvReader } from "../../src/media/flv-reader.ts";
import { Client } from "../support/e2e/client.ts";
import { clip } from "../support/e2e/clips.ts";
import { compare } from "../support/e2e/continuity.ts";
import { fileFrames, framesOf, playFrames, publishClip } from "../support/e2e/ffmpeg.ts";
import { FlvViewer } from "../support/e2e/flv-viewer.ts";
import { openBrowser, openPage, stateIs, videoOf } from "../support/e2e/page/browser.ts";
import { aacHeader, avcFrame, avcHeader, frameNumber } from "../support/e2e/payloads.ts";
import type { Program } from "../support/e2e/program.ts";
import { httpPort } from "../support/e2e/raw-http.ts";
import { type Srs, type SrsOptions, startSrs } from "../support/e2e/srs.ts";
import { Stage } from "../support/e2e/stage.ts";
import { testWith } from "../support/e2e/tools.ts";
import { until } from "../support/e2e/wait.ts";

const file = "tests/e2e/http-live.test.ts";
const test = testWith(file);
const testWithFfmpeg = testWith(file, "FFmpeg");
const testWithChromium = testWith(file, "FFmpeg", "Chromium");

const LISTEN = '[http_server]\nlisten = "127.0.0.1:0"\n';
const whole = { fromKey: true, runs: 1, toEnd: true, foreign: 0 };

interface HttpSrs extends Srs {
  readonly httpPort: number;
  /** `http://127.0.0.1:PORT/` and the path. */
  http(path: string): string;
}

async function startHttp(stage: Stage, name = "server", { more = "", ...options }: SrsOptions = {}): Promise<HttpSrs> {
  const server = await startSrs(stage, name, { ...options, more: `${more}\n${LISTEN}` });
  const port = await httpPort(server.program);
  return { ...server, httpPort: port, http: (path) => `http://127.0.0.1:${port}/${path}` };
}

/** Publishes a GOP of so many pictures with numbers from `from` on, 40 ms apart. */
function sendGop(publisher: Client, from: number, count: number, size = 200): void {
  if (from === 0) publisher.send(9, 0, avcHeader);
  for (let at = 0; at < count; at++) publisher.send(9, (from + at) * 40, avcFrame(at === 0, from + at, size));
}

const isPicture =
  (number: number) =>
  ({ payload }: { readonly payload: Uint8Array }) =>
    frameNumber(payload) === number;

/** An answer that is there at once. */
async function ask(url: string, headers: Record<string, string> = {}): Promise<[status: number, text: string]> {
  const answer = await fetch(url, { headers: { connection: "close", ...headers } });
  return [answer.status, await answer.text()];
}

/** Packets as FFmpeg finds them in a body whose times are not in ms. */
function playRaw(stage: Stage, url: string, map: string, ...filter: string[]): Program {
  const command = [
    "ffmpeg",
    "-hide_banner",
    "-nostats",
    "-loglevel",
    "warning",
    "-copyts",
    "-i",
    url,
    "-map",
    `0:${map}`,
  ];
  const hash = ["-c", "copy", ...filter, "-f", "framehash", "-hash", "md5", "-flush_packets", "1", "-"];
  return stage.start(`${map} of ${url.slice(-4)}`, [...command, ...hash]);
}

testWithFfmpeg.concurrent(
  "FFmpeg gets a stream's packets and times as FLV, MPEG-TS and AAC as it does by RTMP",
  async () => {
    await using stage = new Stage();
    const source = clip({ seconds: 8 });
    const server = await startHttp(stage);
    const encoder = publishClip(stage, source, server.url("live/show"));
    await server.program.line(/publish started/);
    const flv = ["flv", "flv?enhanced=1"].map((path) => playFrames(stage, server.http(`live/show.${path}`), path));
    const rtmp = playFrames(stage, server.url("live/show"), "rtmp");
    const ts = playRaw(stage, server.http("live/show.ts"), "v");
    const aac = playRaw(stage, server.http("live/show.aac"), "a", "-bsf:a", "aac_adtstoasc");
    expect(await encoder.ended()).toBe(0);
    const sent = fileFrames(source);
    for (const player of [rtmp, ...flv]) {
      expect(await player.ended()).toBe(0);
      const frames = framesOf(player.lines);
      expect({ name: player.name, ...compare(sent, frames, "video") }).toMatchObject(whole);
      expect({ name: player.name, ...compare(sent, frames, "audio") }).toMatchObject({
        runs: 1,
        toEnd: true,
        foreign: 0,
      });
    }

    // 90 kHz from an origin of its own, and parameter sets before key frames: the distances are the source's.
    expect(await ts.ended()).toBe(0);
    const pictures = framesOf(ts.lines, ["v"]);
    const pictured = sent.filter(({ track }) => track === "video").slice(-pictures.length);
    expect(pictures.length).toBeGreaterThan(25);
    expect(pictured[0]?.key).toBe(true);
    const distances = (frames: typeof pictures, scale: number) =>
      frames.map(({ dts, pts }) => [(dts - (frames[0]?.dts ?? 0)) * scale, (pts - dts) * scale]);
    expect(distances(pictures, 1)).toEqual(distances(pictured, 90));

    expect(await aac.ended()).toBe(0);
    const sound = framesOf(aac.lines, ["a"]).map(({ hash }) => hash);
    const heard = sent.filter(({ track }) => track === "audio").map(({ hash }) => hash);
    expect(sound.length).toBeGreaterThan(40);
    expect(sound).toEqual(heard.slice(-sound.length));
    for (const program of [...flv, ts, aac])
      expect(program.lines.filter((line) => /error|invalid|non-?mono/i.test(line))).toEqual([]);
    expect(server.program.count(/play ended .*stream=\/live\/show .*lost=0/)).toBe(5);
  },
);

testWithChromium("the page of a stream plays its FLV in Chromium, by HTTP and by WebSocket", async () => {
  await using stage = new Stage();
  const server = await startHttp(stage);
  publishClip(stage, clip({ seconds: 8 }), server.url("live/show"), { input: ["-stream_loop", "-1"] });
  await server.program.line(/publish started/);
  const browser = await openBrowser();
  stage.defer(() => void browser.close());
  const errors: string[] = [];
  for (const way of ["flv", "ws"]) {
    const page = await openPage(browser, server.http(`live/show?via=${way}`), errors);
    await stateIs(page, "playing");
    const { frames } = await videoOf(page);
    await until(`${way} goes on`, async () => (await videoOf(page)).frames > frames + 10);
    expect((await videoOf(page)).width).toBe(320);
    await page.close();
  }
  expect(errors).toEqual([]);
  expect(server.program.count(/connected .*url=ws:.*client=".*Chrome/)).toBe(1);
});

test.concurrent("viewers that are refused a stream get the reason by a status and one line", async () => {
  await using stage = new Stage();
  const closed = [
    "[vhost.closed]",
    "[vhost.closed.security]",
    "enabled = true",
    'allow = "publish all"',
    'deny = "play all"',
  ];
  const full = [
    "[vhost.full]",
    "[vhost.full.limits]",
    "max_players = 1",
    "[vhost.off]",
    "[vhost.off.http_remux]",
    "enabled = false",
  ];
  const server = await startHttp(stage, "server", { more: [...closed, ...full].join("\n") });
  const publishers = ["show", "show?vhost=closed", "show?vhost=full", "show?vhost=off"].map((name) =>
    Client.publish(stage, { port: server.port }, name),
  );
  for (const publisher of await Promise.all(publishers)) sendGop(publisher, 0, 2);
  const url = (path: string) => server.http(`live/${path}`);
  expect(await ask(url("nothing.flv"))).toEqual([404, "nobody publishes /live/nothing\n"]);
  expect(await ask(url("show.flv?vhost=closed"))).toEqual([403, "playing is not allowed from this address\n"]);
  expect(await ask(url("show.flv?vhost=off"))).toEqual([406, "playing .flv over HTTP is switched off here\n"]);
  expect(await ask(url("show.m3u8"))).toEqual([406, "HLS is switched off here\n"]);
  const first = await FlvViewer.open(stage, server.httpPort, "/live/show.flv?vhost=full");
  await first.tag("a picture", isPicture(1));
  expect(await ask(url("show.flv?vhost=full"))).toEqual([503, "players of full/live/show: 1, allowed: 1\n"]);
  // It has no sound: nothing says so but that none comes.
  expect(await ask(url("show.aac"))).toEqual([406, "/live/show has nothing that can be sent as AAC\n"]);
  for (const publisher of await Promise.all(publishers)) publisher.send(8, 80, aacHeader);
  await until("the sound's header is there", async () => (await ask(url("show.mp3")))[1].includes("the sound is AAC"));
  const heads = [];
  for (const path of ["show.ts", "nothing.ts"]) {
    const head = await fetch(url(path), { method: "HEAD" });
    heads.push([head.status, head.headers.get("content-type")]);
  }
  expect(heads).toEqual([
    [200, "video/mp2t"],
    [404, "text/plain; charset=utf-8"],
  ]);
  await server.program.line(/play refused .*stream=\/live\/nothing error="nobody publishes/);
});

test.concurrent("when the stream stops, the answer ends, or waits for the next start", async () => {
  await using stage = new Stage();
  const waits = '[vhost.waits]\n[vhost.waits.http_remux]\non_unpublish = "wait"';
  const server = await startHttp(stage, "server", { more: waits });
  const publish = async (name: string) => {
    const publisher = await Client.publish(stage, { port: server.port }, name);
    sendGop(publisher, 0, 2);
    return publisher;
  };
  const [one, other] = [await publish("show"), await publish("show?vhost=waits")];
  const closing = await FlvViewer.open(stage, server.httpPort, "/live/show.flv");
  const old = await FlvViewer.open(stage, server.httpPort, "/live/show.flv", 0);
  const waiting = await FlvViewer.open(stage, server.httpPort, "/live/show.flv?vhost=waits");
  for (const viewer of [closing, old, waiting]) await viewer.tag("a picture", isPicture(1));
  expect(old.head).not.toMatch(/transfer-encoding/i);
  for (const publisher of [one, other]) publisher.say(1, "FCUnpublish", null, "show");
  for (const publisher of [one, other]) publisher.say(0, "deleteStream", null, 1);
  await until("the answers end", () => closing.closed && old.closed);
  expect([closing.ended, waiting.closed]).toEqual([true, false]);
  const again = await Client.publish(stage, { port: server.port }, "show?vhost=waits");
  again.send(9, 0, avcHeader);
  again.send(9, 0, avcFrame(true, 7));
  await waiting.tag("the next start's picture", isPicture(7));
  expect(await ask(server.http("live/show.flv"))).toEqual([404, "nobody publishes /live/show\n"]);
});

test.concurrent("an edge fetches the stream for an HTTP viewer by RTMP or HTTP, and refuses the viewer when no server has it", async () => {
  await using stage = new Stage();
  const origin = await startHttp(stage, "origin");
  const edgeOf = (address: string) => `[vhost.__defaultVhost__.edge]\norigin = "${address}"\nwait = 3`;
  const near = await startHttp(stage, "near", { more: edgeOf(`127.0.0.1:${origin.port}`) });
  const far = await startHttp(stage, "far", { more: edgeOf(`http://127.0.0.1:${near.httpPort}`) });
  const publisher = await Client.publish(stage, { port: origin.port }, "show");
  sendGop(publisher, 0, 3);
  const viewer = await FlvViewer.open(stage, far.httpPort, "/live/show.flv?audio=0&token=1");
  await viewer.tag("a picture", isPicture(2));
  sendGop(publisher, 3, 2);
  await viewer.tag("the next one", isPicture(4));
  await near.program.line(/connected .*client=srs\//);
  expect(await ask(far.http("live/nothing.flv"))).toEqual([
    404,
    expect.stringContaining("no origin") as unknown as string,
  ]);
  publisher.say(0, "deleteStream", null, 1);
  await until("the viewer's answer ends", () => viewer.closed);
  expect(viewer.ended).toBe(true);
});

test.concurrent("a browser's WebSocket gets the same FLV, a message for each batch", async () => {
  await using stage = new Stage();
  const server = await startHttp(stage);
  const publisher = await Client.publish(stage, { port: server.port }, "show");
  sendGop(publisher, 0, 2);
  const numbers: (number | undefined)[] = [];
  const reader = new FlvReader((_, __, payload) => numbers.push(frameNumber(payload)));
  const socket = new WebSocket(`ws://127.0.0.1:${server.httpPort}/live/show.flv`);
  stage.defer(() => socket.close());
  socket.binaryType = "arraybuffer";
  socket.onmessage = ({ data }) => reader.push(new Uint8Array(data as ArrayBuffer));
  const closed = new Promise<CloseEvent>((resolve) => {
    socket.onclose = resolve;
  });
  await until("the pictures", () => numbers.includes(1));
  publisher.say(0, "deleteStream", null, 1);
  const { code, reason } = await closed;
  expect([code, reason]).toEqual([1000, "the stream has ended"]);
  await server.program.line(/connected .*url=ws:/);
});

test.concurrent("a viewer that stopped reading continues at a key frame, and costs the others nothing", async () => {
  await using stage = new Stage();
  const server = await startHttp(stage, "server", { vhost: "queue_length = 1" });
  const publisher = await Client.publish(stage, { port: server.port }, "show");
  sendGop(publisher, 0, 2);
  const [slow, other] = [
    await FlvViewer.open(stage, server.httpPort, "/live/show.flv"),
    await FlvViewer.open(stage, server.httpPort, "/live/show.flv"),
  ];
  for (const viewer of [slow, other]) await viewer.tag("a picture", isPicture(1));
  slow.read(false);
  // Far more than kernels hold for a connection.
  let number = 2;
  for (let mb = 0; mb < 40; mb++, number += 25) {
    publisher.send(9, number * 40, avcFrame(true, number, 500_000));
    for (let at = 1; at < 25; at++) publisher.send(9, (number + at) * 40, avcFrame(false, number + at, 20_000));
    await other.tag("all of it", isPicture(number + 24));
  }
  slow.read(true);
  publisher.send(9, number * 40, avcFrame(true, number));
  await slow.tag("the newest", isPicture(number));
  const numbers = slow.tags.map(({ payload }) => frameNumber(payload)).filter((one) => one !== undefined);
  const jumps = numbers.filter((one, at) => at > 0 && one !== (numbers[at - 1] ?? 0) + 1);
  expect(jumps.length).toBeGreaterThan(0);
  // Key frames are at 2, 27, 52…
  for (const to of jumps) expect((to - 2) % 25).toBe(0);
  slow.leave();
  await server.program.line(/play ended .*lost=[1-9]/);
  expect(other.tags.map(({ payload }) => frameNumber(payload)).filter((one) => one !== undefined)).toEqual(
    Array.from({ length: number + 1 }, (_, at) => at),
  );
});
