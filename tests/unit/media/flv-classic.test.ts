import { describe, expect, test } from "bun:test";
import fc from "fast-check";
import { ClassicTag } from "../../../src/media/flv-classic.ts";
import { type Packet, PacketKind } from "../../../src/media/packet.ts";
import type { PacketCursor } from "../../../src/media/packet-cursor.ts";
import { concat, fromHex, toHex } from "../../support/bytes.ts";
import { ENHANCED_WAYS, enhance } from "../../support/enhanced.ts";
import { logOf, packetOf } from "../../support/packet-log.ts";
import { classicVectors } from "../../vectors/flv-classic.ts";

/** The classic payload of each of these, or undefined where there is none. */
function classics(packets: readonly Packet[]): (string | undefined)[] {
  const tag = new ClassicTag();
  const cursor: PacketCursor = logOf(packets).cursor(0, packets.length);
  const found: (string | undefined)[] = [];
  while (cursor.next()) {
    const taken = tag.plan(cursor);
    const body = concat([tag.head.subarray(0, tag.headBytes), cursor.bytes.subarray(tag.start, tag.end)]);
    found.push(taken ? toHex(body) : undefined);
  }
  return found;
}

describe("players without enhanced RTMP get", () => {
  test.each(classicVectors.map((vector) => [vector.name, vector] as const))("%s", (_, { kind, hex, classic }) => {
    expect(classics([packetOf(kind, 0, fromHex(hex))])).toEqual([classic?.replaceAll(" ", "")]);
  });
});

test("a packet's class does not depend on the bytes around it in memory", () => {
  const packets = classicVectors.map(({ kind, hex }) => packetOf(kind, 0, fromHex(hex)));
  const expected = classicVectors.map(({ classic }) => classic?.replaceAll(" ", ""));
  expect(classics(packets)).toEqual(expected);
  expect(classics(packets.toReversed())).toEqual(expected.toReversed());
});

test("H.264 and AAC that were put into enhanced headers come out as they were", () => {
  const bytes = fc.uint8Array({ minLength: 1, maxLength: 60 });
  const video = fc
    .tuple(fc.constantFrom(0x17, 0x27, 0x37), fc.constantFrom(0, 1), fc.nat(0xffffff), bytes)
    .map(([first, type, composition, body]) => {
      const time = type === 0 ? 0 : composition;
      return {
        kind: PacketKind.Video,
        legacy: concat([Uint8Array.of(first, type, time >>> 16, time >>> 8, time), body]),
      };
    });
  const audio = fc
    .tuple(fc.constantFrom(0, 1), bytes)
    .map(([type, body]) => ({ kind: PacketKind.Audio, legacy: concat([Uint8Array.of(0xaf, type), body]) }));
  const frames = fc.array(fc.tuple(fc.oneof(video, audio), fc.nat(ENHANCED_WAYS - 1), bytes), { maxLength: 20 });
  fc.assert(
    fc.property(frames, (given) => {
      const packets = given.map(([{ kind, legacy }, way, beside]) =>
        packetOf(kind, 0, enhance(kind, legacy, way, beside)),
      );
      expect(classics(packets)).toEqual(given.map(([{ legacy }]) => toHex(legacy)));
    }),
    { seed: 0xf1c },
  );
});
