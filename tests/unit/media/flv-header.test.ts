import { describe, expect, test } from "bun:test";
import { encodeAmf0 } from "../../../src/amf/amf0.ts";
import { AmfObject } from "../../../src/amf/value.ts";
import { FlvFormat } from "../../../src/media/flv-format.ts";
import { flvFileHeader, flvHeader, flvRefusal } from "../../../src/media/flv-header.ts";
import { Packet, PacketFlag, PacketKind } from "../../../src/media/packet.ts";
import { fromHex, toHex } from "../../support/bytes.ts";
import { flvHeader as usualHeader } from "../../support/flv.ts";
import { packetOf } from "../../support/packet-log.ts";

const { Audio, Video, Data } = PacketKind;
const classic = new FlvFormat({ enhanced: false, audio: true, video: true });
const enhanced = new FlvFormat({ enhanced: true, audio: true, video: true });
const silent = new FlvFormat({ enhanced: false, audio: false, video: true });
const dark = new FlvFormat({ enhanced: false, audio: true, video: false });

const meta = (values: Record<string, number>) =>
  new Packet(Data, 0, encodeAmf0(["onMetaData", AmfObject.ecma(values)]), PacketFlag.Config, 0);
const aac = packetOf(Audio, 0, fromHex("af001210"));
const avc = packetOf(Video, 0, fromHex("17000000000164"));
const vp9 = packetOf(Video, 0, fromHex("90 76703039 01"));
const ac3 = packetOf(Audio, 0, fromHex("90 61632d33 01"));
const secondTrack = packetOf(Video, 0, fromHex("96 00 61766331 02 01640028"));
const layout = packetOf(Audio, 0, fromHex("94 4f707573 01"));

test("a file's header names the kinds of its tags (FLV 10.1, E.2)", () => {
  expect(flvHeader(true, true)).toEqual(usualHeader);
  expect(toHex(flvHeader(true, false))).toBe("464c5601040000000900000000");
  expect(toHex(flvHeader(false, true))).toBe("464c5601010000000900000000");
});

describe("a stream's header names", () => {
  const named = (format: FlvFormat, headers: readonly Packet[]) => {
    const flags = flvFileHeader(format, headers)[4] ?? 0;
    return [(flags & 4) !== 0 ? "audio" : "", (flags & 1) !== 0 ? "video" : ""].join(" ").trim();
  };

  test.each([
    ["nothing that is not known", classic, [], ""],
    ["tracks with a sequence header", classic, [aac, avc], "audio video"],
    ["audio alone", classic, [aac], "audio"],
    ["no track that the viewer does not want", silent, [aac, avc], "video"],
    ["no video without video", dark, [aac, avc], "audio"],
    ["no track that is left out", classic, [aac, vp9, secondTrack], "audio"],
    ["all tracks when everything goes out as it came", enhanced, [ac3, vp9], "audio video"],
    ["no track for what stands beside its header", enhanced, [layout], ""],
    [
      "codecs without a header that metadata names",
      classic,
      [meta({ audiocodecid: 2, videocodecid: 4 })],
      "audio video",
    ],
    ["no codec of metadata that has a header and did not send it", classic, [meta({ audiocodecid: 10 }), avc], "video"],
    ["no more than that when metadata cannot be read", classic, [packetOf(Data, 0, fromHex("02ff")), aac], "audio"],
  ])("%s", (_, format, headers, expected) => expect(named(format, headers)).toBe(expected));

  test("nothing for broken metadata", () => {
    const broken = new Packet(Data, 0, fromHex("0200"), PacketFlag.Config, 0);
    expect(named(classic, [broken, avc])).toBe("video");
  });
});

describe("FLV", () => {
  test("refuses codecs without a number, and says how to get the rest", () => {
    expect(flvRefusal(classic, [aac, vp9])).toBe(
      "FLV has no number for VP9: a player of enhanced FLV may ask with enhanced=1, others with video=0",
    );
    expect(flvRefusal(classic, [ac3, avc])).toBe(
      "FLV has no number for AC-3: a player of enhanced FLV may ask with enhanced=1, others with audio=0",
    );
  });

  test.each([
    ["what it has numbers for", classic, [aac, avc]],
    ["what is not known yet", classic, []],
    ["anything as it came", enhanced, [ac3, vp9]],
    ["a track that the viewer does not want", silent, [ac3, avc]],
    ["video that the viewer does not want", dark, [aac, vp9]],
    ["other tracks than the first", classic, [secondTrack, aac]],
  ])("does not refuse %s", (_, format, headers) => expect(flvRefusal(format, headers)).toBeUndefined());
});
