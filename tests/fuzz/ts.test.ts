import { expect, test } from "bun:test";
import { ProtocolError } from "../../src/base/errors.ts";
import { streamCodecs } from "../../src/media/codec-strings.ts";
import { type Packet, PacketKind } from "../../src/media/packet.ts";
import { tsRefusal } from "../../src/media/ts/carries.ts";
import { TsFormat } from "../../src/media/ts/format.ts";
import { tsSegment } from "../../src/media/ts/segment.ts";
import { concat, fromHex } from "../support/bytes.ts";
import { mutate } from "../support/mutate.ts";
import { between, mulberry32, pick, randomBytes } from "../support/random.ts";
import { demux } from "../support/ts-demuxer.ts";
import { TestLog } from "../support/ts-log.ts";
import { aacHeader, avcHeader, packetOf } from "../support/ts-media.ts";
import { testStream } from "../support/ts-stream.ts";
import { enhancedVectors, legacyVectors, multitrackVectors } from "../vectors/media.ts";
import { recordVectors } from "../vectors/parameter-sets.ts";

const ROUNDS = 800;
const vectors = [...legacyVectors, ...enhancedVectors, ...multitrackVectors];
const hevcRecord = fromHex(recordVectors.find(({ codec }) => codec === "HEVC")?.hex ?? "");
const headers = [aacHeader, avcHeader(), packetOf(PacketKind.Video, 0, concat([fromHex("9068766331"), hevcRecord]))];
const MAX_TIME = 2 ** 43;

/** Packets of all sorts, damaged or not, at any times. */
function hostile(random: () => number): Packet[] {
  const { packets } = testStream(random, { video: true, audio: true, frames: 6, gop: 3, bytes: 600 });
  let time = between(random, 0, MAX_TIME);
  return packets.map((packet) => {
    time = Math.max(0, time + pick(random, [0, 20, 40, -40, 5000, -5000]));
    const { kind, payload } = pick(random, [packet, packet, packet, ...headers]);
    const vector = pick(random, vectors);
    switch (between(random, 0, 5)) {
      case 0:
        return packetOf(kind, time, mutate(random, payload));
      case 1:
        return packetOf(vector.kind, time, mutate(random, fromHex(vector.hex)));
      case 2:
        return packetOf(kind, time, randomBytes(random, between(random, 0, 60)));
      default:
        return packetOf(kind, time, payload);
    }
  });
}

test("segments and live streams of any packets are transport streams, and bounded", () => {
  const random = mulberry32(0x47);
  for (let round = 0; round < ROUNDS; round++) {
    const packets = hostile(random);
    const first = pick(random, [[], headers, headers.slice(0, 2)]);
    const bytes = packets.reduce((sum, { payload }) => sum + payload.length, 0);
    const segment = tsSegment(first, packets, pick(random, [0, packets[0]?.time ?? 0]));
    const again = tsSegment(first, packets, 0);
    expect(demux(concat([segment, again])).errors).toEqual([]);
    // A start code for each byte, a packet for each frame, PSI, stuffing.
    expect(segment.length).toBeLessThan(6 * bytes + 1200 * packets.length + 40_000);
    const format = TsFormat.of();
    const log = new TestLog(packets);
    const cut = between(random, 1, packets.length);
    for (const chosen of [format, format.withoutVideo]) {
      const live = concat([chosen.encode(log, 0, cut, first), chosen.encode(log, cut, packets.length)]);
      expect(demux(live).errors).toEqual([]);
    }
    tsRefusal(packets, true);
    try {
      streamCodecs(packets);
    } catch (error) {
      expect(error).toBeInstanceOf(ProtocolError);
    }
  }
});
