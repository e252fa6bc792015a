import { describe, expect, test } from "bun:test";
import { hlsFormats } from "../../../../src/features/hls/formats.ts";
import { PacketKind } from "../../../../src/media/packet.ts";
import { fromHex } from "../../../support/bytes.ts";
import { HlsStage, type HlsStageOptions, urisOf } from "../../../support/hls-stage.ts";
import type { Feed } from "../../../support/live.ts";
import { parseFragments, parseTracks } from "../../../support/mp4-parser.ts";
import { checkHistory, mapsOf, readMedia } from "../../../support/playlists.ts";
import {
  aacFrame,
  aacHeader,
  avcFrame,
  avcHeader,
  avcRecord,
  h264Pps,
  h264Sps,
  unit,
} from "../../../support/ts-media.ts";
import { headerVectors } from "../../../vectors/codec-headers.ts";

const TOKEN = "a".repeat(32);
const MEDIA = `/live/show.m3u8?hls_ctx=${TOKEN}`;

function stageOf(options: HlsStageOptions = {}): HlsStage {
  const config = { hls_format: "fmp4" as const, ...options.config };
  return new HlsStage({ ...options, config, context: { formats: hlsFormats } });
}

function begin(stage: HlsStage, header = avcHeader()): Feed {
  const feed = stage.live.publish("show");
  for (const { kind, payload } of [aacHeader, header]) feed.send(kind, payload);
  return feed;
}

/** GOPs of 2 s with sound, and the next key frame. */
function goOn(feed: Feed, seconds: number): Feed {
  const picture = (key: boolean) => feed.send(PacketKind.Video, avcFrame(0, 80, key, [unit(key ? 5 : 1, 60)]).payload);
  for (let ms = 0; ms < seconds * 1000; ms += 400) {
    picture(ms % 2000 === 0);
    feed.send(PacketKind.Audio, aacFrame(0, unit(0x21, 40)).payload).wait(400);
  }
  picture(true);
  return feed;
}

/** H.264 of the same size with another picture parameter set. */
const otherHeader = avcHeader(avcRecord([h264Sps], [h264Pps, fromHex("68eae3cb22c1")]));

function bodyOf(stage: HlsStage, uri: string): Uint8Array {
  const { answer, refusal } = stage.get(`/live/${uri}`);
  if (!(answer?.body instanceof Uint8Array)) throw new Error(`no ${uri}: ${refusal?.reason}`);
  return answer.body;
}

async function settled(): Promise<void> {
  for (let turns = 0; turns < 80; turns++) await Promise.resolve();
}

describe("fragmented MP4", () => {
  test("has one init segment for consecutive segments, whose decode times are consecutive", () => {
    const stage = stageOf();
    goOn(begin(stage), 10);
    const { text } = stage.get(MEDIA);
    const { segments, version } = readMedia(text);
    expect(version).toBe(6);
    const [map = "", ...others] = new Set(mapsOf(text));
    expect(others).toEqual([]);
    expect(text.match(/#EXT-X-MAP/g)?.length).toBe(1);
    expect(map).toMatch(/^show\/[0-9a-f]{32}-[0-9a-f]{16}\.mp4$/);
    const tracks = parseTracks(bodyOf(stage, map));
    expect(tracks.map(({ handler }) => handler)).toEqual(["vide", "soun"]);
    const made = segments.flatMap(({ uri, mediaSequenceNumber }) => {
      const fragments = parseFragments(bodyOf(stage, uri));
      expect(fragments.map(({ sequence }) => sequence)).toEqual([mediaSequenceNumber]);
      return fragments.flatMap(({ samples }) => samples.filter(({ track }) => track === 1));
    });
    expect(made.map(({ dts }) => dts)).toEqual(made.map((_, at) => at * 400 * 90));
    expect(made.every(({ duration }) => duration === 400 * 90)).toBe(true);
    const { answer } = stage.get(`/live/${map}`);
    expect([answer?.type, answer?.headers?.["cache-control"]]).toEqual([
      "video/mp4",
      "public, max-age=3600, immutable",
    ]);
    expect(stage.get(`/live/${segments[0]?.uri}`).answer?.type).toBe("video/mp4");
  });

  test("has another init segment after a discontinuity when headers change, and keeps both while they may be requested", () => {
    const stage = stageOf();
    const feed = goOn(begin(stage), 8);
    const texts = [stage.get(MEDIA).text];
    const [first = ""] = mapsOf(texts[0] ?? "");
    feed.wait(400).send(PacketKind.Video, otherHeader.payload);
    goOn(feed, 8);
    texts.push(stage.get(MEDIA).text);
    const maps = [...new Set(mapsOf(texts.at(-1) ?? ""))];
    expect([maps.length, maps[0]]).toEqual([2, first]);
    expect(texts.at(-1)).toContain(`#EXT-X-DISCONTINUITY\n#EXT-X-MAP:URI="${maps[1]}"\n`);
    expect(parseTracks(bodyOf(stage, maps[1] ?? ""))).not.toEqual(parseTracks(bodyOf(stage, first)));
    goOn(feed.wait(400), 60);
    texts.push(stage.get(MEDIA).text);
    expect([...new Set(mapsOf(texts.at(-1) ?? ""))]).toEqual(maps.slice(1));
    expect(stage.get(`/live/${first}`).refusal?.kind).toBe("missing");
    checkHistory(texts);
  });

  test("frees everything with the stream, init segments too", () => {
    const stage = stageOf({ config: { hls_dispose: 10 } });
    const feed = goOn(begin(stage), 8);
    const [map = ""] = mapsOf(stage.get(MEDIA).text);
    feed.end("lost");
    feed.wait(60_000);
    expect(stage.get(`/live/${map}`).refusal?.kind).toBe("missing");
    expect(stage.hls.report().now).toBeUndefined();
  });

  test.each(["AV1 of libaom", "VP9"])("carries %s", (name) => {
    const vector = headerVectors.find((each) => each.name.startsWith(name));
    if (vector === undefined) throw new Error(`no vector of ${name}`);
    const stage = stageOf();
    const feed = stage.live.publish("show").send(vector.kind, fromHex(vector.header));
    for (let at = 0; at < 8; at++) feed.send(vector.kind, fromHex(vector.frame)).wait(1000);
    feed.send(vector.kind, fromHex(vector.frame));
    const multivariant = stage.get("/live/show.m3u8").text;
    expect(multivariant).toContain(`CODECS="${vector.codecs}"`);
    expect(multivariant).toContain(`RESOLUTION=${vector.size.join("x")}`);
    const text = stage.get(MEDIA).text;
    const [map = ""] = mapsOf(text);
    expect(parseTracks(bodyOf(stage, map)).map(({ entry }) => entry.type)).toEqual([vector.entry]);
    expect(parseFragments(bodyOf(stage, urisOf(text)[0] ?? "")).flatMap(({ samples }) => samples).length).toBe(2);
  });

  test("refuses what it can't carry with the reason", () => {
    const stage = stageOf();
    const feed = stage.live.publish("show");
    for (let second = 0; second < 2; second++) feed.send(PacketKind.Audio, fromHex("b200")).wait(1000);
    expect(stage.get("/live/show.m3u8").refusal).toMatchObject({
      kind: "media",
      reason: "MP4 can't be made: the sound is Speex, not AAC, MP3, Opus, FLAC, AC-3 or E-AC-3",
    });
  });

  test("is carried over to the new process of an upgrade, byte for byte, but not to one with another format", () => {
    const [old, next, other] = [stageOf(), stageOf(), stageOf({ config: { hls_format: "ts" } })];
    const feed = goOn(begin(old), 8);
    feed.wait(400).send(PacketKind.Video, otherHeader.payload);
    goOn(feed, 6);
    for (const stage of [next, other]) {
      const giving = old.hls.carry.give(() => undefined);
      for (let piece = giving.next(); piece !== undefined; piece = giving.next()) stage.hls.carry.take(piece);
    }
    const { text } = old.get(MEDIA);
    expect(next.get(MEDIA).text).toBe(text);
    for (const uri of [...new Set(mapsOf(text)), ...urisOf(text)]) expect(bodyOf(next, uri)).toEqual(bodyOf(old, uri));
    expect(other.get(MEDIA).refusal?.kind).toBe("missing");
  });
});

describe("files", () => {
  test("of init segments are written before segments that need them, and deleted with the last such segment", async () => {
    const stage = stageOf({ config: { hls_path: "/srv/hls", hls_fmp4_file: "[app]/[stream]/[seq].m4s" } });
    const feed = goOn(begin(stage), 8);
    await settled();
    expect(stage.files.told[0]).toMatch(/^write \/srv\/hls\/live\/show-[0-9a-f]{16}\.mp4$/);
    const first = stage.files.told[0]?.replace("write ", "") ?? "";
    const text = new TextDecoder().decode(stage.files.files.get("/srv/hls/live/show.m3u8"));
    expect(mapsOf(text)[0]).toBe(first.replace("/srv/hls/live/", ""));
    expect(urisOf(text)[0]).toMatch(/^show\/\d+\.m4s$/);
    feed.wait(400).send(PacketKind.Video, otherHeader.payload);
    for (let count = 0; count < 10; count++) {
      goOn(feed, 6).wait(400);
      await settled();
    }
    const inits = [...stage.files.files.keys()].filter((path) => path.endsWith(".mp4"));
    expect(inits.length).toBe(1);
    expect(inits).not.toContain(first);
    feed.end("lost");
    feed.wait(300_000);
    await settled();
    expect([...stage.files.files.keys()]).toEqual([]);
  });

  test("whose name is the same for every init segment are written over", async () => {
    const stage = stageOf({ config: { hls_path: "/srv/hls", hls_init_file: "[app]/[stream]/init.mp4" } });
    const feed = goOn(begin(stage), 8);
    await settled();
    const before = stage.files.files.get("/srv/hls/live/show/init.mp4");
    feed.wait(400).send(PacketKind.Video, otherHeader.payload);
    goOn(feed, 8);
    await settled();
    const after = stage.files.files.get("/srv/hls/live/show/init.mp4");
    expect([before === undefined, after === undefined]).toEqual([false, false]);
    expect(after).not.toEqual(before as Uint8Array);
  });

  test("that could not be written are written again with the next segment", async () => {
    const stage = stageOf({ config: { hls_path: "/srv/hls" } });
    stage.files.failing = "no space left";
    const feed = goOn(begin(stage), 4).wait(400);
    await settled();
    stage.files.failing = undefined;
    goOn(feed, 6);
    await settled();
    expect(stage.files.told[0]).toMatch(/^write \/srv\/hls\/live\/show-[0-9a-f]{16}\.mp4$/);
  });

  test("that an earlier process has left are deleted, init segments too", async () => {
    const stage = stageOf({ config: { hls_path: "/srv/hls" } });
    const left = ["show-12.m4s", "show-0123456789abcdef.mp4", "show-12.m4s.tmp", "show-x.mp4", "other-12.m4s"];
    for (const name of left) stage.files.files.set(`/srv/hls/live/${name}`, new Uint8Array(1));
    goOn(begin(stage), 8);
    await settled();
    const still = left.filter((name) => stage.files.files.has(`/srv/hls/live/${name}`));
    expect(still).toEqual(["show-x.mp4", "other-12.m4s"]);
  });
});
