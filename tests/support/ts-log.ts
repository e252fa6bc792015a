import type { Packet } from "../../src/media/packet.ts";
import { type PacketCursor, PacketListCursor } from "../../src/media/packet-cursor.ts";

/** A log of which what lies before `start` is gone. */
export class TestLog {
  start = 0;
  readonly packets: readonly Packet[];

  constructor(packets: readonly Packet[]) {
    this.packets = packets;
  }

  cursor(from: number, to: number): PacketCursor {
    if (from < this.start || to > this.packets.length) throw new RangeError(`packets ${from} to ${to} are not there`);
    return new PacketListCursor(this.packets.slice(from, to));
  }
}
