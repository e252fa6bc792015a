import { describe, expect, test } from "bun:test";
import fc from "fast-check";
import { PacketLog } from "../../../../src/live/log/log.ts";
import { SlabPool } from "../../../../src/live/log/slabs.ts";
import { Packet, PacketFlag, PacketKind } from "../../../../src/media/packet.ts";
import type { PacketCursor } from "../../../../src/media/packet-cursor.ts";
import { FakeClock } from "../../../support/fake-clock.ts";

/** Appends a packet of so many bytes, all of them the low byte of its number. */
function append(log: PacketLog, size: number, time = 0): number {
  return log.append(PacketKind.Audio, time, new Uint8Array(size).fill(log.end), 0, 0);
}

function expectUnharmed(log: PacketLog): void {
  for (let seq = log.start; seq < log.end; seq++) {
    const { payload } = log.at(seq);
    if (payload.length > 0) expect([seq, payload[0], payload.at(-1)]).toEqual([seq, seq % 256, seq % 256]);
  }
}

function objects(cursor: PacketCursor): Packet[] {
  const found: Packet[] = [];
  while (cursor.next()) {
    const { kind, time, bytes, offset, length, flags, track } = cursor;
    found.push(new Packet(kind, time, bytes.slice(offset, offset + length), flags, track));
  }
  return found;
}

describe("PacketLog", () => {
  test("gives each packet the next number, by which it is found", () => {
    const log = new PacketLog(new SlabPool(new FakeClock()));
    const payload = Uint8Array.of(7, 8);
    expect(log.append(PacketKind.Audio, 20, Uint8Array.of(9), 0, 0)).toBe(0);
    expect(log.append(PacketKind.Video, 2 ** 33, payload, PacketFlag.Key, 3)).toBe(1);
    expect(log.at(0)).toEqual(new Packet(PacketKind.Audio, 20, Uint8Array.of(9), 0, 0));
    expect(log.at(1)).toEqual(new Packet(PacketKind.Video, 2 ** 33, payload, PacketFlag.Key, 3));
    expect([log.timeAt(1), log.bytesAt(1)]).toEqual([2 ** 33, 2]);
    expect([log.start, log.end, log.bytes]).toEqual([0, 2, 3]);
  });

  test("drops packets before a number, and never more than it holds", () => {
    const log = new PacketLog(new SlabPool(new FakeClock()));
    for (let i = 0; i < 10; i++) append(log, 1);
    log.dropUntil(4);
    log.dropUntil(2);
    expect([log.start, log.end, log.bytes]).toEqual([4, 10, 6]);
    log.dropUntil(99);
    expect([log.start, log.end, log.bytes]).toEqual([10, 10, 0]);
    expect(append(log, 5, 77)).toBe(10);
    expect(log.at(10).time).toBe(77);
  });

  test.each([-1, 3, 10, 0.5, Number.NaN])("refuses the position %p when it holds 4 to 9", (seq) => {
    const log = new PacketLog(new SlabPool(new FakeClock()));
    for (let i = 0; i < 10; i++) append(log, 1);
    log.dropUntil(4);
    expect(() => log.at(seq)).toThrow(new RangeError(`packet ${seq} is not in the log [4, 10)`));
  });

  test("has a cursor over a range that gives the same as the packets' objects, also after a rewind", () => {
    const log = new PacketLog(new SlabPool(new FakeClock()));
    for (let i = 0; i < 150; i++) {
      const kind = i % 3 === 0 ? PacketKind.Video : PacketKind.Audio;
      log.append(kind, 2 ** 33 + i, new Uint8Array(i * 40).fill(i), i % 3 === 0 ? PacketFlag.Key : 0, i % 4);
      if (i === 90) log.dropUntil(60);
    }
    const cursor = log.cursor(61, 140);
    const packets = Array.from({ length: 79 }, (_, i) => log.at(61 + i).copy());
    expect(objects(cursor)).toEqual(packets);
    cursor.rewind();
    expect(objects(cursor)).toEqual(packets);
  });

  test("has an empty cursor for an empty range at any position", () => {
    const log = new PacketLog(new SlabPool(new FakeClock()));
    expect(objects(log.cursor(0, 0))).toEqual([]);
    for (let i = 0; i < 10; i++) append(log, 1);
    log.dropUntil(4);
    expect(objects(log.cursor(10, 10))).toEqual([]);
    expect(() => log.cursor(3, 5)).toThrow(new RangeError("packet 3 is not in the log [4, 10)"));
    expect(() => log.cursor(5, 11)).toThrow(new RangeError("packet 10 is not in the log [4, 10)"));
  });

  test("grows while packets wrap around its ring, and shrinks again when it is empty", () => {
    const log = new PacketLog(new SlabPool(new FakeClock()));
    for (let i = 0; i < 50; i++) append(log, 1, i);
    log.dropUntil(40);
    for (let i = 50; i < 5000; i++) append(log, 1, i);
    for (const seq of [40, 63, 64, 127, 128, 2049, 4999]) expect(log.at(seq).time).toBe(seq);
    log.dropUntil(5000);
    for (let i = 5000; i < 5200; i++) append(log, 1, i);
    for (const seq of [5000, 5063, 5064, 5199]) expect(log.at(seq).time).toBe(seq);
  });

  test("keeps an unchanged copy of each payload while it holds the packet, however memory is reused", () => {
    const size = fc.oneof(fc.nat(9), fc.nat(3000), fc.nat(70_000));
    const step = fc.record({ which: fc.nat(2), append: fc.nat(60), size, drop: fc.nat(90), wait: fc.nat(20_000) });
    fc.assert(
      fc.property(fc.array(step, { maxLength: 40 }), (steps) => {
        const clock = new FakeClock();
        const pool = new SlabPool(clock);
        const logs = [0, 1, 2].map(() => new PacketLog(pool));
        for (const { which, append: count, size, drop, wait } of steps) {
          const log = logs[which] as PacketLog;
          for (let i = 0; i < count; i++) append(log, size + i);
          log.dropUntil(log.start + drop);
          clock.advance(wait);
          for (const one of logs) expectUnharmed(one);
        }
      }),
      { seed: 1, numRuns: 40 },
    );
  });

  test("always holds the end of the appended packets", () => {
    const step = fc.oneof(fc.record({ append: fc.nat(300) }), fc.record({ drop: fc.nat(400) }));
    fc.assert(
      fc.property(fc.array(step, { maxLength: 60 }), (steps) => {
        const log = new PacketLog(new SlabPool(new FakeClock()));
        const all: number[] = [];
        let start = 0;
        for (const action of steps) {
          if ("append" in action)
            for (let i = 0; i < action.append; i++) {
              append(log, all.length % 7, all.length);
              all.push(all.length % 7);
            }
          else {
            log.dropUntil(start + action.drop);
            start = Math.min(all.length, start + action.drop);
          }
          expect([log.start, log.end]).toEqual([start, all.length]);
          expect(log.bytes).toBe(all.slice(start).reduce((sum, size) => sum + size, 0));
          for (let seq = start; seq < all.length; seq++) if (log.at(seq).time !== seq) throw new Error(`at ${seq}`);
        }
      }),
      { seed: 1, numRuns: 60 },
    );
  });
});
