import { describe, expect, test } from "bun:test";
import { mp4Refusal, mp4Tracks } from "../../../../src/media/mp4/tracks.ts";
import { PacketKind } from "../../../../src/media/packet.ts";
import { fromHex } from "../../../support/bytes.ts";
import { aacHeader, avcHeader, packetOf } from "../../../support/ts-media.ts";
import { recordVectors } from "../../../vectors/parameter-sets.ts";

const audio = (hex: string) => packetOf(PacketKind.Audio, 0, fromHex(hex));
const mp3 = audio("2f fffb50c4");
const speex = audio("b2 00");

describe("MP4", () => {
  test("carries H.264 with AAC, with MP3 from its first frame on, and each alone", () => {
    for (const packets of [[avcHeader(), aacHeader], [avcHeader(), mp3], [aacHeader], [avcHeader()], []])
      expect(mp4Refusal(packets)).toBeUndefined();
    expect(mp4Tracks([mp3, avcHeader()]).map(({ codecs, timescale }) => [codecs, timescale])).toEqual([
      ["avc1.64000c", 90000],
      ["mp4a.40.34", 44100],
    ]);
  });

  test("names the main tracks that it does not carry; a header may still come if another track has one", () => {
    expect(mp4Refusal([avcHeader(), speex])).toBe(
      "MP4 can't be made: the sound is Speex, not AAC, MP3, Opus, FLAC, AC-3 or E-AC-3",
    );
    expect(mp4Refusal([avcHeader(), audio("af 01 21")])).toBeUndefined();
    expect(mp4Refusal([audio("af 01 21")])).toBe("MP4 can't be made: the sequence header of AAC is missing");
    expect(mp4Refusal([avcHeader(), audio("af 00 ff")])).toBe(
      "MP4 can't be made: a sequence header of AAC that can't be read",
    );
    expect(mp4Refusal([avcHeader(), audio("95 00 61632d34 02 00")])).toBeUndefined();
    expect(mp4Tracks([avcHeader(), speex]).map(({ codecs }) => codecs)).toEqual(["avc1.64000c"]);
  });

  test("needs an SPS that gives the order of decoding if video is stamped with presentation times", () => {
    const baseline = recordVectors.find(({ name }) => name.startsWith("H.264 Baseline"));
    const silent = avcHeader(fromHex(baseline?.hex ?? ""));
    expect(mp4Refusal([silent])).toBeUndefined();
    expect(mp4Refusal([silent], true)).toContain("MP4 needs decoding times");
    expect(mp4Refusal([avcHeader()], true)).toBeUndefined();
  });
});
