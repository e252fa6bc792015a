import { expect, test } from "bun:test";
import { streamCodecs } from "../../../src/media/codec-strings.ts";
import { PacketKind } from "../../../src/media/packet.ts";
import { fromHex } from "../../support/bytes.ts";
import { aacHeader, avcHeader, packetOf } from "../../support/ts-media.ts";
import { headerVectors } from "../../vectors/codec-headers.ts";
import { recordVectors } from "../../vectors/parameter-sets.ts";

const audio = (hex: string) => packetOf(PacketKind.Audio, 0, fromHex(hex));

test("H.264 and AAC are named as in RFC 6381, video first", () => {
  const { codecs, picture } = streamCodecs([aacHeader, avcHeader()]);
  expect(codecs).toEqual(["avc1.64000c", "mp4a.40.2"]);
  expect(picture).toMatchObject({ width: 320, height: 180 });
});

test("HEVC is named by its configuration", () => {
  const hex = recordVectors.find(({ codec }) => codec === "HEVC")?.hex ?? "";
  expect(streamCodecs([packetOf(PacketKind.Video, 0, fromHex(`90 68766331 ${hex}`))]).codecs).toEqual([
    "hvc1.1.6.L60.90",
  ]);
});

test.each([
  ["AAC LC", "af00 1210", "mp4a.40.2"],
  ["HE-AAC", "af00 2b8a0800", "mp4a.40.5"],
  ["HE-AAC v2", "af00 eb8a0800", "mp4a.40.29"],
  ["MP3 of a frame", "2f fffb", "mp4a.40.34"],
  ["MP3 of 8 kHz", "e2 fffb", "mp4a.40.34"],
  ["enhanced AAC", "90 6d703461 1210", "mp4a.40.2"],
])("%s is named", (_, hex, codec) => {
  expect(streamCodecs([audio(hex)]).codecs).toEqual([codec]);
});

test.each([
  ["of AAC in stereo", "af00 1210", 2],
  ["of AAC in 5.1", "af00 11b0", 6],
  ["of AAC that lists them, which is not read", "af00 1180", undefined],
  ["of HE-AAC v2", "af00 eb8a0800", 2],
])("the configuration gives the channels %s", (_, hex, channels) => {
  expect(streamCodecs([audio(hex)]).channels).toBe(channels);
});

test.each(headerVectors)("$name is named by its header or its first frame", ({ kind, header, frame, codecs }) => {
  const packets = [header, frame].filter((hex) => hex !== "").map((hex) => packetOf(kind, 0, fromHex(hex)));
  expect(streamCodecs(packets).codecs).toEqual([codecs]);
});

test("other tracks than the first are left out", () => {
  expect(
    streamCodecs([aacHeader, audio("95 00 4f707573 01 4f70757348656164 01 01 3801 80bb0000 0000 00")]).codecs,
  ).toEqual(["mp4a.40.2"]);
});

test("other codecs, and headers that are broken, have no name here", () => {
  expect(streamCodecs([audio("b2 00"), audio("af00"), audio("90 4f707573 01")]).codecs).toEqual([]);
});
