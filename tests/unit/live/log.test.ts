import { describe, expect, test } from "bun:test";
import fc from "fast-check";
import { PacketLog } from "../../../src/live/log.ts";
import { Packet, PacketKind } from "../../../src/media/packet.ts";

const packet = (size: number, time = 0) => new Packet(PacketKind.Audio, time, new Uint8Array(size), 0, 0);

describe("PacketLog", () => {
  test("gives each packet the next number and finds it by that", () => {
    const log = new PacketLog();
    const [a, b] = [packet(1), packet(2)];
    expect([log.append(a), log.append(b)]).toEqual([0, 1]);
    expect([log.at(0), log.at(1)]).toEqual([a, b]);
    expect([log.start, log.end, log.bytes]).toEqual([0, 2, 3]);
  });

  test("forgets what is before a number, and never more than there is", () => {
    const log = new PacketLog();
    for (let i = 0; i < 10; i++) log.append(packet(1));
    log.dropUntil(4);
    log.dropUntil(2);
    expect([log.start, log.end, log.bytes]).toEqual([4, 10, 6]);
    log.dropUntil(99);
    expect([log.start, log.end, log.bytes]).toEqual([10, 10, 0]);
    expect(log.append(packet(5))).toBe(10);
  });

  test.each([-1, 3, 10, 0.5, Number.NaN])("refuses the position %p when it holds 4 to 9", (seq) => {
    const log = new PacketLog();
    for (let i = 0; i < 10; i++) log.append(packet(1));
    log.dropUntil(4);
    expect(() => log.at(seq)).toThrow(new RangeError(`packet ${seq} is not in the log [4, 10)`));
  });

  test("grows while packets wrap around its ring, and shrinks again when it is empty", () => {
    const log = new PacketLog();
    for (let i = 0; i < 50; i++) log.append(packet(1, i));
    log.dropUntil(40);
    for (let i = 50; i < 5000; i++) log.append(packet(1, i));
    for (const seq of [40, 63, 64, 127, 128, 2049, 4999]) expect(log.at(seq).time).toBe(seq);
    log.dropUntil(5000);
    for (let i = 5000; i < 5200; i++) log.append(packet(1, i));
    for (const seq of [5000, 5063, 5064, 5199]) expect(log.at(seq).time).toBe(seq);
  });

  test("is at all times the end of what was appended", () => {
    const step = fc.oneof(fc.record({ append: fc.nat(300) }), fc.record({ drop: fc.nat(400) }));
    fc.assert(
      fc.property(fc.array(step, { maxLength: 60 }), (steps) => {
        const log = new PacketLog();
        const all: Packet[] = [];
        let start = 0;
        for (const action of steps) {
          if ("append" in action)
            for (let i = 0; i < action.append; i++) {
              all.push(packet(all.length % 7));
              log.append(all[all.length - 1] as Packet);
            }
          else {
            log.dropUntil(start + action.drop);
            start = Math.min(all.length, start + action.drop);
          }
          expect([log.start, log.end]).toEqual([start, all.length]);
          expect(log.bytes).toBe(all.slice(start).reduce((sum, { payload }) => sum + payload.length, 0));
          for (let seq = start; seq < all.length; seq++) if (log.at(seq) !== all[seq]) throw new Error(`at ${seq}`);
        }
      }),
      { seed: 1, numRuns: 60 },
    );
  });
});
