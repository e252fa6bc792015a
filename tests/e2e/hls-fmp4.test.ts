import { expect } from "bun:test";
import { readFileSync } from "node:fs";
import { BufferSource, EncodedPacketSink, Input, MP4 } from "mediabunny";
import { FrameReader } from "../../src/media/frame.ts";
import { type Packet, PacketFlag, PacketKind } from "../../src/media/packet.ts";
import { concat } from "../support/bytes.ts";
import { Client } from "../support/e2e/client.ts";
import { clip } from "../support/e2e/clips.ts";
import { publishClip } from "../support/e2e/ffmpeg.ts";
import { HlsEdge, urisOf } from "../support/e2e/hls.ts";
import { openBrowser, openPage, stateIs, videoOf } from "../support/e2e/page/browser.ts";
import { Stage } from "../support/e2e/stage.ts";
import { testWith } from "../support/e2e/tools.ts";
import { until } from "../support/e2e/wait.ts";
import { mp4Clip } from "../support/mp4-clip.ts";
import { mapsOf, readMedia } from "../support/playlists.ts";

const test = testWith("tests/e2e/hls-fmp4.test.ts", "FFmpeg");
const testWithChromium = testWith("tests/e2e/hls-fmp4.test.ts", "FFmpeg", "Chromium");

const FMP4 = 'hls_format = "fmp4"';
const SECONDS = 3;
const PICTURE = ["-f", "lavfi", "-i", "testsrc2=size=192x108:rate=25"];
const SOUND = ["-f", "lavfi", "-i", "sine=frequency=440:sample_rate=44100"];
const YUV = ["-pix_fmt", "yuv420p"];
const X264 = ["-c:v", "libx264", "-preset", "ultrafast", "-bf", "2", "-g", "25", "-sc_threshold", "0"];
const X265 = ["-c:v", "libx265", "-preset", "ultrafast", "-x265-params"];
const VP9 = ["-c:v", "libvpx-vp9", "-deadline", "realtime", "-cpu-used", "8", "-g", "25"];
const AOM = ["-c:v", "libaom-av1", "-usage", "realtime", "-cpu-used", "8", "-g", "25"];
const BOTH = [...PICTURE, ...SOUND, ...YUV];

/** What FFmpeg makes a clip of, and what the multivariant playlist calls it. */
const CLIPS: Readonly<Record<string, { readonly words: readonly string[]; readonly codecs: RegExp }>> = {
  "H.264 with B-frames and AAC": { words: [...BOTH, ...X264, "-c:a", "aac"], codecs: /^avc1\.4d\w{4},mp4a\.40\.2$/ },
  "HEVC with B-frames and E-AC-3": {
    words: [...BOTH, ...X265, "log-level=none:keyint=25:min-keyint=25:open-gop=0:bframes=2", "-c:a", "eac3"],
    codecs: /^hvc1\.1\.6\.L\d+\.\w+,ec-3$/,
  },
  "VP9 and Opus": { words: [...BOTH, ...VP9, "-c:a", "libopus"], codecs: /^vp09\.00\.\d\d\.08\S*,Opus$/ },
  "AV1 and FLAC": {
    words: [...BOTH, ...AOM, "-c:a", "flac", "-strict", "-2"],
    codecs: /^av01\.0\.\d\dM\.08\S*,fLaC$/,
  },
  "H.264 and MP3": { words: [...BOTH, ...X264, "-c:a", "libmp3lame"], codecs: /^avc1\.4d\w{4},mp4a\.40\.34$/ },
  "AC-3 alone": { words: [...SOUND, "-c:a", "ac3"], codecs: /^ac-3$/ },
};

/** Runs FFmpeg or ffprobe beside other tests; what it says is a failure. */
async function run(program: string, ...words: readonly string[]): Promise<string> {
  const spawned = Bun.spawn([program, "-v", "warning", ...words], { stdout: "pipe", stderr: "pipe" });
  const { stdout, stderr, exited } = spawned;
  const [out, err] = await Promise.all([new Response(stdout).text(), new Response(stderr).text(), exited]);
  expect({ words, err }).toEqual({ words, err: "" });
  return out;
}

/** A packet as ffprobe or the encoder has it, times in ms. */
interface Seen {
  readonly dts: number;
  readonly pts: number;
  readonly key: boolean;
  readonly md5: string;
}

async function probe(kind: "v" | "a", ...input: readonly string[]): Promise<Seen[]> {
  const entries = ["-show_data_hash", "md5", "-show_entries", "packet=dts_time,pts_time,flags,data_hash"];
  const out = await run("ffprobe", "-select_streams", kind, ...entries, "-of", "json", ...input);
  const { packets } = JSON.parse(out) as { packets: Record<string, string>[] };
  return packets.map(({ dts_time: dts, pts_time: pts, flags = "", data_hash: hash = "" }) => {
    return { dts: Number(dts) * 1000, pts: Number(pts) * 1000, key: flags.startsWith("K"), md5: hash.slice(4) };
  });
}

function sent(packets: readonly Packet[], wanted: PacketKind): Seen[] {
  const frame = new FrameReader();
  return packets.flatMap(({ kind, payload, time, flags }) => {
    if (kind !== wanted) return [];
    frame.read(kind, payload);
    const md5 = new Bun.CryptoHasher("md5").update(payload.subarray(frame.start, frame.end)).digest("hex");
    const key = kind === PacketKind.Audio || (flags & PacketFlag.Key) !== 0;
    return [{ dts: time, pts: time + frame.composition, key, md5 }];
  });
}

/** Another reader of MP4 finds the packets of each track, in their order of decoding. */
async function expectSameByMediabunny(edge: HlsEdge, playlist: string, packets: readonly Packet[]): Promise<void> {
  const parts = await Promise.all([...new Set(mapsOf(playlist)), ...urisOf(playlist)].map((uri) => edge.get(uri)));
  const input = new Input({ formats: [MP4], source: new BufferSource(concat(parts.map(({ bytes }) => bytes))) });
  const first = packets.find(({ kind }) => kind === PacketKind.Video)?.time ?? 0;
  const heard = packets.filter(({ kind, time }) => kind === PacketKind.Video || time >= first);
  const tracks = await input.getTracks();
  expect(tracks.length).toBe(new Set(heard.map(({ kind }) => kind)).size);
  for (const track of tracks) {
    const found: string[] = [];
    for await (const { data } of new EncodedPacketSink(track).packets())
      found.push(new Bun.CryptoHasher("md5").update(data).digest("hex"));
    const kind = track.type === "video" ? PacketKind.Video : PacketKind.Audio;
    expect([track.type, found]).toEqual([track.type, sent(heard, kind).map(({ md5 }) => md5)]);
  }
}

/** Starts a server and publishes to it all packets of a clip; it lists them whole. */
async function published(stage: Stage, headers: readonly Packet[], packets: readonly Packet[]): Promise<HlsEdge> {
  const edge = await HlsEdge.start(stage, "edge", { more: FMP4 });
  const publisher = await Client.publish(stage, { port: edge.rtmpPort }, "show");
  for (const { kind, time, payload } of [...headers, ...packets]) publisher.send(kind, time, payload);
  await publisher.stopPublish("show", 1);
  await edge.mediaWhen("the end", (text) => text.includes("#EXT-X-ENDLIST"));
  return edge;
}

test.concurrent.each(Object.entries(CLIPS))(
  "FFmpeg reads %s without a warning, with the source's packets and times",
  async (_, { words, codecs }) => {
    await using stage = new Stage();
    const path = stage.path("clip.mp4");
    await run("ffmpeg", "-v", "error", ...words, "-t", String(SECONDS), path);
    const { headers, packets } = mp4Clip(path, readFileSync(path));
    const edge = await published(stage, headers, packets);
    const { text } = await edge.get();
    expect(/CODECS="(.*?)"/.exec(text)?.[1]).toMatch(codecs);
    const playlist = await edge.media();
    expect(readMedia(playlist).segments.length).toBeGreaterThanOrEqual(SECONDS - 1);
    expect(new Set(mapsOf(playlist)).size).toBe(1);
    await expectSameByMediabunny(edge, playlist, packets);
    const hls = ["-live_start_index", "0", "-i", edge.url];
    await run("ffmpeg", ...hls, "-f", "null", "-");
    const first = sent(packets, PacketKind.Video)[0]?.dts;
    const heard = packets.filter(({ kind, time }) => kind === PacketKind.Video || time >= (first ?? 0));
    const zero = Math.min(...heard.map(({ time }) => time));
    const [pictures, wanted] = [await probe("v", ...hls), sent(heard, PacketKind.Video)];
    const rounded = (list: readonly Seen[], from: number) =>
      list.map(({ dts, pts, key, md5 }) => [Math.round(dts - from), Math.round(pts - from), key, md5]);
    const start = pictures[0]?.dts ?? 0;
    expect(rounded(pictures, start)).toEqual(rounded(wanted, wanted[0]?.dts ?? 0));
    const [sounds, played] = [await probe("a", ...hls), sent(heard, PacketKind.Audio)];
    expect(sounds.map(({ md5 }) => md5)).toEqual(played.map(({ md5 }) => md5));
    const origin = pictures.length > 0 ? start - ((wanted[0]?.dts ?? 0) - zero) : (sounds[0]?.pts ?? 0);
    for (const [at, { pts }] of sounds.entries())
      expect(Math.abs(pts - origin - ((played[at]?.pts ?? 0) - zero))).toBeLessThanOrEqual(1.5);
  },
);

test.concurrent("edges give the init segments and segments of their origin, byte for byte", async () => {
  await using stage = new Stage();
  const pushed = await HlsEdge.start(stage, "pushed", { more: FMP4 });
  const forward = `forward = "127.0.0.1:${pushed.rtmpPort}"`;
  const origin = await HlsEdge.start(stage, "origin", { vhost: forward, more: FMP4 });
  const publisher = await Client.publish(stage, { port: origin.rtmpPort }, "show");
  // Pictures of another size are another init segment.
  for (const [part, size] of ["192x108", "128x72"].entries()) {
    const path = stage.path(`${size}.mp4`);
    await run("ffmpeg", "-v", "error", ...BOTH, ...X264, "-s", size, "-c:a", "aac", "-t", String(SECONDS), path);
    const { headers, packets } = mp4Clip(path, readFileSync(path));
    for (const { kind, time, payload } of [...headers, ...packets])
      publisher.send(kind, time + part * SECONDS * 1000, payload);
  }
  await publisher.stopPublish("show", 1);
  const texts: string[] = [];
  for (const edge of [origin, pushed])
    texts.push(await edge.mediaWhen("the end", (text) => text.includes("#EXT-X-ENDLIST")));
  const [text = "", other] = texts;
  expect(other).toBe(text);
  const maps = [...new Set(mapsOf(text))];
  expect(maps.length).toBe(2);
  expect(text).toContain(`#EXT-X-DISCONTINUITY\n#EXT-X-MAP:URI="${maps[1]}"`);
  for (const uri of [...maps, ...urisOf(text)]) {
    const [here, there] = [await origin.get(uri), await pushed.get(uri)];
    expect([uri, here.status, there.status]).toEqual([uri, 200, 200]);
    expect(there.bytes).toEqual(here.bytes);
  }
});

testWithChromium.concurrent(
  "the page of a stream plays fragmented MP4 in Chromium, and plays on with another encoder",
  async () => {
    await using stage = new Stage();
    const edge = await HlsEdge.start(stage, "edge", { more: FMP4 });
    const loop = { input: ["-stream_loop", "-1"] };
    const first = publishClip(stage, clip({ seconds: 8 }), edge.rtmp, loop);
    await edge.program.line(/publish started/);
    const browser = await openBrowser();
    stage.defer(() => browser.close());
    const errors: string[] = [];
    const page = await openPage(browser, edge.page("hls"), errors);
    await stateIs(page, "playing");
    await first.kill();
    publishClip(stage, clip({ seconds: 8, size: "384x216" }), edge.rtmp, { ...loop, name: "another" });
    await until("the other's picture", async () => (await videoOf(page)).width === 384);
    const { frames } = await videoOf(page);
    await until("it moves on", async () => (await videoOf(page)).frames > frames + 25);
    await stateIs(page, "playing");
    expect(await edge.media()).toContain(".m4s");
    expect(errors).toEqual([]);
  },
);
