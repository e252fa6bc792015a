import { describe, expect, test } from "bun:test";
import { aacFrameSizes, avcConfiguration, deltaSlices, keySlice, silence } from "../../../src/loadgen/picture.ts";
import { toHex } from "../../support/bytes.ts";

/** Where a decoder would see a start code, or an encoder had to put an emulation prevention byte (H.264, 7.4.1). */
const START_CODE = /^(?:..)*?0000(?:00|01|02|03)/;

test("no part of a picture looks like a start code", () => {
  for (const part of [keySlice, ...deltaSlices, avcConfiguration.subarray(6)])
    expect(toHex(part)).not.toMatch(START_CODE);
});

test("frames that are no key frames all have the same length", () => {
  expect(new Set(deltaSlices.map((slice) => slice.length)).size).toBe(1);
  expect(new Set(deltaSlices.map(toHex)).size).toBe(16);
});

describe("a silent AAC frame", () => {
  test("has the size asked for", () => {
    for (let size = aacFrameSizes.least; size <= aacFrameSizes.most; size++) expect(silence(size).length).toBe(size);
  });

  test("is an empty channel element, a fill element and the end", () => {
    // 000 0000 00000000 00000000000 000, then 110 1111 00000001: 15 bytes, then 111.
    expect(toHex(silence(21))).toBe("00000006f01000000000000000000000000000000e");
  });
});
