import { joined } from "../../src/base/memory.ts";
import { systemClock } from "../../src/io/os/clock.ts";
import { PacketLog } from "../../src/live/log/log.ts";
import { SlabPool } from "../../src/live/log/slabs.ts";
import type { WireFormat } from "../../src/live/readers/format.ts";
import { AacFormat } from "../../src/media/aac-format.ts";
import { FlvFormat } from "../../src/media/flv-format.ts";
import { Packet, PacketFlag, PacketKind } from "../../src/media/packet.ts";
import { RtmpFormat } from "../../src/rtmp/format.ts";
import { type Benchmark, keep } from "../harness.ts";
import { packets, recording } from "../material.ts";
import { rtmpOptions } from "../stage.ts";

const aacHeader = new Packet(PacketKind.Audio, 0, Uint8Array.of(0xaf, 0, 0x12, 0x10), PacketFlag.SequenceHeader, 0);
const classic = { enhanced: false, audio: true, video: true };

const usualPackets = () => packets(recording());

/** The packet with the headers of enhanced RTMP, which a classic FLV stream must remove again. */
function named(packet: Packet): Packet {
  const { kind, time, payload, flags } = packet;
  const video = kind === PacketKind.Video;
  const head = new TextEncoder().encode(video ? "?avc1" : "?mp4a");
  head[0] = video ? 0x81 | ((payload[0] ?? 0) & 0x70) : 0x91;
  return new Packet(kind, time, joined(head, payload.subarray(2)), flags, 0);
}

/** Encodes batches of `batch` packets. */
function encoding(name: string, format: () => WireFormat, batch: number, from = usualPackets): Benchmark {
  return {
    name,
    op: "packet",
    prepare() {
      const log = new PacketLog(new SlabPool(systemClock));
      for (const { kind, time, payload, flags, track } of from()) log.append(kind, time, payload, flags, track);
      const encoder = format();
      encoder.encode(log, 0, 0, [aacHeader]);
      const run = () => {
        for (let seq = 0; seq < log.end; seq += batch)
          keep(encoder.encode(log, seq, Math.min(seq + batch, log.end)).length);
      };
      return { ops: log.end, bytes: log.bytes, run };
    },
  };
}

const rtmp = () => new RtmpFormat(rtmpOptions);
const flv = () => new FlvFormat(classic);

/** Encoding of a log's packets, once for all readers of a format. */
export const formatBenchmarks: readonly Benchmark[] = [
  encoding("format-encode/packets-alone", rtmp, 1),
  encoding("format-encode/batches-of-26", rtmp, 26),
  encoding("format-encode/a-gop", rtmp, Number.POSITIVE_INFINITY),
  encoding("flv-encode/packets-alone", flv, 1),
  encoding("flv-encode/batches-of-26", flv, 26),
  encoding("flv-encode/of-enhanced-batches-of-26", flv, 26, () => usualPackets().map(named)),
  encoding("flv-encode/as-it-came-batches-of-26", () => new FlvFormat({ ...classic, enhanced: true }), 26),
  encoding("aac-encode/batches-of-26", () => new AacFormat(), 26),
];
