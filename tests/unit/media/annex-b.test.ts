import { describe, expect, test } from "bun:test";
import { AnnexB } from "../../../src/media/annex-b.ts";
import { Codec } from "../../../src/media/codec.ts";
import { readVideoConfig } from "../../../src/media/video-config.ts";
import { fromHex, toHex } from "../../support/bytes.ts";
import { avcRecord, h264Pps, h264Sps, sized, unit } from "../../support/ts-media.ts";
import { recordVectors } from "../../vectors/parameter-sets.ts";

const h264 = readVideoConfig(Codec.H264, avcRecord([h264Sps], [h264Pps]));
const hevcVector = recordVectors.find(({ codec }) => codec === "HEVC");
const hevc = readVideoConfig(Codec.Hevc, fromHex(hevcVector?.hex ?? ""));
const idr = unit(5, 6);
const sei = unit(6, 3);
const annexB = new AnnexB();

function converted(units: readonly Uint8Array[], key: boolean, config = h264): string {
  const payload = sized(units, config.lengthBytes);
  annexB.take(config, payload, 0, payload.length, key);
  const out = new Uint8Array(annexB.size);
  if (out.length > 0) annexB.write(out, 0);
  return toHex(out);
}

const start = "00000001";
const aud = `${start}09f0`;
const sets = toHex(h264.parameterSets);

describe("a frame in Annex B format", () => {
  test("begins with a delimiter", () => {
    expect(converted([unit(1, 4)], false)).toBe(`${aud}${start}01ababab`);
  });

  test("has the parameter sets before a key frame", () => {
    expect(converted([sei, idr], true)).toBe(`${aud}${sets}${start}${toHex(sei)}${start}${toHex(idr)}`);
  });

  test("keeps the parameter sets that a key frame has", () => {
    const own = [h264Sps, h264Pps, idr];
    expect(converted(own, true)).toBe(aud + own.map((nal) => start + toHex(nal)).join(""));
  });

  test("has the configuration's, too, when a key frame has only one kind", () => {
    expect(converted([h264Sps, idr], true)).toBe(`${aud}${sets}${start}${toHex(h264Sps)}${start}${toHex(idr)}`);
  });

  test("has one delimiter where there was one before", () => {
    expect(converted([fromHex("0930"), idr], false)).toBe(`${aud}${start}${toHex(idr)}`);
  });

  test.each([1, 2, 3, 4])("is made from NAL units with lengths of %d bytes", (bytes) => {
    const config = readVideoConfig(Codec.H264, avcRecord([h264Sps], [h264Pps], bytes));
    expect(converted([sei, idr], false, config)).toBe(`${aud}${start}${toHex(sei)}${start}${toHex(idr)}`);
  });

  test("of HEVC has VPS, SPS and PPS before a key frame, and its own delimiter", () => {
    const idrOfHevc = unit(19 << 1, 5);
    expect(converted([idrOfHevc], true, hevc)).toBe(
      `${start}460150${toHex(fromHex(hevcVector?.sets ?? ""))}${start}${toHex(idrOfHevc)}`,
    );
    expect(converted([unit(35 << 1, 3), unit(1 << 1, 2)], false, hevc)).toBe(`${start}460150${start}02ab`);
  });

  test("leaves out NAL units without bytes", () => {
    expect(converted([new Uint8Array(0), idr, new Uint8Array(0)], false)).toBe(`${aud}${start}${toHex(idr)}`);
  });

  test.each([
    ["nothing", ""],
    ["empty NAL units", "00000000 00000000"],
    ["a delimiter alone", "00000002 09f0"],
    ["a length that is cut off", "00000001 65 0000"],
    ["a length past the end", "00000003 6588"],
    ["a length of 4 GB", "ffffffff 65"],
  ])("is not made from a frame with %s", (_, hex) => {
    const payload = fromHex(hex);
    annexB.take(h264, payload, 0, payload.length, true);
    expect(annexB.size).toBe(0);
  });

  test("is not made from more NAL units than any picture has", () => {
    const units = Array.from({ length: 2049 }, () => unit(1, 1));
    expect(converted(units, false)).toBe("");
    expect(converted(units.slice(1), false)).not.toBe("");
  });
});
