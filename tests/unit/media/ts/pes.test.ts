import { describe, expect, test } from "bun:test";
import fc from "fast-check";
import { clockOf, pesHeaderBytes, StreamId, ticksOf, writePesHeader } from "../../../../src/media/ts/pes.ts";
import { toHex } from "../../../support/bytes.ts";

function header(bytes: number, pts: number, dts: number): string {
  const out = new Uint8Array(32);
  return toHex(out.subarray(0, writePesHeader(out, 0, StreamId.Video, bytes, pts, dts)));
}

describe("a PES header", () => {
  // ISO 13818-1, 2.4.3.6: '0010', 3 bits, a marker, 15 bits, a marker, 15 bits, a marker.
  test.each([
    ["0", 0, "2100010001"],
    ["its first bit", 1, "2100010003"],
    ["15 bits", 0x7fff, "210001ffff"],
    ["the 16th bit", 0x8000, "2100030001"],
    ["31 bits", 2 ** 31 - 1, "23ffffffff"],
    ["the 32nd bit", 2 ** 31, "2500010001"],
    ["the 33rd bit", 2 ** 32, "2900010001"],
    ["the last before the wrap", 2 ** 33 - 1, "2fffffffff"],
  ])("has a PTS of %s", (_, pts, hex) => {
    expect(header(114, pts, pts)).toBe(`000001e0006c848005${hex}`);
  });

  test("has a DTS if that differs", () => {
    expect(header(119, 126000, 122400)).toBe("000001e0007184c00a310007d861110007bc41");
    expect(pesHeaderBytes(126000, 122400)).toBe(19);
    expect(pesHeaderBytes(1, 1)).toBe(14);
  });

  test("has no length when that is longer than 16 bits", () => {
    expect(header(0xffff + 6, 0, 0).slice(8, 12)).toBe("ffff");
    expect(header(0xffff + 7, 0, 0).slice(8, 12)).toBe("0000");
  });
});

describe("times", () => {
  test("begin at 1.4 s, with the clock 0.7 s before", () => {
    expect([ticksOf(0), clockOf(0)]).toEqual([126000, 63000]);
  });

  test("wrap at 33 bits, after 26.5 hours and backwards", () => {
    const wrapMs = (2 ** 33 - 126000) / 90;
    expect(ticksOf(Math.ceil(wrapMs))).toBeLessThan(90);
    expect(ticksOf(Math.floor(wrapMs))).toBeGreaterThan(2 ** 33 - 90);
    expect(ticksOf(-1400)).toBe(0);
    expect(ticksOf(-1401)).toBe(2 ** 33 - 90);
  });

  test("lose no bit in a year of milliseconds", () => {
    fc.assert(
      fc.property(fc.nat(365 * 86_400_000), (ms) => {
        expect(ticksOf(ms)).toBe(Number((BigInt(ms) * 90n + 126000n) % 2n ** 33n));
        expect(clockOf(ms)).toBe(Number((BigInt(ms) * 90n + 63000n) % 2n ** 33n));
      }),
      { seed: 33 },
    );
  });

  test("are those of FFmpeg's header for a frame at 1.48 s that is decoded at 1.4 s", () => {
    const out = new Uint8Array(19);
    writePesHeader(out, 0, StreamId.Video, 2 ** 17, ticksOf(80), ticksOf(0));
    expect(toHex(out.subarray(9))).toBe("31000910a1110007d861");
  });
});
