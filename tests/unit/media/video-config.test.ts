import { describe, expect, test } from "bun:test";
import fc from "fast-check";
import { ProtocolError } from "../../../src/base/errors.ts";
import { Codec } from "../../../src/media/codec.ts";
import { readH264Sps, readHevcSps } from "../../../src/media/sps.ts";
import { readVideoConfig } from "../../../src/media/video-config.ts";
import { concat, fromHex, toHex } from "../../support/bytes.ts";
import { mutate } from "../../support/mutate.ts";
import { mulberry32 } from "../../support/random.ts";
import { avcRecord, h264Pps, h264Sps } from "../../support/ts-media.ts";
import { recordVectors } from "../../vectors/parameter-sets.ts";

const numbers = { "H.264": Codec.H264, HEVC: Codec.Hevc };

describe("a configuration record", () => {
  test.each(recordVectors)("of $name", ({ codec, hex, codecs, width, height, reorderDepth, frameMs, sets }) => {
    const config = readVideoConfig(numbers[codec], fromHex(hex));
    expect(config).toMatchObject({ codec: numbers[codec], lengthBytes: 4, codecs });
    expect(config.picture).toMatchObject({ width, height, reorderDepth });
    if (frameMs === undefined) expect(config.picture?.frameMs).toBeUndefined();
    else expect(config.picture?.frameMs).toBeCloseTo(frameMs, 9);
    expect(toHex(config.parameterSets)).toBe(toHex(fromHex(sets)));
  });

  test.each([1, 2, 3, 4])("says that NAL units have lengths of %d bytes", (bytes) => {
    expect(readVideoConfig(Codec.H264, avcRecord([h264Sps], [h264Pps], bytes)).lengthBytes).toBe(bytes);
  });

  test("may have its parameter sets in the frames instead", () => {
    const config = readVideoConfig(Codec.H264, avcRecord([], []));
    expect([config.parameterSets.length, config.picture]).toEqual([0, undefined]);
  });

  test("names HEVC's profile, compatibility, tier and constraints as ISO 14496-15 does", () => {
    const named = (profile: string) =>
      readVideoConfig(Codec.Hevc, fromHex(`01 ${profile} f000fcfdf8f800000f00`)).codecs;
    expect(named("01 60000000 b00000000000 5d")).toBe("hev1.1.6.L93.B0");
    expect(named("22 20000000 900000000000 99")).toBe("hev1.2.4.H153.90");
    expect(named("c4 08000000 000000000000 1e")).toBe("hev1.C4.10.L30");
    expect(named("02 20000000 b00023000000 78")).toBe("hev1.2.4.L120.B0.0.23");
  });

  test("is refused when it is cut off, has too many parameter sets or too long ones", () => {
    const record = avcRecord([h264Sps], [h264Pps]);
    for (let length = 0; length < record.length; length++)
      expect(() => readVideoConfig(Codec.H264, record.subarray(0, length))).toThrow(ProtocolError);
    const many = Array.from({ length: 200 }, () => h264Pps);
    expect(() => readVideoConfig(Codec.H264, avcRecord([h264Sps], many))).toThrow("more than 64 parameter sets");
    const long = [new Uint8Array(60_000), new Uint8Array(60_000)];
    expect(() => readVideoConfig(Codec.H264, avcRecord([h264Sps], long))).toThrow("65536 allowed");
  });

  test("is refused for any other codec", () => {
    expect(() => readVideoConfig(Codec.Av1, avcRecord([h264Sps], [h264Pps]))).toThrow(ProtocolError);
  });

  test("that is damaged is read or refused, and what is read is possible", () => {
    const random = mulberry32(0x5b5);
    const seeds = recordVectors.map(({ codec, hex }) => ({ codec: numbers[codec], bytes: fromHex(hex) }));
    for (let round = 0; round < 3000; round++) {
      const seed = seeds[round % seeds.length];
      if (seed === undefined) continue;
      try {
        const { picture } = readVideoConfig(seed.codec, mutate(random, seed.bytes));
        if (picture === undefined) continue;
        expect(picture.width > 0 && picture.width <= 16384).toBe(true);
        expect(picture.reorderDepth ?? 0).toBeLessThanOrEqual(16);
      } catch (error) {
        expect(error).toBeInstanceOf(ProtocolError);
      }
    }
  });
});

describe("an SPS", () => {
  test("without VUI does not say how far pictures are reordered", () => {
    // Main profile, order type 0, 16x16 pixels; then vui_parameters_present_flag 0 and the stop bit.
    const bits = `${"0".repeat(0)}1 1 1 1 1 0 1 1 1 1 0 0 1`.replaceAll(" ", "");
    const rest = [
      Number.parseInt(bits.padEnd(16, "0").slice(0, 8), 2),
      Number.parseInt(bits.padEnd(16, "0").slice(8), 2),
    ];
    const info = readH264Sps(concat([Uint8Array.of(0x67, 77, 0, 30), Uint8Array.from(rest)]));
    expect(info).toEqual({ width: 16, height: 16, reorderDepth: undefined, frameMs: undefined });
  });

  test("of order type 2, or without prediction, has pictures in their order", () => {
    const withType2 = `1 1 011 1 0 1 1 1 1 0 0 1`.replaceAll(" ", "").padEnd(16, "0");
    const bytes = [withType2.slice(0, 8), withType2.slice(8)].map((text) => Number.parseInt(text, 2));
    expect(readH264Sps(Uint8Array.of(0x67, 77, 0, 30, ...bytes))?.reorderDepth).toBe(0);
  });

  test("of any bytes is read to an end", () => {
    fc.assert(
      fc.property(fc.uint8Array({ maxLength: 80 }), (bytes) => {
        for (const info of [readH264Sps(bytes), readHevcSps(bytes)])
          if (info !== undefined) expect(info.height).toBeLessThanOrEqual(16384);
      }),
      { seed: 7 },
    );
  });
});
