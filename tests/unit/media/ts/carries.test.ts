import { expect, test } from "bun:test";
import { PacketKind } from "../../../../src/media/packet.ts";
import { tsRefusal } from "../../../../src/media/ts/carries.ts";
import { concat, fromHex } from "../../../support/bytes.ts";
import { aacHeader, avcHeader, avcRecord, h264Pps, h264Sps, packetOf } from "../../../support/ts-media.ts";

const video = (hex: string) => packetOf(PacketKind.Video, 0, fromHex(hex));
const audio = (hex: string) => packetOf(PacketKind.Audio, 0, fromHex(hex));
const data = packetOf(PacketKind.Data, 0, fromHex("02000a6f6e4d65746144617461"));

test("H.264 with AAC, MP3 or nothing is carried", () => {
  for (const headers of [[data, aacHeader, avcHeader()], [avcHeader()], [aacHeader], [audio("2f fffb")], []])
    expect(tsRefusal(headers, false)).toBeUndefined();
});

test.each([
  ["VP9", video("90 76703039 01")],
  ["AV1", video("90 61763031 01")],
  ["Sorenson H.263", video("12 0000840020")],
  ["Opus", audio("90 4f707573 01")],
  ["Speex", audio("b2 00")],
  ["G.711 A-law", audio("7f 00")],
])("%s is refused by its name", (name, packet) => {
  expect(tsRefusal([avcHeader(), packet], false)).toBe(`MPEG-TS here carries H.264, HEVC, AAC and MP3, not ${name}`);
});

test("a configuration that can't be read is refused with what is wrong", () => {
  expect(tsRefusal([video("17 00 000000 0164")], false)).toStartWith(
    "MPEG-TS can't be made: H.264 configuration record ends too early",
  );
  expect(tsRefusal([audio("af 00")], false)).toBe("MPEG-TS can't be made: an AudioSpecificConfig that can't be read");
  expect(tsRefusal([audio("af 00 f95000")], false)).toStartWith("MPEG-TS can't be made: ");
});

test("video in presentation order is refused if its SPS does not give the order of decoding", () => {
  const silent = concat([Uint8Array.of(0x67, 77, 0, 30), fromHex("fbc8")]);
  const header = avcHeader(avcRecord([silent], [h264Pps]));
  expect(tsRefusal([header], false)).toBeUndefined();
  expect(tsRefusal([header], true)).toContain("needs decoding times");
  // One that says that nothing is reordered is wrong.
  const inOrder = fromHex("6742c00dd901519e49301100000303e90000ea600f142a48");
  expect(tsRefusal([avcHeader(avcRecord([inOrder], [h264Pps]))], true)).toContain("needs decoding times");
  expect(tsRefusal([avcHeader(avcRecord([h264Sps], [h264Pps]))], true)).toBeUndefined();
});
