import { expect, test } from "bun:test";
import { streamCodecs } from "../../src/media/codec-strings.ts";
import { FragmentWriter } from "../../src/media/mp4/fragment.ts";
import { initSegment } from "../../src/media/mp4/init-segment.ts";
import { Mp4SegmentWriter } from "../../src/media/mp4/segment.ts";
import { mp4Refusal, mp4Tracks } from "../../src/media/mp4/tracks.ts";
import { type Packet, PacketKind } from "../../src/media/packet.ts";
import { fromHex } from "../support/bytes.ts";
import { parseFragments, parseTracks } from "../support/mp4-parser.ts";
import { write } from "../support/mp4-stream.ts";
import { mutate } from "../support/mutate.ts";
import { between, mulberry32, pick, randomBytes } from "../support/random.ts";
import { aacHeader, avcHeader, packetOf } from "../support/ts-media.ts";
import { testStream } from "../support/ts-stream.ts";
import { headerVectors } from "../vectors/codec-headers.ts";
import { enhancedVectors, legacyVectors, multitrackVectors } from "../vectors/media.ts";

const ROUNDS = 800;
const MAX_TIME = 2 ** 43;
const vectors = [...legacyVectors, ...enhancedVectors, ...multitrackVectors];
const known = headerVectors.flatMap(({ kind, header, frame }) =>
  [header, frame].filter((hex) => hex !== "").map((hex) => packetOf(kind, 0, fromHex(hex))),
);
const headers = [aacHeader, avcHeader(), ...known];

/** Packets of all sorts, damaged or not, at any times. */
function hostile(random: () => number): Packet[] {
  const { packets } = testStream(random, { video: true, audio: true, frames: 6, gop: 3, bytes: 600 });
  let time = between(random, 0, MAX_TIME);
  return packets.map((packet) => {
    time = Math.max(0, time + pick(random, [0, 20, 40, -40, 5000, -5000, 2 ** 33]));
    const { kind, payload } = pick(random, [packet, packet, packet, pick(random, headers)]);
    const vector = pick(random, vectors);
    switch (between(random, 0, 5)) {
      case 0:
        return packetOf(kind, time, mutate(random, payload));
      case 1:
        return packetOf(vector.kind, time, mutate(random, fromHex(vector.hex)));
      case 2:
        return packetOf(pick(random, [kind, PacketKind.Data]), time, randomBytes(random, between(random, 0, 60)));
      default:
        return packetOf(kind, time, payload);
    }
  });
}

/** What a stream begins with, some of it damaged. */
function beginning(random: () => number): Packet[] {
  return Array.from({ length: between(random, 0, 4) }, () => {
    const packet = pick(random, headers);
    return between(random, 0, 1) === 0 ? packet : packetOf(packet.kind, 0, mutate(random, packet.payload));
  });
}

/** How many samples there are; throws unless each is decoded after the one before in its track, of which `lasts` knows the last. */
function follow(bytes: Uint8Array, lasts: Map<number, number>): number {
  const made = parseFragments(bytes).flatMap((fragment) => fragment.samples);
  for (const { track, dts, duration } of made) {
    if (dts <= (lasts.get(track) ?? -1) || duration <= 0) throw new Error(`track ${track} is decoded at ${dts} again`);
    lasts.set(track, dts);
  }
  return made.length;
}

test("init segments and fragments of any packets are MP4, and bounded", () => {
  const random = mulberry32(0x4d50);
  let samples = 0;
  for (let round = 0; round < ROUNDS; round++) {
    const packets = hostile(random);
    const first = beginning(random);
    mp4Refusal(first);
    streamCodecs([...first, ...packets]);
    const tracks = mp4Tracks(pick(random, [[aacHeader, avcHeader()], first, [...first, ...packets]]));
    const init = initSegment(tracks);
    expect(parseTracks(init).map(({ id }) => id)).toEqual(tracks.map((_, at) => at + 1));
    const writer = new FragmentWriter(tracks, pick(random, [0, packets[0]?.time ?? 0, MAX_TIME]));
    const place = between(random, 0, packets.length);
    const parts = [packets.slice(0, place), packets.slice(place)];
    const lasts = new Map<number, number>();
    for (const [at, part] of parts.entries()) {
      const ends = between(random, 0, 1) === 0;
      const { bytes, samples: count } = write(writer, part, at + 1, { next: parts[at + 1] ?? [], ends });
      const sent = part.reduce((sum, { payload }) => sum + payload.length, 0);
      // A frame is in one track, or in each of an id that the message has twice.
      expect(bytes.length).toBeLessThan(tracks.length * (sent + 80) + 16 * count + 100);
      expect(follow(bytes, lasts)).toBe(count);
      samples += count;
      if (ends) lasts.clear();
    }
  }
  expect(samples).toBeGreaterThan(2 * ROUNDS);
});

test("a segment of any packets is MP4, bounded, and a function of its packets", () => {
  const random = mulberry32(0x4d53);
  let made = 0;
  for (let round = 0; round < ROUNDS; round++) {
    const packets = hostile(random);
    const first = pick(random, [[aacHeader, avcHeader()], [aacHeader, avcHeader()], beginning(random)]);
    const mark = between(random, 0, packets.length);
    const at = pick(random, ["end", "mark"] as const);
    const next = pick(random, [undefined, ...packets]);
    const [one, other] = [new Uint8Array(0), randomBytes(random, between(random, 0, 4000))].map((memory) => {
      const writer = new Mp4SegmentWriter(first, memory.slice());
      for (const [number, packet] of packets.entries()) {
        if (number === mark) writer.mark();
        writer.add(packet, packet.time);
      }
      return writer.finish(at, round, next);
    });
    expect(other).toEqual(one);
    if (one === undefined) continue;
    made++;
    expect(parseTracks(one.init).length).toBeLessThanOrEqual(2);
    expect(one.bytes.buffer.byteLength).toBe(one.bytes.length);
    const sent = packets.reduce((sum, { payload }) => sum + payload.length, 0);
    const lasts = new Map<number, number>();
    const count = follow(one.bytes, lasts);
    expect(one.bytes.length).toBeLessThan(sent + 16 * count + 300);
  }
  expect(made).toBeGreaterThan(ROUNDS / 4);
});
