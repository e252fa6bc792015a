import { expect } from "bun:test";
import { Client } from "../support/e2e/client.ts";
import { clip } from "../support/e2e/clips.ts";
import { fileFrames, publishClip } from "../support/e2e/ffmpeg.ts";
import { HlsEdge, urisOf } from "../support/e2e/hls.ts";
import { HlsReloadServer } from "../support/e2e/hls-reload-server.ts";
import { openBrowser, openPage, stateIs, videoOf } from "../support/e2e/page/browser.ts";
import { picture, sendGop } from "../support/e2e/reload/server.ts";
import { Stage } from "../support/e2e/stage.ts";
import { testWith } from "../support/e2e/tools.ts";
import { until } from "../support/e2e/wait.ts";
import { withoutParts } from "../support/low-latency.ts";
import { checkHistory } from "../support/playlists.ts";

const test = testWith("tests/e2e/hls.test.ts");
const testWithFfmpeg = testWith("tests/e2e/hls.test.ts", "FFmpeg");
const testWithChromium = testWith("tests/e2e/hls.test.ts", "FFmpeg", "Chromium");

/** An encoder that sends pictures as fast as it likes. */
class Encoder {
  readonly #client: Client;
  #number: number;

  private constructor(client: Client, number: number) {
    this.#client = client;
    this.#number = number;
  }

  /** Its pictures begin with this one: what a stream has had already, servers take for a repetition. */
  static async begin(stage: Stage, { rtmpPort }: HlsEdge, number = 0): Promise<Encoder> {
    return new Encoder(await Client.publish(stage, { port: rtmpPort }, "show"), number);
  }

  /** GOPs of a second. */
  send(seconds: number): void {
    for (let second = 0; second < seconds; second++, this.#number += 25) sendGop(this.#client, this.#number, 25);
  }

  leave(): void {
    this.#client.abort();
  }
}

const last = (text: string) => urisOf(text).at(-1) ?? "";

/** Whether packets of a listed segment are missing: all of them as a gap, or some as the end of its URL says. */
const lacksPackets = (text: string) => /#EXT-X-GAP|-\d+-[0-9a-f]{8}\.(?:ts|m4s)/.test(text);

/** Waits until a server lists what another one lists, and has all of its segments byte for byte; how many there are. */
async function expectSame(edge: HlsEdge, origin: HlsEdge): Promise<number> {
  let wanted = "";
  // The origin may still be cutting what was sent.
  await edge
    .mediaWhen("the origin's playlist", async (text) => {
      wanted = await origin.media();
      return text === wanted;
    })
    .catch((error: unknown) => {
      throw new Error(`${String(error)}\nand the origin has\n${wanted}`);
    });
  for (const uri of urisOf(wanted)) expect((await edge.get(uri)).bytes).toEqual((await origin.get(uri)).bytes);
  return urisOf(wanted).length;
}

test.concurrent("edges give the playlists and segments of their origin, byte for byte", async () => {
  await using stage = new Stage();
  const pushed = await HlsEdge.start(stage, "pushed");
  const forward = `forward = "127.0.0.1:${pushed.rtmpPort}"`;
  const origin = await HlsEdge.start(stage, "origin", { vhost: forward });
  const fetches = `[vhost.__defaultVhost__.edge]\norigin = "127.0.0.1:${origin.rtmpPort}"`;
  const fetching = await HlsEdge.start(stage, "fetching", { more: fetches });
  const encoder = await Encoder.begin(stage, origin);
  encoder.send(4);
  await origin.mediaWhen("three segments", (text) => urisOf(text).length >= 3);
  // Its first request waits for the first whole segment; where that takes too long, it is told to ask again.
  let status = 503;
  const asked = (async () => {
    while (status === 503) status = (await fetching.get()).status;
  })();
  await origin.program.line(/play started/);
  while (status === 503) {
    encoder.send(1);
    await Bun.sleep(20);
  }
  await asked;
  expect(status).toBe(200);
  encoder.send(10);
  await origin.mediaWhen("a whole window", (text) => urisOf(text).length >= 8);
  for (const edge of [pushed, fetching]) expect(await expectSame(edge, origin)).toBeGreaterThanOrEqual(6);
  const texts = [await pushed.media()];
  encoder.leave();
  await pushed.program.line(/publish ended/);
  const again = await Encoder.begin(stage, origin, 100_000);
  again.send(12);
  // An edge that is connected late has begun behind most of that, and its playlist shows what it lacks.
  for (const edge of [origin, pushed, fetching]) {
    await edge.mediaWhen("the new encoder's segments alone", (text) => {
      const isOver = !text.includes(last(texts[0] ?? "")) && !lacksPackets(text);
      if (!isOver) again.send(1);
      return isOver;
    });
  }
  for (const edge of [pushed, fetching]) expect(await expectSame(edge, origin)).toBeGreaterThanOrEqual(6);
  checkHistory([...texts, await pushed.media()]);
});

test.concurrent("an upgrade fails no request, loses no segment and continues the numbers", async () => {
  await using stage = new Stage();
  const hls = await HlsReloadServer.start(stage);
  const { server } = hls;
  const publisher = await server.publish();
  let number = 0;
  const send = (seconds: number) => {
    for (let second = 0; second < seconds; second++, number += 25) sendGop(publisher, number, 25);
  };
  const witness = await server.play();
  send(8);
  await picture(witness, number - 1);
  const link = urisOf((await hls.get("show.m3u8")).text)[0] ?? "";
  const texts = [(await hls.get(link)).text];
  await hls.upgrade();
  for (const uri of urisOf(texts[0] ?? "")) expect((await hls.get(uri)).status).toBe(200);
  // The encoder is still with the old process.
  for (let second = 0; second < 4; second++) {
    send(1);
    await picture(witness, number - 1);
    const { status, text } = await hls.get(link);
    expect(status).toBe(200);
    texts.push(text);
  }
  checkHistory(texts);
  expect(texts.at(-1)).not.toContain("GAP");
  expect(last(texts.at(-1) ?? "")).not.toBe(last(texts[0] ?? ""));
});

for (const [what, more] of [
  ["segments", ""],
  ["parts", "hls_low_latency = true"],
] as const)
  test.concurrent(`an upgrade of an edge that has no connections leaves no gap, and the old process ends (${what})`, async () => {
    await using stage = new Stage();
    const origin = await HlsEdge.start(stage, "origin", { more });
    const encoder = await Encoder.begin(stage, origin);
    encoder.send(4);
    const fetches = `[vhost.__defaultVhost__.edge]\norigin = "127.0.0.1:${origin.rtmpPort}"`;
    const hls = await HlsReloadServer.start(stage, `${more}\n${fetches}`);
    let first = { status: 503, text: "" };
    const asked = (async () => {
      while (first.status === 503) first = await hls.get("show.m3u8");
    })();
    await origin.program.line(/play started/);
    while (first.status === 503) {
      encoder.send(1);
      await Bun.sleep(20);
    }
    await asked;
    const link = urisOf(first.text)[0] ?? "";
    const texts = [(await hls.get(link)).text];
    await hls.upgrade();
    for (let second = 0; second < 6; second++) {
      // The old process has listed three segments more, and the new one fetches the stream itself.
      if (second === 3) {
        expect(await hls.server.program.ended()).toBe(0);
        await until("the origin has another player", () => origin.program.count(/play started/) === 2);
      }
      const before = last(texts.at(-1) ?? "");
      encoder.send(1);
      await until("another segment is listed", async () => {
        const { text } = await hls.get(link);
        if (last(text) !== before) texts.push(text);
        return last(text) !== before;
      });
    }
    checkHistory(texts.map(withoutParts));
    expect(texts.filter(lacksPackets)).toEqual([]);
  });

for (const [what, tracks] of [
  ["video and sound", { video: true, audio: true }],
  ["video", { video: true, audio: false }],
  ["sound", { video: false, audio: true }],
] as const) {
  testWithFfmpeg.concurrent(`FFmpeg reads ${what} without a warning, all of what was published`, async () => {
    await using stage = new Stage();
    const origin = await HlsEdge.start(stage, "origin");
    const source = clip({ seconds: 6, ...tracks });
    const encoder = publishClip(stage, source, origin.rtmp);
    expect(await encoder.ended()).toBe(0);
    await origin.mediaWhen("the end", (text) => text.includes("#EXT-X-ENDLIST"));
    const read = (program: string, ...words: readonly string[]) => {
      const run = Bun.spawnSync([program, "-v", "warning", "-live_start_index", "0", "-i", origin.url, ...words]);
      return { out: run.stdout.toString(), err: run.stderr.toString() };
    };
    expect(read("ffmpeg", "-f", "null", "-").err).toBe("");
    const { out, err } = read("ffprobe", "-show_entries", "packet=codec_type", "-of", "csv=p=0");
    expect(err).toBe("");
    const kinds = out.split("\n").map((each) => each.replace(",", ""));
    const frames = fileFrames(source);
    // Sound before the first picture is in no segment.
    const first = Math.max(
      frames.findIndex(({ track }) => track === "video"),
      0,
    );
    const sent = frames.slice(first);
    for (const track of ["video", "audio"])
      expect(kinds.filter((kind) => kind === track).length).toBe(sent.filter((frame) => frame.track === track).length);
  });
}

testWithChromium.concurrent(
  "the page of a stream plays HLS in Chromium, and plays on with another encoder",
  async () => {
    await using stage = new Stage();
    const edge = await HlsEdge.start(stage, "edge");
    const loop = ["-stream_loop", "-1"];
    const first = publishClip(stage, clip({ seconds: 8 }), edge.rtmp, { input: loop });
    await edge.program.line(/publish started/);
    const browser = await openBrowser();
    stage.defer(() => browser.close());
    const errors: string[] = [];
    const page = await openPage(browser, edge.page("hls"), errors);
    await stateIs(page, "playing");
    await first.kill();
    // Its pictures are of another size, so that the page shows whose it plays.
    publishClip(stage, clip({ seconds: 8, size: "384x216" }), edge.rtmp, { input: loop, name: "another" });
    await until("the other's picture", async () => (await videoOf(page)).width === 384);
    const { frames } = await videoOf(page);
    await until("it moves on", async () => (await videoOf(page)).frames > frames + 25);
    await stateIs(page, "playing");
    // One visit: it has not begun anew.
    expect(edge.program.count(/play started/)).toBe(1);
    expect(errors).toEqual([]);
  },
);

testWithChromium.concurrent("the page leaves a server that is silent for another, and says when all are", async () => {
  await using stage = new Stage();
  const [one, other] = [await HlsEdge.start(stage, "one"), await HlsEdge.start(stage, "other")];
  const loop = ["-stream_loop", "-1"];
  publishClip(stage, clip({ seconds: 8 }), one.rtmp, { input: loop, name: "encoder" });
  // Its pictures are of another size, so that the page shows whose it plays.
  publishClip(stage, clip({ seconds: 8, size: "384x216" }), other.rtmp, { input: loop, name: "another encoder" });
  for (const { program } of [one, other]) await program.line(/publish started/);
  const browser = await openBrowser();
  stage.defer(() => browser.close());
  const page = await openPage(browser, `${one.page("hls")}&also=${encodeURIComponent(other.page("hls"))}`);
  await stateIs(page, "playing");
  expect((await videoOf(page)).width).toBe(320);
  stage.defer(() => one.program.signal("SIGCONT"));
  one.program.signal("SIGSTOP");
  // A script's own limits would have it wait for half a minute.
  await until("the other's picture", async () => (await videoOf(page)).width === 384, 25_000);
  await stateIs(page, "playing");
  stage.defer(() => other.program.signal("SIGCONT"));
  other.program.signal("SIGSTOP");
  await stateIs(page, "waiting", "Connection lost");
});
