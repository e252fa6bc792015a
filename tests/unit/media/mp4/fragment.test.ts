import { describe, expect, test } from "bun:test";
import fc from "fast-check";
import { FragmentWriter } from "../../../../src/media/mp4/fragment.ts";
import { mp4Tracks } from "../../../../src/media/mp4/tracks.ts";
import { type Packet, PacketFlag, PacketKind } from "../../../../src/media/packet.ts";
import { concat, fromHex, toHex } from "../../../support/bytes.ts";
import { parseFragments } from "../../../support/mp4-parser.ts";
import {
  isContiguous,
  KEY_FLAGS,
  samplesOf,
  videoMade,
  videoSent,
  write,
  writeParts,
} from "../../../support/mp4-stream.ts";
import { logOf } from "../../../support/packet-log.ts";
import { mulberry32 } from "../../../support/random.ts";
import { aacFrame, aacHeader, avcFrame, avcHeader, packetOf, unit } from "../../../support/ts-media.ts";
import { type StreamShape, testStream } from "../../../support/ts-stream.ts";

const both = mp4Tracks([aacHeader, avcHeader()]);
const video = mp4Tracks([avcHeader()]);
const audio = mp4Tracks([aacHeader]);
const audioPacket = (hex: string) => packetOf(PacketKind.Audio, 0, fromHex(hex));

const shapes: readonly (readonly [string, StreamShape])[] = [
  ["video and audio", { video: true, audio: true, frames: 40 }],
  ["video", { video: true, audio: false, frames: 40 }],
  ["audio", { video: false, audio: true, frames: 40 }],
];

/** Cut before the packets with these numbers. */
function cut(packets: readonly Packet[], places: readonly number[]): Packet[][] {
  const sorted = [0, ...places.toSorted((a, b) => a - b), packets.length];
  return sorted.slice(1).map((end, i) => packets.slice(sorted[i], end));
}

describe.each(shapes)("fragments of %s", (_, shape) => {
  const { headers, packets } = testStream(mulberry32(3), shape);
  const tracks = mp4Tracks(headers);
  const videoTrack = tracks.findIndex(({ kind }) => kind === PacketKind.Video) + 1;
  const audioTrack = tracks.findIndex(({ kind }) => kind === PacketKind.Audio) + 1;
  const whole = writeParts(tracks, [packets]);

  test("have the packets' frames, at their times, with key frames marked", () => {
    expect(videoMade(samplesOf(whole, videoTrack))).toEqual(videoSent(packets));
    const sent = packets.filter(({ kind }) => kind === PacketKind.Audio);
    const made = samplesOf(whole, audioTrack);
    expect(made.map(({ data }) => toHex(data))).toEqual(sent.map(({ payload }) => toHex(payload.subarray(2))));
    for (const [i, { dts, flags }] of made.entries()) {
      expect(Math.abs(dts / 44.1 - (sent[i]?.time ?? 0))).toBeLessThanOrEqual(1);
      expect(flags).toBe(KEY_FLAGS);
    }
  });

  test("have audio without gaps: a frame is 1024 samples", () => {
    expect(new Set(samplesOf(whole, audioTrack).map(({ duration }) => duration)).size).toBeLessThanOrEqual(1);
  });

  test("have the same samples with any cuts, one after the other", () => {
    const places = fc.array(fc.nat({ max: packets.length }), { maxLength: 20 });
    fc.assert(
      fc.property(places, (at) => {
        const made = writeParts(tracks, cut(packets, at));
        for (let id = 1; id <= tracks.length; id++) {
          expect(samplesOf(made, id)).toEqual(samplesOf(whole, id));
          expect(isContiguous(samplesOf(made, id))).toBe(true);
        }
      }),
      { seed: 7, numRuns: 40 },
    );
  });

  test("are a function of the distance from the origin", () => {
    const later = testStream(mulberry32(3), { ...shape, from: 2 ** 42 }).packets;
    expect(writeParts(tracks, [later], 2 ** 42)).toEqual(whole);
    expect(samplesOf(writeParts(tracks, [later]), 1)[0]?.dts).toBe(
      Math.round((2 ** 42 * (tracks[0]?.timescale ?? 0)) / 1000),
    );
  });

  test("of segments are the same on a server that began at a later one", () => {
    const parts = cut(packets, [10, 20, 25, 30, 40]);
    const ends = [false, true, false, true, false, true];
    const on = (from: number) => {
      const writer = new FragmentWriter(tracks, 0);
      return parts.slice(from).map((part, i) => write(writer, part, from + i, { ends: ends[from + i] ?? false }).bytes);
    };
    expect(on(2)).toEqual(on(0).slice(2));
    expect(on(4)).toEqual(on(0).slice(4));
  });

  test("are made of a log's packets, too", () => {
    const log = logOf(packets);
    const writer = new FragmentWriter(tracks, 0);
    const parts = [log.cursor(0, 11), log.cursor(11, packets.length)];
    const made = parts.map((cursor, at) => writer.write(cursor, at + 1, { next: at === 0 ? packets.slice(11) : [] }));
    for (let id = 1; id <= tracks.length; id++)
      expect(samplesOf(concat(made.map(({ bytes }) => bytes)), id)).toEqual(samplesOf(whole, id));
  });

  test("have bytes of their own: packets are lent for the call", () => {
    const lent = packets.map((packet) => packet.copy());
    const { bytes } = write(new FragmentWriter(tracks, 0), lent);
    for (const { payload } of lent) payload.fill(0);
    expect(samplesOf(bytes, 1)).toEqual(samplesOf(whole, 1));
  });
});

describe("a fragment", () => {
  test("is a moof and an mdat, byte for byte as the standard has them", () => {
    const packets = [
      avcFrame(1000, 40, true, [unit(5, 2)]),
      aacFrame(1010, unit(0x21, 3)),
      avcFrame(1040, 0, false, [unit(1, 1)]),
      avcFrame(1080, 40, false, [unit(1, 1)]),
    ];
    const next = [avcFrame(1140, 0, false, [unit(1, 1)])];
    const { bytes } = write(new FragmentWriter(both, 1000), packets, 7, { next });
    const expected = `
      000000d4 6d6f6f66
      00000010 6d666864 00000000 00000007
      00000070 74726166
      00000010 74666864 00020000 00000001
      00000014 74666474 01000000 0000000000000000
      00000044 7472756e 01000f01 00000003 000000dc
        00000e10 00000006 02000000 00000e10
        00000e10 00000005 01010000 00000000
        00001518 00000005 01010000 00000e10
      0000004c 74726166
      00000014 74666864 00020020 00000002 02000000
      00000014 74666474 01000000 00000000000001b9
      0000001c 7472756e 01000301 00000001 000000ec
        00000400 00000003
      0000001b 6d646174 00000002 05ab 00000001 01 00000001 01 21abab`;
    expect(toHex(bytes)).toBe(expected.replace(/\s+/g, ""));
  });

  test("of nothing is empty", () => {
    const writer = new FragmentWriter(both, 0);
    for (const packets of [[], [aacHeader, avcHeader()], [packetOf(PacketKind.Data, 0, fromHex("02"))]]) {
      expect(write(writer, packets)).toEqual({
        bytes: new Uint8Array(0),
        samples: 0,
        independent: false,
        startsWithKey: false,
      });
    }
    expect(writer.skipped).toBe(0);
  });

  test("leaves out a track that has no samples", () => {
    const { bytes } = write(new FragmentWriter(both, 0), [aacFrame(0, unit(0x21, 9))]);
    expect(parseFragments(bytes)[0]?.samples.map(({ track }) => track)).toEqual([2]);
  });

  test("says whether it has a key frame, and whether it begins with one", () => {
    const key = avcFrame(0, 0, true, [unit(5, 9)]);
    const other = avcFrame(0, 0, false, [unit(1, 9)]);
    const sound = aacFrame(0, unit(0x21, 9));
    const flags = (packets: readonly Packet[], tracks = both) => {
      const { independent, startsWithKey } = write(new FragmentWriter(tracks, 0), packets);
      return [independent, startsWithKey];
    };
    expect(flags([key, other])).toEqual([true, true]);
    expect(flags([sound, key])).toEqual([true, true]);
    expect(flags([other, key])).toEqual([true, false]);
    expect(flags([other])).toEqual([false, false]);
    expect(flags([sound])).toEqual([false, false]);
    expect(flags([sound], audio)).toEqual([true, true]);
  });

  test("marks frames that no other frame needs", () => {
    const frame = avcFrame(0, 0, false, [unit(1, 9)]);
    const payload = frame.payload.slice();
    payload[0] = 0x37;
    const disposable = packetOf(PacketKind.Video, 0, payload);
    expect(disposable.flags).toBe(PacketFlag.Disposable);
    expect(samplesOf(write(new FragmentWriter(video, 0), [disposable]).bytes, 1)[0]?.flags).toBe(0x01810000);
  });

  test("counts frames of other codecs and empty ones, and leaves them out", () => {
    const writer = new FragmentWriter(both, 0);
    const packets = [
      audioPacket("af01"),
      audioPacket("2f fffb"),
      packetOf(PacketKind.Video, 0, fromHex("91 61763031 00")),
    ];
    expect(write(writer, packets).samples).toBe(0);
    expect(writer.skipped).toBe(3);
  });

  test("has a frame of 8 MB, and 5000 frames", () => {
    const big = avcFrame(0, 80, true, [unit(5, 8_000_000)]);
    const small = Array.from({ length: 5000 }, (_, i) => avcFrame(40 * (i + 1), 0, false, [unit(1, 1 + (i % 7))]));
    const made = samplesOf(write(new FragmentWriter(video, 0), [big, ...small]).bytes, 1);
    expect(made.map(({ data }) => data.length)).toEqual([8_000_004, ...small.map((_, i) => 5 + (i % 7))]);
    expect(made.at(-1)?.dts).toBe(5000 * 3600);
  });

  test("stores AV1's temporal units without their delimiter", () => {
    const av1 = packetOf(PacketKind.Video, 0, fromHex("90 61763031 81000c00 0a0b000000043d26e4daf90040"));
    const frame = packetOf(PacketKind.Video, 0, fromHex("91 61763031 1200 32032c1000"));
    const [sample] = samplesOf(write(new FragmentWriter(mp4Tracks([av1]), 0), [frame]).bytes, 1);
    expect(toHex(sample?.data ?? new Uint8Array(0))).toBe("32032c1000");
  });

  test("has each track of a message with several, or the requested one", () => {
    const header = audioPacket("95 10 6d703461 00 000002 1210 01 000002 1190");
    const frames = audioPacket("95 11 6d703461 00 000002 2101 01 000003 210203");
    const tracks = mp4Tracks([header]);
    expect(tracks.map(({ id, timescale }) => [id, timescale])).toEqual([
      [0, 44100],
      [1, 48000],
    ]);
    const made = write(new FragmentWriter(tracks, 0), [frames]).bytes;
    expect([1, 2].map((id) => samplesOf(made, id).map(({ data }) => toHex(data)))).toEqual([["2101"], ["210203"]]);
    const second = write(new FragmentWriter(tracks.slice(1), 0), [frames]).bytes;
    expect(samplesOf(second, 1).map(({ data }) => toHex(data))).toEqual(["210203"]);
    expect(concat([second]).length).toBeLessThan(made.length);
  });

  test("has the last sample's duration from the next packet, or from the frames before", () => {
    const frames = [0, 33, 67].map((time, i) => avcFrame(time, 80, i === 0, [unit(1, 9)]));
    const last = (next: readonly Packet[]) =>
      samplesOf(write(new FragmentWriter(video, 0), frames, 1, { next }).bytes, 1).at(-1)?.duration;
    expect(last([aacFrame(70, unit(0x21, 3)), avcFrame(120, 80, false, [unit(1, 9)])])).toBe(53 * 90);
    expect(last([aacFrame(70, unit(0x21, 3))])).toBe(34 * 90);
    // Of a single frame, by the SPS.
    expect(samplesOf(write(new FragmentWriter(video, 0), [frames[0] as Packet]).bytes, 1)[0]?.duration).toBe(3600);
  });
});
