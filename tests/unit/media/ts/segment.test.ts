import { describe, expect, test } from "bun:test";
import fc from "fast-check";
import { type Packet, PacketFlag, PacketKind } from "../../../../src/media/packet.ts";
import { TsSegmentWriter, tsSegment } from "../../../../src/media/ts/segment.ts";
import { concat, fromHex, toHex } from "../../../support/bytes.ts";
import { mulberry32 } from "../../../support/random.ts";
import { audioIn, audioOf, expectAudio, longestClockGap, videoIn, videoOf } from "../../../support/ts-check.ts";
import { demux } from "../../../support/ts-demuxer.ts";
import {
  aacFrame,
  aacHeader,
  avcFrame,
  avcHeader,
  avcRecord,
  h264Pps,
  h264Sps,
  packetOf,
  unit,
} from "../../../support/ts-media.ts";
import { type StreamShape, testStream } from "../../../support/ts-stream.ts";

const VIDEO = 0x100;
const AUDIO = 0x101;
const shapes: readonly (readonly [string, StreamShape])[] = [
  ["video and audio", { video: true, audio: true, frames: 60 }],
  ["video", { video: true, audio: false, frames: 60 }],
  ["audio", { video: false, audio: true, frames: 60 }],
];

/** A header whose SPS says that pictures are shown in the order of decoding. */
const inOrder = avcHeader(
  avcRecord([fromHex("6764000dacb202a33c926022000007d20001d4c11e285490")], [fromHex("68ebc3cb22c0")]),
);

/** Cut before key frames, or each `every` packets without video. */
function cut(packets: readonly Packet[], every: number): Packet[][] {
  const parts: Packet[][] = [[]];
  for (const packet of packets) {
    const key = packet.kind === PacketKind.Video && (packet.flags & PacketFlag.Key) !== 0;
    const last = parts.at(-1) ?? [];
    if (last.length > 0 && (key || last.length === every)) parts.push([packet]);
    else last.push(packet);
  }
  return parts;
}

describe.each(shapes)("a segment of %s", (_, shape) => {
  const { headers, packets } = testStream(mulberry32(1), shape);
  const clockPid = shape.video ? VIDEO : AUDIO;

  test("begins with PAT and PMT", () => {
    const { sections } = demux(tsSegment(headers, packets, 0));
    expect(sections.slice(0, 2).map(({ pid, at }) => [pid, at])).toEqual([
      [0, 0],
      [0x1000, 188],
    ]);
  });

  test("has the frames of the packets, at their times", () => {
    const stream = demux(tsSegment(headers, packets, 0));
    expect(videoIn(stream)).toEqual(videoOf(packets, 0));
    expectAudio(audioIn(stream), audioOf(packets, 0), 5);
  });

  test("has a clock each 100 ms that never runs back", () => {
    expect(longestClockGap(demux(tsSegment(headers, packets, 0)), clockPid)).toBeLessThanOrEqual(100);
  });

  test("follows any other without a step in a counter", () => {
    const parts = cut(packets, 20).map((part) => tsSegment(headers, part, 0));
    expect(parts.length).toBeGreaterThan(3);
    for (const part of parts) for (const count of demux(part).counts.values()) expect(count % 16).toBe(0);
    const stream = demux(concat(parts));
    expect(stream.errors).toEqual([]);
    expect(demux(concat(parts.toReversed())).errors).toEqual([]);
    expect(videoIn(stream)).toEqual(videoOf(packets, 0));
    expectAudio(audioIn(stream), audioOf(packets, 0), 5);
  });

  test.each([0, 1, 70_000, 4_000_000])(
    "is the same for packets that are lent, whatever it grows in: %d bytes",
    (room) => {
      const whole = tsSegment(headers, packets, 0);
      const writer = new TsSegmentWriter(headers, 0, new Uint8Array(room).fill(0xa5));
      for (const packet of packets) {
        const lent = packet.copy();
        writer.add(lent);
        lent.payload.fill(0);
      }
      const bytes = writer.finish();
      expect(bytes).toEqual(whole);
      expect(bytes.buffer.byteLength).toBe(bytes.length);
      expect(writer.memory.length).toBeGreaterThanOrEqual(Math.max(room, bytes.length));
    },
  );

  test("is a function of the distance from its origin", () => {
    const later = testStream(mulberry32(1), { ...shape, from: 2 ** 42 });
    expect(tsSegment(headers, later.packets, 2 ** 42)).toEqual(tsSegment(headers, packets, 0));
  });

  test("wraps its times after 33 bits", () => {
    const from = Math.floor(2 ** 33 / 90) - 2000;
    const later = testStream(mulberry32(1), { ...shape, from });
    const stream = demux(tsSegment(headers, later.packets, 0));
    expect(videoIn(stream)).toEqual(videoOf(later.packets, 0));
    expectAudio(audioIn(stream).slice(-3), audioOf(later.packets, 0).slice(-3), 5);
    expect(stream.pes.at(-1)?.dts).toBeLessThan(2 ** 20);
  });
});

describe("a segment", () => {
  test("of nothing is empty", () => expect(tsSegment([aacHeader, avcHeader()], [], 0).length).toBe(0));

  test("has the parameter sets before each key frame, and a delimiter before all", () => {
    const frames = [avcFrame(0, 0, true, [unit(5, 9)]), avcFrame(40, 0, false, [unit(1, 9)])];
    const [first, second] = demux(tsSegment([avcHeader()], frames, 0)).pes;
    expect(toHex(first?.data ?? new Uint8Array(0))).toBe(
      `0000000109f000000001${toHex(h264Sps)}00000001${toHex(h264Pps)}0000000105${"ab".repeat(8)}`,
    );
    expect(toHex(second?.data ?? new Uint8Array(0))).toBe(`0000000109f00000000101${"ab".repeat(8)}`);
    expect([first?.randomAccess, second?.randomAccess]).toEqual([true, false]);
  });

  test("accepts frames of one byte and of 8 MB", () => {
    const packets = [avcFrame(0, 0, true, [unit(5, 8_000_000)]), avcFrame(40, 0, false, [unit(1, 1)])];
    const stream = demux(tsSegment([inOrder], packets, 0));
    expect(videoIn(stream).map(({ hex }) => Bun.hash(hex))).toEqual(
      videoOf(packets, 0).map(({ hex }) => Bun.hash(hex)),
    );
    expect(stream.pes.map(({ length }) => length)).toEqual([0, 8 + 11]);
    expect(stream.errors).toEqual([]);
  });

  test("leaves out and counts frames that can't be sent", () => {
    const writer = new TsSegmentWriter([aacHeader, avcHeader()], 0);
    const video = (hex: string) => packetOf(PacketKind.Video, 0, fromHex(hex));
    const audio = (hex: string) => packetOf(PacketKind.Audio, 0, fromHex(hex));
    const unfit = [
      video("27 01 000000"),
      video("27 01 000000 000000ff 01"),
      video("91 68766331 000000 00000001 02"),
      video("93 61763031 00"),
      audio("af 01"),
      audio("b2 00"),
      packetOf(PacketKind.Audio, 0, concat([fromHex("af01"), new Uint8Array(9000)])),
    ];
    for (const packet of unfit) writer.add(packet);
    expect(writer.skipped).toBe(unfit.length);
    expect(writer.finish().length).toBe(0);
  });

  test("uses the headers in force at each packet", () => {
    const lower = avcRecord([h264Sps], [h264Pps], 2);
    const packets = [
      avcFrame(0, 0, true, [unit(5, 9)]),
      avcHeader(lower),
      avcFrame(40, 0, true, [unit(5, 8)], 2),
      aacHeader,
      aacFrame(50, unit(1, 9)),
      packetOf(PacketKind.Audio, 70, fromHex("af00 1190")),
      aacFrame(73, unit(2, 9)),
    ];
    const stream = demux(tsSegment([avcHeader()], packets, 0));
    expect(stream.pes.map(({ pid, data }) => [pid, data.length])).toEqual([
      [VIDEO, 6 + h264Sps.length + h264Pps.length + 8 + 13],
      [VIDEO, 6 + h264Sps.length + h264Pps.length + 8 + 12],
      [AUDIO, 16],
      [AUDIO, 16],
    ]);
    // 44.1 kHz, then 48 kHz.
    expect(stream.pes.slice(2).map(({ data }) => ((data[2] ?? 0) >> 2) & 15)).toEqual([4, 3]);
    expect(stream.errors).toEqual([]);
  });

  test("signals when its streams change", () => {
    const mp3 = packetOf(PacketKind.Audio, 40, fromHex("2f fffb9000"));
    const stream = demux(tsSegment([avcHeader()], [avcFrame(0, 0, true, [unit(5, 9)]), mp3], 0));
    const maps = stream.sections
      .filter(({ pid }) => pid === 0x1000)
      .map(({ bytes }) => [(bytes[5] ?? 0) & 63, bytes.length]);
    expect(maps.slice(0, 2)).toEqual([
      [1, 21],
      [5, 26],
    ]);
    expect(stream.errors).toEqual([]);
    expect(stream.pes.map(({ pid }) => pid)).toEqual([VIDEO, AUDIO]);
  });

  test("has a PES packet of its own for audio whose time does not follow", () => {
    const times = [0, 23, 46, 75, 98, 400];
    const stream = demux(
      tsSegment(
        [aacHeader],
        times.map((time) => aacFrame(time, unit(1, 9))),
        0,
      ),
    );
    expect(stream.pes.map(({ pts, data }) => [(pts - 126_000) / 90, data.length / 16])).toEqual([
      [0, 3],
      [75, 2],
      [400, 1],
    ]);
  });

  test("has the clock with the audio while the video pauses", () => {
    const { packets } = testStream(mulberry32(3), { video: false, audio: true, frames: 100 });
    const sparse = [0, 1000, 2000, 3000].map((time) => avcFrame(time, 0, true, [unit(5, 50)]));
    const all = [...packets, ...sparse].sort((a, b) => a.time - b.time);
    const stream = demux(tsSegment([aacHeader, avcHeader()], all, 0));
    expect(longestClockGap(stream, VIDEO)).toBeLessThanOrEqual(100);
    expect(stream.errors).toEqual([]);
  });

  test("of tiny frames is stuffed as well", () => {
    const packets = [
      avcFrame(
        0,
        0,
        true,
        [h264Sps, h264Pps].map((_, i) => unit(i + 1, 1)),
      ),
      avcFrame(40, 0, false, [unit(1, 1)]),
    ];
    const empty = avcHeader(avcRecord([], []));
    const stream = demux(concat([0, 1, 2].map(() => tsSegment([empty], packets, 0))));
    expect(stream.errors).toEqual([]);
    expect(stream.counts.get(VIDEO)).toBe(48);
  });

  test("of any sizes and with any cuts keeps all frames", () => {
    const random = fc.tuple(
      fc.nat(1e6),
      fc.boolean(),
      fc.boolean(),
      fc.integer({ min: 1, max: 40 }),
      fc.integer({ min: 3, max: 4000 }),
    );
    fc.assert(
      fc.property(random, ([seed, video, audio, frames, bytes]) => {
        const { headers, packets } = testStream(mulberry32(seed), { video, audio, frames, bytes, gop: 5 });
        const stream = demux(concat(cut(packets, 9).map((part) => tsSegment(headers, part, 0))));
        expect(stream.errors).toEqual([]);
        expect(videoIn(stream)).toEqual(videoOf(packets, 0));
        expectAudio(audioIn(stream), audioOf(packets, 0), 5);
      }),
      { seed: 2, numRuns: 60 },
    );
  });
});
