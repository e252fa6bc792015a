import { PacketLog } from "../../src/live/log/log.ts";
import { SlabPool } from "../../src/live/log/slabs.ts";
import { classify } from "../../src/media/classify.ts";
import { Packet, type PacketKind } from "../../src/media/packet.ts";
import { FakeClock } from "./fake-clock.ts";

/** A log with these packets, their payloads one behind the other in its memory. */
export function logOf(packets: readonly Packet[]): PacketLog {
  const log = new PacketLog(new SlabPool(new FakeClock()));
  for (const { kind, time, payload, flags, track } of packets) log.append(kind, time, payload, flags, track);
  return log;
}

/** A packet as a stream has it, classified by its payload. */
export function packetOf(kind: PacketKind, time: number, payload: Uint8Array): Packet {
  const found = classify(kind, payload);
  return new Packet(kind, time, payload, found & 0xff, found >>> 8);
}
