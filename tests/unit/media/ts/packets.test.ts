import { describe, expect, test } from "bun:test";
import fc from "fast-check";
import { Field, packetCount, packetise, writeFieldPacket } from "../../../../src/media/ts/packets.ts";
import { addPackets } from "../../../../src/media/ts/stuffing.ts";
import { toHex } from "../../../support/bytes.ts";
import { demux } from "../../../support/ts-demuxer.ts";

const PID = 0x123;

/** A PES packet with a PTS of 0 and so many bytes in all. */
function pes(bytes: number): Uint8Array {
  const out = Uint8Array.from({ length: bytes }, (_, i) => i * 7);
  out.set([0, 0, 1, 0xe0, 0, 0, 0x84, 0x80, 5, 0x21, 0, 1, 0, 1]);
  return out;
}

function packets(data: Uint8Array, more: number, counter: number, flags: number, pcr = 0): Uint8Array {
  const field = flags === 0 ? 0 : flags & Field.Pcr ? 8 : 2;
  const count = packetCount(data.length, field) + more;
  const out = new Uint8Array(count * 188).fill(0xee);
  out.set(data, out.length - data.length);
  packetise(out, 0, count, data.length, PID, counter, flags, pcr);
  return out;
}

describe("a transport packet", () => {
  test("carries 184 bytes without an adaptation field", () => {
    const out = packets(pes(184), 0, 5, 0);
    expect(toHex(out.subarray(0, 8))).toBe("47412315000001e0");
    expect(out.length).toBe(188);
  });

  test("that lacks one byte has an adaptation field of one", () => {
    expect(toHex(packets(pes(183), 0, 0, 0).subarray(0, 9))).toBe("4741233000000001e0");
  });

  test("that lacks two has flags, and stuffing behind that", () => {
    expect(toHex(packets(pes(182), 0, 0, 0).subarray(0, 10))).toBe("474123300100000001e0");
    expect(toHex(packets(pes(180), 0, 0, 0).subarray(0, 10))).toBe("474123300300ffff0000");
  });

  // ISO 13818-1, 2.4.3.5: a base of 33 bits, six reserved ones, an extension of nine.
  test.each([
    [63000, "00007b0c7e00"],
    [1, "00000000fe00"],
    [2 ** 33 - 1, "fffffffffe00"],
    [2 ** 32, "800000007e00"],
  ])("has the clock %d", (pcr, hex) => {
    expect(toHex(packets(pes(100), 0, 0, Field.Pcr | Field.RandomAccess, pcr).subarray(5, 12))).toBe(`50${hex}`);
  });

  test("without payload has the counter of the packet before", () => {
    const out = new Uint8Array(188);
    expect(writeFieldPacket(out, 0, PID, -1, Field.Discontinuity, 0)).toBe(188);
    expect(toHex(out.subarray(0, 7))).toBe("4701232fb780ff");
  });

  test("carries any PES packet whole, in the given number of packets", () => {
    const sizes = fc.integer({ min: 30, max: 3000 });
    const all = fc.constantFrom(0, Field.RandomAccess, Field.Pcr, Field.Pcr | Field.RandomAccess);
    fc.assert(
      fc.property(sizes, fc.nat(15), fc.nat(15), all, (bytes, more, counter, flags) => {
        const data = pes(bytes);
        const stream = demux(packets(data, more, counter, flags));
        expect(stream.errors).toEqual([]);
        expect(stream.pes.map((found) => found.data)).toEqual([data.subarray(14)]);
        expect(stream.pes[0]?.randomAccess).toBe((flags & Field.RandomAccess) !== 0);
      }),
      { seed: 188 },
    );
  });
});

describe("packets that are added", () => {
  test("leave data, times and clocks unchanged, and end a PID's count where it should", () => {
    const sizes = fc.array(fc.integer({ min: 16, max: 700 }), { minLength: 1, maxLength: 8 });
    fc.assert(
      fc.property(sizes, fc.nat(15), fc.boolean(), (list, more, clocks) => {
        const parts: Uint8Array[] = [];
        let counter = 0;
        for (const bytes of list) {
          const part = packets(pes(bytes), 0, counter, clocks ? Field.Pcr : 0, bytes);
          counter += part.length / 188;
          const clock = new Uint8Array(188);
          writeFieldPacket(clock, 0, PID, counter - 1, Field.Pcr, 9);
          parts.push(part, clock);
        }
        const length = parts.reduce((sum, part) => sum + part.length, 0);
        const out = new Uint8Array(length + 15 * 188);
        parts.reduce((at, part) => {
          out.set(part, at);
          return at + part.length;
        }, 0);
        const before = demux(out.slice(0, length));
        const after = demux(out.subarray(0, addPackets(out, length, PID, more)));
        expect(after.errors).toEqual([]);
        expect(after.counts.get(PID)).toBe(counter + more);
        const plain = ({ pes: found, clocks: refs }: typeof before) => [
          found.map(({ data, pts }) => [data, pts]),
          refs.map(({ base }) => base),
        ];
        expect(plain(after)).toEqual(plain(before));
      }),
      { seed: 16 },
    );
  });

  test("leave a PES header whole where another packet has bytes enough", () => {
    const out = new Uint8Array(188 * 40);
    const first = packets(pes(400), 0, 0, 0);
    const short = packets(pes(20), 0, 3, 0);
    out.set(first);
    out.set(short, first.length);
    const length = addPackets(out, first.length + short.length, PID, 12);
    expect(toHex(out.subarray(length - 188, length))).toBe(toHex(packets(pes(20), 0, 15, 0)));
  });

  test("are none for a PID that is not there", () => {
    const out = packets(pes(100), 0, 0, 0);
    expect(addPackets(out, 188, 0x77, 3)).toBe(188);
  });
});
