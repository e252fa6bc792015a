import { expect } from "bun:test";
import { clip } from "../support/e2e/clips.ts";
import { publishClip, saidBy } from "../support/e2e/ffmpeg.ts";
import { HlsEdge, urisOf } from "../support/e2e/hls.ts";
import { askedBy, openBrowser, openPage, stateIs, videoOf } from "../support/e2e/page/browser.ts";
import { Stage } from "../support/e2e/stage.ts";
import { testWith } from "../support/e2e/tools.ts";
import { until } from "../support/e2e/wait.ts";
import { opened, sealedIn } from "../support/hls-decrypt.ts";
import { withoutParts } from "../support/low-latency.ts";
import { mapsOf, readMedia } from "../support/playlists.ts";

const test = testWith("tests/e2e/hls-keys.test.ts", "FFmpeg");
const testWithChromium = testWith("tests/e2e/hls-keys.test.ts", "FFmpeg", "Chromium");

const SECRET = '[cluster]\nsecret = "0123456789abcdef0123456789abcdef"';
const encrypted = (format: string) => `hls_keys = true\nhls_fragments_per_key = 2\nhls_format = "${format}"\n${SECRET}`;

/** What a program of FFmpeg's reads from a server, and what it says about that. */
function read(edge: HlsEdge, program: string, ...words: readonly string[]): Promise<{ out: string; err: string }> {
  return saidBy(program, "-live_start_index", "0", "-i", edge.url, ...words);
}

/** Where the key of each segment of a media playlist is. */
function keysOf(text: string): string[] {
  return readMedia(text).segments.flatMap(({ key }) => (key?.method === "AES-128" && key.uri ? [key.uri] : []));
}

test.concurrent.each(["ts", "fmp4"])(
  "FFmpeg reads encrypted streams (%s) without a warning, which edges give byte for byte",
  async (format) => {
    await using stage = new Stage();
    const pushed = await HlsEdge.start(stage, "pushed", { more: encrypted(format) });
    const forward = `forward = "127.0.0.1:${pushed.rtmpPort}"`;
    const origin = await HlsEdge.start(stage, "origin", { vhost: forward, more: encrypted(format) });
    const plain = await HlsEdge.start(stage, "plain", { more: `hls_format = "${format}"` });
    const source = clip({ seconds: 5 });
    const encoders = [origin, plain].map(({ rtmp }, at) => publishClip(stage, source, rtmp, { name: `encoder${at}` }));
    expect(await Promise.all(encoders.map((encoder) => encoder.ended()))).toEqual([0, 0]);
    const texts: string[] = [];
    for (const edge of [origin, pushed, plain])
      texts.push(await edge.mediaWhen("the end", (text) => text.includes("#EXT-X-ENDLIST")));
    const [text = "", other = ""] = texts;
    // On a busy machine the stream comes to the edge a segment late.
    const common = urisOf(other);
    expect(common.length).toBeGreaterThanOrEqual(2);
    // Addresses of keys are each viewer's own; what they lead to is the same.
    const shared = (playlist: string) =>
      playlist.slice(playlist.indexOf(common[0] ?? "no segment")).replaceAll(/\.key\?hls_ctx=\w+/g, ".key");
    expect(shared(other)).toBe(shared(text));
    const keys = keysOf(text);
    expect(keys.length).toBe(urisOf(text).length);
    expect(new Set(keys).size).toBeGreaterThanOrEqual(2);
    const late = keys.length - common.length;
    for (const [at, key] of keysOf(other).entries()) {
      const [here, there] = [await origin.get(keys[late + at] ?? ""), await pushed.get(key)];
      expect([here.status, here.bytes.length, there.bytes]).toEqual([200, 16, here.bytes]);
    }
    for (const uri of [...mapsOf(other), ...common]) {
      const [here, there] = [await origin.get(uri), await pushed.get(uri)];
      expect([uri, here.status, there.status]).toEqual([uri, 200, 200]);
      expect(there.bytes).toEqual(here.bytes);
    }
    const packets = ["-show_data_hash", "md5", "-show_entries", "packet=codec_type,pts_time,data_hash", "-of", "csv"];
    const wanted = await read(plain, "ffprobe", ...packets);
    expect(wanted.out.split("\n").length).toBeGreaterThan(250);
    expect(await read(origin, "ffprobe", ...packets)).toEqual({ out: wanted.out, err: "" });
    for (const edge of [origin, pushed]) expect((await read(edge, "ffmpeg", "-f", "null", "-")).err).toBe("");
  },
);

testWithChromium.concurrent.each([
  ["segments", ""],
  ["parts", "hls_low_latency = true\n"],
])("the page of a stream plays it encrypted in Chromium (%s), over changes of keys", async (what, lowLatency) => {
  await using stage = new Stage();
  const edge = await HlsEdge.start(stage, "edge", { more: lowLatency + encrypted("fmp4") });
  publishClip(stage, clip({ seconds: 8 }), edge.rtmp, { input: ["-stream_loop", "-1"] });
  await edge.program.line(/publish started/);
  const browser = await openBrowser();
  stage.defer(() => browser.close());
  const errors: string[] = [];
  const page = await openPage(browser, edge.page("hls"), errors);
  await stateIs(page, "playing");
  // Players read the whole segments of a list with parts, too.
  const listedKeys = async () => keysOf(withoutParts(await edge.media()));
  const keys = new Set(await listedKeys());
  const { frames } = await videoOf(page);
  await until("a third key, and it moves on", async () => {
    for (const key of await listedKeys()) keys.add(key);
    return keys.size >= 3 && (await videoOf(page)).frames > frames + 100;
  });
  await stateIs(page, "playing");
  expect(errors).toEqual([]);
  if (what !== "parts") return;
  const isPart = (url: string) => /\.\d+-[0-9a-f]{8}\.m4s$/.test(url);
  await until("parts are asked for", async () => (await askedBy(page)).filter(isPart).length > 3);
  const sealed = sealedIn(await edge.media());
  const shown = new Map<number, Uint8Array[]>();
  for (const each of sealed) {
    const bytes = await opened(each, async (uri) => (await edge.get(uri)).bytes);
    const parts = shown.get(each.msn) ?? [];
    if (each.isPart) shown.set(each.msn, [...parts, bytes]);
    else if (parts.length > 0) expect(Buffer.concat(parts)).toEqual(Buffer.from(bytes));
  }
  expect(shown.size).toBeGreaterThanOrEqual(2);
});
