import { expect } from "bun:test";
import { encodeAmf0 } from "../../src/amf/amf0.ts";
import { AmfObject } from "../../src/amf/value.ts";
import { fromHex } from "../support/bytes.ts";
import { Client } from "../support/e2e/client.ts";
import { clip, largePictures } from "../support/e2e/clips.ts";
import { compare } from "../support/e2e/continuity.ts";
import { fileFrames, framesOf, playFrames, publishClip } from "../support/e2e/ffmpeg.ts";
import {
  aacFrame,
  aacHeader,
  avcFrame,
  avcHeader,
  isKeyFrame,
  messageLine,
  numbered,
} from "../support/e2e/payloads.ts";
import { forwardTo, startSrs } from "../support/e2e/srs.ts";
import { Stage } from "../support/e2e/stage.ts";
import { testWith } from "../support/e2e/tools.ts";
import { until } from "../support/e2e/wait.ts";

const test = testWith("tests/e2e/media.test.ts");
const testWithFfmpeg = testWith("tests/e2e/media.test.ts", "FFmpeg");

const name = "live/livestream";

async function pair(stage: Stage) {
  const edge = await startSrs(stage, "edge");
  const origin = await startSrs(stage, "origin", { vhost: forwardTo(edge) });
  return { origin, edge };
}

for (const [what, track, map] of [
  ["audio only", "audio", ["a"]],
  ["video only", "video", ["v"]],
] as const) {
  testWithFfmpeg.concurrent(
    `${what}: FFmpeg reads what it published, from the origin where it waited for it, and later from the edge`,
    async () => {
      await using stage = new Stage();
      const source = clip({ seconds: 6, video: track === "video", audio: track === "audio" });
      const { origin, edge } = await pair(stage);
      const early = playFrames(stage, origin.url(name), "early", [...map]);
      await origin.program.line(/play started .*waiting=true/);
      const encoder = publishClip(stage, source, origin.url(name));
      await origin.program.line(/publish started/);
      const late = playFrames(stage, edge.url(name), "late", [...map]);
      await encoder.whileStopped(() => edge.program.line(/play started/));
      expect(await encoder.ended()).toBe(0);
      for (const player of [early, late]) {
        expect(await player.ended()).toBe(0);
        const report = compare(fileFrames(source), framesOf(player.lines, [...map]), track);
        const fromKey = track === "video";
        expect({ name: player.name, ...report }).toMatchObject({ fromKey, runs: 1, foreign: 0, toEnd: true });
      }
    },
  );
}

testWithFfmpeg.concurrent.each([
  ["more than 24 days old", 25 * 86_400, 0],
  ["that crosses 2^24 ms", 16_774, 2 ** 24],
  ["that crosses 2^31 ms, where FFmpeg begins again at 0", 2_147_480, 2 ** 31],
])("FFmpeg publishes and plays a stream %s", async (_what, offsetSeconds, crossed) => {
  await using stage = new Stage();
  const source = clip({ seconds: 8 });
  const { origin, edge } = await pair(stage);
  const probe = await Client.play(stage, { port: edge.port }, "livestream");
  const player = playFrames(stage, edge.url(name));
  await until("both wait", () => edge.program.count(/play started .*waiting=true/) === 2);
  const output = ["-output_ts_offset", String(offsetSeconds)];
  const encoder = publishClip(stage, source, origin.url(name), { output });
  await origin.program.line(/publish started/);
  await encoder.whileStopped(() => origin.program.line(/forward running/));
  expect(await encoder.ended()).toBe(0);
  expect(await player.ended()).toBe(0);
  await probe.status("NetStream.Play.UnpublishNotify");

  const sent = fileFrames(source).filter(({ track }) => track === "video");
  const times = probe.packets.filter(({ type, payload }) => type === 9 && payload[1] === 1).map((p) => p.timestamp);
  // FFmpeg's FLV has 31 bits for the time. The relay begins with the newest key frame there is when it has connected.
  const shift = (offsetSeconds * 1000) % 2 ** 31;
  expect(times).toEqual(sent.slice(-times.length).map(({ dts }) => dts + shift));
  const hashes = framesOf(player.lines).flatMap(({ track, hash }) => (track === "video" ? [hash] : []));
  expect(hashes).toEqual(sent.slice(-hashes.length).map(({ hash }) => hash));
  for (const count of [times.length, hashes.length]) {
    const first = sent[sent.length - count];
    expect(first?.key).toBe(true);
    if (crossed > 0) expect((first?.dts ?? 0) + offsetSeconds * 1000).toBeLessThan(crossed);
  }
});

test.concurrent.each([
  ["crosses 2^24 ms", 2 ** 24 - 2000],
  ["crosses 2^31 ms", 2 ** 31 - 2000],
  ["wraps at 2^32 ms", 2 ** 32 - 2000],
])("every packet of a stream that %s comes through the cluster with its timestamp", async (_what, begin) => {
  await using stage = new Stage();
  const { origin, edge } = await pair(stage);
  const players = [
    await Client.play(stage, { port: origin.port }, "livestream"),
    await Client.play(stage, { port: edge.port }, "livestream"),
  ];
  const publisher = await Client.publish(stage, { port: origin.port }, "livestream");
  await origin.program.line(/forward running/);
  const sent: string[] = [];
  const send = (type: number, timestamp: number, payload: Uint8Array): void => {
    publisher.send(type, timestamp >>> 0, payload);
    sent.push(messageLine({ type, timestamp: timestamp >>> 0, payload }));
  };
  send(9, begin, avcHeader);
  send(8, begin, aacHeader);
  for (let at = 0; at < 100; at++) {
    // Larger than one chunk of 60000 bytes, so that the extended timestamp stands on continuations, too.
    send(9, begin + at * 40, avcFrame(at % 25 === 0, at, at % 10 === 0 ? 130_000 : 900));
    send(8, begin + at * 40 + 5, aacFrame(at));
    // Who waits for a stream begins with the newest key frame there is: all must have begun with the first.
    if (at === 0) for (const player of players) await player.packet("the first picture", isKeyFrame);
  }
  for (const player of players) {
    await player.packet("the last packet", (packet) => messageLine(packet) === sent.at(-1));
    // The headers come once with the start of the player, audio first.
    const media = player.packets.filter(({ type }) => type !== 18);
    expect(media.slice(2).map(messageLine)).toEqual(sent.slice(2));
  }
});

testWithFfmpeg.concurrent("key frames of 8 MB pass from FFmpeg to FFmpeg through the cluster", async () => {
  await using stage = new Stage();
  const source = largePictures();
  const sent = fileFrames(source);
  expect(Math.min(...sent.map(({ size }) => size))).toBeGreaterThan(8_000_000);
  const { origin, edge } = await pair(stage);
  const players = [origin, edge].map((server) => playFrames(stage, server.url(name), "player", ["v"]));
  for (const { program } of [origin, edge]) await program.line(/play started .*waiting=true/);
  // Over and over, so that nobody has to have joined in time.
  publishClip(stage, source, origin.url(name), { input: ["-stream_loop", "-1"] });
  const hashes = sent.map(({ hash }) => hash);
  for (const player of players) {
    await until("five pictures", () => framesOf(player.lines, ["v"]).length >= hashes.length);
    // On a busy machine a player may be too slow for 8 MB a picture, and miss some: what comes is whole.
    const got = framesOf(player.lines, ["v"]).map(({ hash }) => hash);
    expect(got.filter((hash) => !hashes.includes(hash))).toEqual([]);
  }
});

/** Key and inter frames, headers and configuration of enhanced RTMP, and what else is not of 2008. */
const enhanced: readonly (readonly [type: number, hex: string])[] = [
  [9, "90 68766331 01016000000000"], // HEVC sequence start
  [8, "90 4f707573 4f70757348656164"], // Opus sequence start
  [8, "95 00 4f707573 01 4f70757348656164"], // a second Opus track's
  [9, "94 68766331 02000000"], // HEVC metadata (colour information)
  [9, "96 00 61763031 01 81000c00"], // an AV1 track beside it: multitrack, one track
  [9, "91 68766331 000028 00000001"], // HEVC key frame, coded frames with a composition time
  [9, "96 01 61763031 01 12000a0a"], // AV1 key frame of track 1
  [8, "91 4f707573 fcfffe"], // Opus frame
  [8, "95 01 4f707573 01 fcfffe"], // Opus frame of track 1
  [9, "a3 68766331 00000002"], // HEVC inter frame without composition time
  [9, "a7 02 1e8480 03 68766331 00000003"], // the same behind ModEx, nanosecond offset
  [9, "a6 11 68766331 00 000004 00000005 01 000004 00000006"], // two tracks in one message
  [9, "a1 76703039 0000"], // VP9 inter frame
  [9, "a1 76766331 000000 00"], // VVC inter frame
  [8, "91 664c6143 00"], // FLAC
  [8, "91 61632d33 0b77"], // AC-3
  [9, "af 78787878 01"], // a packet type of the future
];

test.concurrent("enhanced RTMP passes through the cluster byte for byte, and a late player gets each track's headers", async () => {
  await using stage = new Stage();
  const { origin, edge } = await pair(stage);
  const fourCcs = { fourCcList: ["*"], capsEx: 14 };
  const early = await Client.play(stage, { port: edge.port, properties: fourCcs }, "livestream");
  const publisher = await Client.publish(stage, { port: origin.port, properties: fourCcs }, "livestream");
  const sent = enhanced.map(([type, hex], at) => ({ type, timestamp: at * 10, payload: fromHex(hex) }));
  for (const { type, timestamp, payload } of sent) publisher.send(type, timestamp, payload);
  const end = messageLine(sent.at(-1) ?? { type: 0, timestamp: 0, payload: new Uint8Array(0) });
  await early.packet("the last packet", (packet) => messageLine(packet) === end);
  const lines = (packets: readonly { type: number; timestamp: number; payload: Uint8Array }[]): string[] =>
    packets.filter(({ type }) => type !== 18).map(({ type, payload }) => messageLine({ type, timestamp: 0, payload }));
  const headers = 5;
  // From the key frame on: the very same, in order.
  expect(lines(early.packets).slice(headers)).toEqual(lines(sent).slice(headers));
  expect(lines(early.packets).slice(0, headers).toSorted()).toEqual(lines(sent).slice(0, headers).toSorted());

  const late = await Client.play(stage, { port: edge.port, properties: fourCcs }, "livestream");
  await late.packet("the last packet", (packet) => messageLine(packet) === end);
  expect(lines(late.packets)).toEqual(lines(early.packets));
});

test.concurrent("data messages pass through the cluster, metadata is kept for late players, aggregates are split", async () => {
  await using stage = new Stage();
  const { origin, edge } = await pair(stage);
  const early = await Client.play(stage, { port: edge.port }, "livestream");
  const publisher = await Client.publish(stage, { port: origin.port }, "livestream");
  const text = encodeAmf0(["onTextData", AmfObject.of({ type: "Text", text: "hello" })]);
  const amf3 = fromHex(
    "00 02 000b 6f6e437573746f6d446174 11 04 07".replace("000b", "000c").replace("6174 11", "617461 11"),
  );
  const part = (type: number, timestamp: number, body: Uint8Array): Uint8Array => {
    const bytes = new Uint8Array(11 + body.length + 4);
    const view = new DataView(bytes.buffer);
    view.setUint32(0, (type << 24) | body.length);
    view.setUint32(4, (timestamp & 0xffffff) << 8);
    bytes.set(body, 11);
    view.setUint32(11 + body.length, 11 + body.length);
    return bytes;
  };
  publisher.send(18, 0, encodeAmf0(["@setDataFrame", "onMetaData", AmfObject.ecma({ width: 320, duration: 12 })]));
  publisher.send(9, 0, avcHeader);
  publisher.send(9, 0, avcFrame(true, 0));
  publisher.send(18, 10, text);
  publisher.send(15, 20, amf3);
  const parts = [avcFrame(false, 1), aacFrame(1)];
  const aggregate = [part(9, 5000, parts[0] ?? text), part(8, 5020, parts[1] ?? text)];
  publisher.send(22, 40, Uint8Array.from(aggregate.flatMap((bytes) => [...bytes])));
  publisher.send(9, 80, avcFrame(false, 2));
  const end = messageLine({ type: 9, timestamp: 80, payload: avcFrame(false, 2) });
  await early.packet("the last packet", (packet) => messageLine(packet) === end);
  const got = early.packets.map(messageLine);
  expect(got).toContain(messageLine({ type: 18, timestamp: 10, payload: text }));
  expect(got).toContain(messageLine({ type: 15, timestamp: 20, payload: amf3 }));
  expect(got).toContain(messageLine({ type: 9, timestamp: 40, payload: avcFrame(false, 1) }));
  expect(got).toContain(messageLine({ type: 8, timestamp: 60, payload: aacFrame(1) }));

  const late = await Client.play(stage, { port: edge.port }, "livestream");
  await late.packet("the last packet", (packet) => messageLine(packet) === end);
  const metadata = late.packets.find(({ payload }) => new TextDecoder().decode(payload).includes("onMetaData"));
  const words = new TextDecoder().decode(metadata?.payload);
  expect(words).toContain("width");
  expect(words).not.toContain("duration");
  expect(words).not.toContain("@setDataFrame");
});

test.concurrent("a key frame of 8 MB, and one as large as the wire allows, pass byte for byte", async () => {
  await using stage = new Stage();
  const { origin, edge } = await pair(stage);
  const player = await Client.play(stage, { port: edge.port }, "livestream");
  const publisher = await Client.publish(stage, { port: origin.port }, "livestream");
  publisher.send(9, 0, avcHeader);
  const frames = [8 * 1024 * 1024, 0xffffff].map((size, at) => numbered(fromHex("17 01 000000"), at, size));
  for (const [at, payload] of frames.entries()) {
    publisher.send(9, at * 40, payload);
    const expected = messageLine({ type: 9, timestamp: at * 40, payload });
    await player.packet("the frame", (packet) => packet.type === 9 && messageLine(packet) === expected, at);
  }
});
