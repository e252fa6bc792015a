import { describe, expect, test } from "bun:test";
import fc from "fast-check";
import { initSegment } from "../../../../src/media/mp4/init-segment.ts";
import { type Mp4Segment, Mp4SegmentWriter } from "../../../../src/media/mp4/segment.ts";
import { mp4Tracks } from "../../../../src/media/mp4/tracks.ts";
import { Packet, PacketFlag, PacketKind } from "../../../../src/media/packet.ts";
import { concat, fromHex, toHex } from "../../../support/bytes.ts";
import { parseTracks } from "../../../support/mp4-parser.ts";
import { isContiguous, samplesOf, videoMade, videoSent } from "../../../support/mp4-stream.ts";
import { mulberry32 } from "../../../support/random.ts";
import { aacFrame, aacHeader, avcFrame, avcHeader, packetOf, unit } from "../../../support/ts-media.ts";
import { testStream } from "../../../support/ts-stream.ts";
import { headerVectors } from "../../../vectors/codec-headers.ts";

const HEADERS = [aacHeader, avcHeader()];
const NOTHING: Mp4Segment = { init: new Uint8Array(0), bytes: new Uint8Array(0) };

/** A segment of packets whose times count from 0. */
function segment(packets: readonly Packet[], next?: Packet, described = HEADERS, memory?: Uint8Array<ArrayBuffer>) {
  const writer = new Mp4SegmentWriter(described, memory);
  for (const packet of packets) writer.add(packet, packet.time);
  return writer.finish("end", 7, next) ?? NOTHING;
}

test("a segment is a moof and an mdat, byte for byte as the standard has them, behind its tracks' init segment", () => {
  const packets = [
    avcFrame(0, 40, true, [unit(5, 2)]),
    aacFrame(10, unit(0x21, 3)),
    avcFrame(40, 0, false, [unit(1, 1)]),
    aacFrame(33, unit(0x21, 2)),
  ];
  const { init, bytes } = segment(packets, avcFrame(100, 40, true, [unit(5, 1)]));
  // ISO 14496-12: moof 8.8.4, mfhd 8.8.5, traf 8.8.6, tfhd 8.8.7, tfdt 8.8.12, trun 8.8.8, mdat 8.1.1.
  const expected = `
    000000cc 6d6f6f66
    00000010 6d666864 00000000 00000007
    00000060 74726166
    00000010 74666864 00020000 00000001
    00000014 74666474 01000000 0000000000000000
    00000034 7472756e 01000f01 00000002 000000d4
      00000e10 00000006 02000000 00000e10
      00001518 00000005 01010000 00000000
    00000054 74726166
    00000014 74666864 00020020 00000002 02000000
    00000014 74666474 01000000 00000000000001b9
    00000024 7472756e 01000301 00000002 000000df
      00000400 00000003
      00000400 00000002
    00000018 6d646174 00000002 05ab 00000001 01 21abab 21ab`;
  expect(toHex(bytes)).toBe(expected.replace(/\s+/g, ""));
  expect(init).toEqual(initSegment(mp4Tracks(HEADERS)));
});

describe("segments of a stream", () => {
  const { headers, packets } = testStream(mulberry32(5), { video: true, audio: true, frames: 60, gop: 10 });
  const isKey = ({ kind, flags }: Packet) => kind === PacketKind.Video && (flags & PacketFlag.Key) !== 0;

  /** Those of parts that follow each other. */
  function segments(parts: readonly (readonly Packet[])[]): Uint8Array[] {
    return parts.map((part, at) => segment(part, parts[at + 1]?.[0], [...headers]).bytes);
  }

  test("that are cut anywhere have all of its samples at their times, each picture where the one before ended", () => {
    fc.assert(
      fc.property(fc.uniqueArray(fc.integer({ min: 1, max: packets.length - 1 }), { maxLength: 6 }), (places) => {
        const sorted = [0, ...places.toSorted((a, b) => a - b), packets.length];
        const parts = sorted.slice(1).map((end, at) => packets.slice(sorted[at], end));
        const made = concat(segments(parts));
        expect(videoMade(samplesOf(made, 1))).toEqual(videoSent(packets));
        const sounds = packets.filter(({ kind }) => kind === PacketKind.Audio);
        const heard = samplesOf(made, 2);
        expect(heard.map(({ data }) => toHex(data))).toEqual(sounds.map(({ payload }) => toHex(payload.subarray(2))));
        for (const [at, { dts }] of heard.entries())
          expect(Math.abs(dts / 44.1 - (sounds[at]?.time ?? 0))).toBeLessThanOrEqual(1);
      }),
      { numRuns: 60 },
    );
  });

  test("that are cut at key frames have no gap between pictures", () => {
    const starts = packets.flatMap((packet, at) => (isKey(packet) ? [at] : []));
    const parts = starts.map((start, at) => packets.slice(start, starts[at + 1]));
    expect(parts.length).toBe(6);
    expect(isContiguous(samplesOf(concat(segments(parts)), 1))).toBe(true);
  });

  test("that end at a mark equal those of a writer that got no more", () => {
    fc.assert(
      fc.property(fc.integer({ min: 1, max: packets.length }), (place) => {
        const marked = new Mp4SegmentWriter(headers);
        for (const [at, packet] of packets.entries()) {
          if (at === place) marked.mark();
          marked.add(packet, packet.time);
        }
        if (place === packets.length) marked.mark();
        const [before, behind] = [packets.slice(0, place), packets.slice(place)];
        const alone = new Mp4SegmentWriter(headers);
        for (const packet of before) alone.add(packet, packet.time);
        const next = behind.find(({ kind }) => kind === PacketKind.Video);
        const [made, wanted] = [marked.finish("mark", 1), alone.finish("end", 1, next)];
        expect(made?.init).toEqual(wanted?.init as Uint8Array);
        // The sound behind the mark tells how long the last sound is, too.
        const [own, other] = [made, wanted].map((one) => one?.bytes ?? new Uint8Array(0));
        for (const track of [1, 2]) {
          const data = (bytes: Uint8Array = new Uint8Array(0)) =>
            samplesOf(bytes, track).map(({ dts, data }) => [dts, data]);
          expect(data(own)).toEqual(data(other));
        }
        expect(samplesOf(own ?? NOTHING.bytes, 1)).toEqual(samplesOf(other ?? NOTHING.bytes, 1));
      }),
      { numRuns: 40 },
    );
  });

  test("are the same in reused memory, and packets are lent for the call", () => {
    const lent = packets.map((packet) => packet.copy());
    const writer = new Mp4SegmentWriter(headers, new Uint8Array(5000).fill(0xee));
    for (const packet of lent) {
      writer.add(packet, packet.time);
      packet.payload.fill(0);
    }
    expect(writer.length).toBe(packets.reduce((sum, { payload }) => sum + payload.length, 0));
    expect(writer.finish("end", 7)?.bytes).toEqual(segment(packets, undefined, [...headers]).bytes);
  });
});

describe("a codec that shows in frames", () => {
  const frameOf = (name: string) => {
    const vector = headerVectors.find((each) => each.name.startsWith(name));
    if (vector === undefined) throw new Error(`no vector of ${name}`);
    return { ...vector, packet: packetOf(vector.kind, 0, fromHex(vector.frame)) };
  };

  test.each(["MP3", "AC-3"])("%s is known by the segment's own frames, wherever a server began", (name) => {
    const { packet, entry } = frameOf(name);
    const packets = [avcFrame(0, 0, true, [unit(5, 9)]), packet];
    const first = segment(packets, undefined, [avcHeader()]);
    const later = segment(packets, undefined, [
      avcHeader(),
      new Packet(PacketKind.Audio, 0, packet.payload.slice(0, 7), 0, 0),
    ]);
    expect(parseTracks(first.init).map((track) => track.entry.type)).toEqual(["avc1", entry]);
    expect(later).toEqual(first);
  });

  test("stays a track if a segment has no frame of it", () => {
    const { packet, entry } = frameOf("MP3");
    const { init, bytes } = segment([avcFrame(0, 0, true, [unit(5, 9)])], undefined, [avcHeader(), packet]);
    expect(parseTracks(init).map((track) => track.entry.type)).toEqual(["avc1", entry]);
    expect(samplesOf(bytes, 2)).toEqual([]);
  });

  test("and pictures of VP9 have the size that the segment's own key frame has", () => {
    const vp9 = headerVectors.find(({ entry }) => entry === "vp09");
    const header = packetOf(PacketKind.Video, 0, fromHex(vp9?.header ?? ""));
    const key = packetOf(PacketKind.Video, 0, fromHex(vp9?.frame ?? ""));
    const { init } = segment([key], undefined, [header]);
    expect(parseTracks(init).map(({ width }) => width)).toEqual([vp9?.size[0] ?? 0]);
  });
});

test("a segment without a sample of a known codec is none", () => {
  expect(segment([])).toBe(NOTHING);
  expect(segment([aacFrame(0, unit(0x21, 9))], undefined, [avcHeader()])).toBe(NOTHING);
  expect(segment([packetOf(PacketKind.Audio, 0, fromHex("b200"))], undefined, [])).toBe(NOTHING);
});
