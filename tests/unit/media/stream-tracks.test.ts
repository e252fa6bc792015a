import { describe, expect, test } from "bun:test";
import { type Packet, PacketKind } from "../../../src/media/packet.ts";
import { streamTracks } from "../../../src/media/stream-tracks.ts";
import { concat, fromHex } from "../../support/bytes.ts";
import { aacHeader, avcFrame, avcHeader, avcRecord, h264Sps, packetOf, unit } from "../../support/ts-media.ts";
import { headerVectors } from "../../vectors/codec-headers.ts";
import { recordVectors } from "../../vectors/parameter-sets.ts";

const { Audio, Video } = PacketKind;
const audio = (hex: string) => packetOf(Audio, 0, fromHex(hex));
const video = (hex: string) => packetOf(Video, 0, fromHex(hex));
const configs = (packets: readonly Packet[]) => streamTracks(packets).map(({ config }) => config);

describe("the tracks of a stream", () => {
  test.each(headerVectors)("describe $name", ({ kind, header, frame, codecs, size, samples }) => {
    const first = header === "" ? [] : [packetOf(kind, 0, fromHex(header))];
    const [track, ...others] = streamTracks([...first, packetOf(kind, 0, fromHex(frame))]);
    expect(others).toEqual([]);
    expect(track).toMatchObject({ kind, id: 0, config: { kind, codecs } });
    const { config } = track ?? {};
    if (config === undefined || typeof config === "string") throw new Error(config ?? "no track");
    if (config.kind === Video) expect([config.picture.width, config.picture.height]).toEqual([...size]);
    else {
      expect([config.sampleRate, config.channels]).toEqual([...size]);
      // Opus tells the length in each packet.
      if (codecs !== "Opus") expect(config.frameSamples).toBe(samples);
    }
  });

  test("are listed video first, by their ids, each read alone", () => {
    const dual = audio("95 20 6d703461 02 000002 1190 4f707573 00 000013 4f70757348656164 01 01 3801 80bb0000 0000 00");
    const found = streamTracks([dual, avcHeader()]);
    expect(found.map(({ kind, id, name }) => [kind, id, name])).toEqual([
      [Video, 0, "H.264"],
      [Audio, 0, "Opus"],
      [Audio, 2, "AAC"],
    ]);
    expect(found.map(({ config }) => typeof config !== "string" && config.codecs)).toEqual([
      "avc1.64000c",
      "Opus",
      "mp4a.40.2",
    ]);
  });

  test("of H.264 and HEVC whose parameter sets are in the frames are named so", () => {
    const empty = avcRecord([], []);
    empty.set(h264Sps.subarray(1, 4), 1);
    const key = avcFrame(0, 0, true, [h264Sps, unit(5, 9)]);
    expect(configs([avcHeader(empty)])).toEqual(["no key frame has told the size of H.264 yet"]);
    expect(configs([avcHeader(empty), key])).toMatchObject([{ codecs: "avc3.64000c", picture: { width: 320 } }]);
    const { hex = "", sets = "" } = recordVectors.find(({ codec }) => codec === "HEVC") ?? {};
    const bare = concat([fromHex("90 68766331"), fromHex(hex).subarray(0, 22), Uint8Array.of(0)]);
    const sps = fromHex(sets.replace(/\s+/g, "").split("00000001")[2] ?? "");
    const frame = concat([fromHex("93 68766331 000000"), Uint8Array.of(sps.length), sps]);
    expect(configs([packetOf(Video, 0, bare), packetOf(Video, 0, frame)])).toMatchObject([
      { codecs: "hev1.1.6.L60.90", picture: { width: 320, height: 180 } },
    ]);
  });

  test("follow headers that change", () => {
    expect(configs([aacHeader, audio("af00 1190")])).toMatchObject([{ sampleRate: 48000 }]);
    expect(configs([aacHeader, audio("2f fffb50c4")])).toMatchObject([{ codecs: "mp4a.40.34" }]);
  });

  test.each([
    ["frames without a header", video("17 01 000000 00000001 65"), "the sequence header of H.264 is missing"],
    ["AAC without a header", audio("af01 21"), "the sequence header of AAC is missing"],
    ["another codec's frames", video("22 00"), "the video is Sorenson H.263, not H.264, HEVC, AV1 or VP9"],
    ["other sound", audio("b2 00"), "the sound is Speex, not AAC, MP3, Opus, FLAC, AC-3 or E-AC-3"],
    ["a broken record", video("17 00 000000 01"), "H.264 configuration record ends too early"],
    ["broken AAC", audio("af00 ff"), "a sequence header of AAC that can't be read"],
    ["a broken OpusHead", audio("90 4f707573 4f707573"), "a sequence header of Opus that can't be read"],
    ["a broken STREAMINFO", audio("90 664c6143 80000022 00"), "a sequence header of FLAC that can't be read"],
    ["a broken av1C", video("90 61763031 80000c00"), "a configuration record of AV1 that can't be read"],
    ["a broken vpcC", video("90 76703039 000b120202020000"), "a configuration record of VP9 that can't be read"],
    ["VP9's header alone", video("90 76703039 000b820202020000"), "no key frame has told the size of VP9 yet"],
    ["MP3 without a frame's header", audio("2f 00"), "no frame of MP3 that can be read has come yet"],
    ["AC-3 without its sync", audio("91 61632d33 00"), "no frame of AC-3 that can be read has come yet"],
  ] as const)("say why there is no configuration of %s", (_, packet, reason) => {
    expect(configs([packet])).toEqual([expect.stringContaining(reason)]);
  });

  test("are at most 16, whatever a message lists", () => {
    const track = (id: number) => fromHex(`${id.toString(16).padStart(2, "0")} 000002 1210`);
    const many = concat([fromHex("95 10 6d703461"), ...Array.from({ length: 40 }, (_, id) => track(id))]);
    expect(streamTracks([packetOf(Audio, 0, many)]).length).toBe(16);
  });
});
