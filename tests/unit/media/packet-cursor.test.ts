import { expect, test } from "bun:test";
import { Packet, PacketFlag, PacketKind } from "../../../src/media/packet.ts";
import { PacketListCursor } from "../../../src/media/packet-cursor.ts";

test("a cursor over packets has each packet's fields, ends, and can be rewound", () => {
  const packets = [
    new Packet(PacketKind.Audio, 5, Uint8Array.of(1, 2), PacketFlag.SequenceHeader, 1),
    new Packet(PacketKind.Video, 6, Uint8Array.of(3), PacketFlag.Key, 0),
  ];
  const cursor = new PacketListCursor(packets);
  const all = () => {
    const found: Packet[] = [];
    while (cursor.next()) {
      const { kind, time, bytes, offset, length, flags, track } = cursor;
      found.push(new Packet(kind, time, bytes.subarray(offset, offset + length), flags, track));
    }
    return found;
  };
  expect(all()).toEqual(packets);
  expect(cursor.next()).toBe(false);
  cursor.rewind();
  expect(all()).toEqual(packets);
});
