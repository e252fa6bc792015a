import { describe, expect, test } from "bun:test";
import { hlsFormats } from "../../../../src/features/hls/formats.ts";
import { beginEpoch, type Epoch, extendEpoch } from "../../../../src/live/source/epoch.ts";
import { PacketKind } from "../../../../src/media/packet.ts";
import { fromHex } from "../../../support/bytes.ts";
import { HlsCluster } from "../../../support/hls-cluster.ts";
import type { Feed } from "../../../support/live.ts";
import { parseFragments, parseTracks } from "../../../support/mp4-parser.ts";
import { checkHistory, mapsOf, readMedia } from "../../../support/playlists.ts";
import { packet, SegmenterStage } from "../../../support/segments.ts";
import { aacFrame, aacHeader, avcFrame, avcHeader, unit } from "../../../support/ts-media.ts";

const FRAME_MS = 200;
const ID = "0123456789abcdef0123456789abcdef";
const WALL = 1_700_000_000_000;

function stageOf(): SegmenterStage {
  const stage = new SegmenterStage();
  stage.segmenter.begin([]);
  return stage;
}

describe("the first segment has the tracks", () => {
  const epoch = beginEpoch(ID, WALL, 0, 2000);

  test.each([
    [
      "sound that comes a moment later",
      ["V0", "k0", "i100", "A100", "a100", "k2000"],
      "[A0 V0] k0@0 i100@100 a100@100",
    ],
    ["a picture that comes a moment later", ["A0", "a0", "V200", "k200", "a300", "k2000"], "[A0 V0] k200@200 a300@300"],
    ["a picture long after its header", ["A0", "a0", "V800", "a1000", "k1800", "k2000"], "[A0 V0] k1800@1800"],
    ["no other track", ["V0", "k0", "i800", "i1000", "k2000"], "[V0] k0@0 i800@800 i1000@1000"],
  ])("of %s", (_, names, text) => {
    const stage = stageOf();
    for (const name of names) {
      const [kind = "", time = 0] = [name[0], Number(name.slice(1))];
      stage.take(epoch, packet(kind === "A" || kind === "V" ? `${kind}0` : name, time));
    }
    expect(stage.texts[0]).toBe(text);
  });

  test("and held packets are cut when packets are lost, and freed", () => {
    const stage = stageOf().take(epoch, packet("V0", 0), packet("k0", 0), packet("i1", 500));
    expect(stage.segmenter.heldBytes).toBeGreaterThan(0);
    stage.segmenter.lost();
    stage.take(epoch, packet("k2", 2000), packet("k4", 4000), packet("k6", 6000));
    // A list begins with a slot that is whole.
    expect(stage.texts).toEqual(["[V0] k4@4000"]);
    stage.segmenter.close();
    expect(stage.segmenter.heldBytes).toBe(0);
  });

  test("and holds no more than 16 MB of packets, even if time stands still", () => {
    const stage = stageOf().take(epoch, packet("V0", 0), packet("k0", 0));
    for (let count = 0; count < 9; count++) stage.take(epoch, packet("i", 0, 2_000_000));
    // It grows in a segment now.
    expect(stage.take(epoch, packet("k2", 2000)).texts[0]).toContain("k0@0 i@0");
  });
});

test("a track that comes late is in no segment before the epoch's discontinuity", () => {
  const before = beginEpoch(ID, WALL, 0, 2000);
  const after = extendEpoch(before, {
    from: 6000,
    key: 4000,
    wall: undefined,
    gop: 2000,
    discontinuity: true,
  }) as Epoch;
  const stage = stageOf();
  stage.take(before, packet("V0", 0), packet("k0", 0), packet("i1", 1000), packet("k2", 2000), packet("i3", 3000));
  // Its header comes in a slot that has no key frame.
  stage.take(before, packet("A0", 3000), packet("a3", 3000), packet("i4", 4000), packet("a4", 4000));
  stage.take(after, packet("k6", 6000), packet("a6", 6000), packet("k8", 8000));
  expect(stage.texts).toEqual(["[V0] k0@0 i1@1000", "[V0] k2@2000 i3@3000", "[V0] i4@4000", "[A0 V0] k6@0 a6@0"]);
});

/** A track of an encoder, which begins to send it after so many seconds. */
interface Beginning {
  readonly header?: Uint8Array;
  readonly frame: (count: number) => Uint8Array;
  readonly after: number;
}

const sound = (after: number): Beginning => ({
  header: aacHeader.payload,
  frame: (count) => aacFrame(0, unit(0x21, 40, count)).payload,
  after,
});
const picture = (after: number): Beginning => ({
  header: avcHeader().payload,
  frame: (count) => avcFrame(0, 0, count % 10 === 0, [unit(count % 10 === 0 ? 5 : 1, 60, count)]).payload,
  after,
});
/** MPEG-1 layer III, 44.1 kHz, without a header of its own. */
const mp3 = (after: number): Beginning => ({
  frame: () => Uint8Array.from([0x2f, ...fromHex("fffb9064"), ...new Uint8Array(413)]),
  after,
});

function send(feed: Feed, kind: PacketKind, { header, frame, after }: Beginning, count: number): void {
  const late = count * FRAME_MS - after * 1000;
  if (late === 0 && header !== undefined) feed.send(kind, header);
  if (late >= 0) feed.send(kind, frame(count));
}

describe.each(["ts", "fmp4"] as const)("a main track that comes late (%s)", (hls_format) => {
  test.each([
    ["video", sound(0), picture(5)],
    ["video whose first key frame is long after its header", sound(0), picture(4.6)],
    ["sound", sound(5), picture(0)],
    ["sound without a header", mp3(5), picture(0)],
  ])("begins a discontinuity, the same on all servers: %s", (_, audio, video) => {
    const cluster = new HlsCluster(1, hlsFormats, { hls_format });
    cluster.add("o", ["f:1935"], []);
    cluster.add("f", [], []);
    cluster.add("p", [], ["o:1935"]);
    const lasts = () => cluster.servers.slice(0, 3).map(({ playlists }) => playlists.at(-1));
    const feed = cluster.publish("e");
    for (let count = 0; count < 130; count++) {
      send(feed, PacketKind.Video, video, count);
      send(feed, PacketKind.Audio, audio, count);
      feed.time += FRAME_MS;
      cluster.clock.advance(FRAME_MS);
      if (count === 40) cluster.add("q", [], ["f:1935"]);
      // The discontinuity is listed.
      if (count === 80) for (const last of lasts()) expect(last).toBe(lasts()[0] as string);
    }
    for (const { playlists } of cluster.servers) expect(playlists.at(-1)).toBe(lasts()[0] as string);
    const [{ playlists: origin, listed } = { playlists: [], listed: [] }] = cluster.servers;
    checkHistory(origin);
    const breaks = (text: string) => readMedia(text).segments.filter(({ discontinuity }) => discontinuity).length;
    expect(Math.max(...origin.map(breaks))).toBe(1);
    if (hls_format === "ts") return;
    const tracks = listed.flatMap(({ init }) => (init === undefined ? [] : [parseTracks(init).length]));
    expect([tracks[0], tracks.at(-1)]).toEqual([1, 2]);
    expect(new Set(origin.flatMap(mapsOf)).size).toBe(2);
  });
});

describe.each(["ts", "fmp4"] as const)("a main track that vanishes (%s)", (hls_format) => {
  test.each([
    ["sound", (count: number) => ({ sound: count < 40, picture: true })],
    ["video", (count: number) => ({ sound: true, picture: count < 40 })],
    ["video, and comes again", (count: number) => ({ sound: true, picture: count < 40 || count >= 110 })],
  ])("leaves playlists that only go on: %s", (_, sends) => {
    const cluster = new HlsCluster(1, hlsFormats, { hls_format });
    cluster.add("o", ["f:1935"], []);
    cluster.add("f", [], []);
    const feed = cluster.publish("e");
    for (let count = 0; count < 180; count++) {
      if (sends(count).picture) send(feed, PacketKind.Video, picture(0), count);
      if (sends(count).sound) send(feed, PacketKind.Audio, sound(0), count);
      feed.time += FRAME_MS;
      cluster.clock.advance(FRAME_MS);
    }
    const [origin = [], edge = []] = cluster.servers.map(({ playlists }) => playlists);
    expect(edge.at(-1)).toBe(origin.at(-1) as string);
    checkHistory(origin);
    const { segments } = readMedia(origin.at(-1) ?? "");
    expect(segments.every(({ gap }) => !gap)).toBe(true);
    // It is not far behind.
    expect(segments.at(-1)?.programDateTime?.getTime()).toBeGreaterThan(cluster.clock.wall() - 8000);
  });
});

test.each(["ts", "fmp4"] as const)("impossible composition times are carried (%s)", (hls_format) => {
  const cluster = new HlsCluster(1, hlsFormats, { hls_format });
  cluster.add("o", [], []);
  const feed = cluster.publish("e");
  feed.send(PacketKind.Video, avcHeader().payload);
  const wrong = [0, 80, -80, -5000, 0x7fffff, -0x800000, 40, -40, 1, 8_000_000];
  for (let count = 0; count < 60; count++) {
    const key = count % 10 === 0;
    const composition = wrong[count % wrong.length] ?? 0;
    feed.send(PacketKind.Video, avcFrame(0, composition, key, [unit(key ? 5 : 1, 60, count)]).payload);
    feed.time += FRAME_MS;
    cluster.clock.advance(FRAME_MS);
  }
  const [{ playlists, listed } = { playlists: [], listed: [] }] = cluster.servers;
  checkHistory(playlists);
  expect(listed.length).toBeGreaterThanOrEqual(4);
  const samples = listed.map(({ bytes }) => {
    if (hls_format === "ts") return 10;
    return parseFragments(bytes as Uint8Array).flatMap((fragment) => fragment.samples).length;
  });
  expect(new Set(samples)).toEqual(new Set([10]));
});
