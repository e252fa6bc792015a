import { expect, test } from "bun:test";
import { crc32Mpeg2 } from "../../../../src/media/ts/crc32.ts";

test("CRC-32/MPEG-2 of the digits 1 to 9 is the catalogue's check value", () => {
  expect(crc32Mpeg2(new TextEncoder().encode("123456789"), 0, 9)).toBe(0x0376e6e7);
});

test("a section with its checksum has the checksum 0", () => {
  // FFmpeg 5.1's PAT.
  const pat = Uint8Array.from([0, 0xb0, 0x0d, 0, 1, 0xc1, 0, 0, 0, 1, 0xf0, 0, 0x2a, 0xb1, 0x04, 0xb2]);
  expect(crc32Mpeg2(pat, 0, pat.length)).toBe(0);
});
