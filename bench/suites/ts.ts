import { Packet, PacketKind } from "../../src/media/packet.ts";
import { PacketListCursor } from "../../src/media/packet-cursor.ts";
import { TsFormat } from "../../src/media/ts/format.ts";
import { tsSegment } from "../../src/media/ts/segment.ts";
import { aacHeader, avcHeader } from "../../tests/support/ts-media.ts";
import { type Benchmark, keep } from "../harness.ts";
import { packets, recording } from "../material.ts";

const headers = [aacHeader, avcHeader()];

/** The recording with each video frame one NAL unit; 1.6 KB a packet. */
function material(): Packet[] {
  return packets(recording(850)).map((packet) => {
    if (packet.kind !== PacketKind.Video) return packet;
    const payload = packet.payload.slice();
    new DataView(payload.buffer).setUint32(5, payload.length - 9);
    payload[9] = (packet.flags & 1) !== 0 ? 5 : 1;
    return new Packet(packet.kind, packet.time, payload, packet.flags, packet.track);
  });
}

/** Packets [from, to) of a repeated list; `from` and `to` lie in one repetition. */
function cut(list: readonly Packet[], from: number, to: number): readonly Packet[] {
  const turn = Math.floor(from / list.length) * list.length;
  return list.slice(from - turn, to - turn);
}

const bytesOf = (list: readonly Packet[]) => list.reduce((sum, { payload }) => sum + payload.length, 0);

/** The cost of MPEG-TS for each packet. */
export const tsBenchmarks: readonly Benchmark[] = [
  {
    name: "ts/segment",
    op: "packet",
    prepare() {
      const list = material();
      return { ops: list.length, bytes: bytesOf(list), run: () => keep(tsSegment(headers, list, 0).length) };
    },
  },
  {
    name: "ts/live",
    op: "packet",
    prepare() {
      const list = material();
      // A log that repeats the same packets.
      const log = { start: 0, cursor: (from: number, to: number) => new PacketListCursor(cut(list, from, to)) };
      const format = TsFormat.of();
      let seq = 0;
      format.encode(log, 0, 1, headers);
      const run = () => {
        const end = seq + list.length;
        for (; seq < end; seq = Math.min(end, seq + 8)) {
          keep(format.encode(log, seq, Math.min(end, seq + 8)).length);
          log.start = Math.max(0, seq - 64);
        }
      };
      return { ops: list.length, bytes: bytesOf(list), run };
    },
  },
];
