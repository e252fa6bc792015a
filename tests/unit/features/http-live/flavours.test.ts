import { describe, expect, test } from "bun:test";
import type { Ending } from "../../../../src/features/http-live/address.ts";
import { Flavours } from "../../../../src/features/http-live/flavours.ts";
import type { Packet } from "../../../../src/media/packet.ts";
import { fromHex } from "../../../support/bytes.ts";
import { enhance } from "../../../support/enhanced.ts";
import { LiveStage } from "../../../support/live.ts";
import { aacHeader, avcHeader, packetOf } from "../../../support/ts-media.ts";

const all = { audio: true, video: true, enhanced: false };
const flavours = new Flavours();
const stage = new LiveStage();
const opus = packetOf(8, 0, fromHex("90 4f707573 4f707573 48656164 01 02 0000 80bb0000 0000 00".replaceAll(" ", "")));
const vp9 = packetOf(9, 0, fromHex("907670303901000000000a08020202000000"));
const av1 = packetOf(9, 0, fromHex("9061763031810c0c00"));

function refusal(ending: Ending, change: Partial<typeof all>, header: Packet) {
  return flavours.of(stage.stream(), ending, { ...all, ...change }).refusal([header]);
}

describe("Viewers of one stream, flavour and framing", () => {
  test.each(["flv", "ts", "aac", "mp3"] as const)(
    "of .%s share one format object, and others have others",
    (ending) => {
      const of = (name: string) => flavours.of(stage.stream(name), ending, all);
      const framed = flavours.framed(of("a"), "chunked");
      expect(flavours.framed(of("a"), "chunked")).toBe(framed);
      expect(flavours.framed(of("a"), "websocket")).not.toBe(framed);
      // FLV and MP3 remember nothing of a stream.
      if (ending === "ts" || ending === "aac") expect(flavours.framed(of("b"), "chunked")).not.toBe(framed);
    },
  );

  test("get only the tracks that they asked for", () => {
    for (const ending of ["flv", "ts"] as const) {
      const tracks = (options: Partial<typeof all>) => {
        const { audio, video } = flavours.of(stage.stream(), ending, { ...all, ...options }).format;
        return { audio, video };
      };
      expect(tracks({ audio: false })).toEqual({ audio: false, video: true });
      expect(tracks({ video: false })).toEqual({ audio: true, video: false });
    }
  });
});

describe("A flavour", () => {
  test("names the type of its body", () => {
    const types = (["flv", "ts", "aac", "mp3"] as const).map((one) => flavours.of(stage.stream(), one, all).type);
    expect(types).toEqual(["video/x-flv", "video/mp2t", "audio/aac", "audio/mpeg"]);
  });

  test("accepts the headers of H.264 and AAC, and for audio nothing else", () => {
    const headers = [avcHeader(), aacHeader];
    const reasons = (["flv", "ts", "aac", "mp3"] as const).map((one) =>
      flavours.of(stage.stream(), one, all).refusal(headers),
    );
    expect(reasons).toEqual([undefined, undefined, undefined, "the sound is AAC, not MP3"]);
  });

  test("refuses what it can't carry, unless that track is not asked for", () => {
    expect(refusal("flv", {}, vp9)).toContain("FLV has no number for VP9");
    expect(refusal("flv", { enhanced: true }, vp9)).toBeUndefined();
    expect(refusal("flv", { video: false }, vp9)).toBeUndefined();
    expect(refusal("ts", {}, opus)).toContain("Opus");
    expect(refusal("ts", { audio: false }, opus)).toBeUndefined();
    expect(refusal("ts", {}, av1)).toContain("AV1");
    expect(refusal("ts", { video: false }, av1)).toBeUndefined();
    expect(refusal("aac", {}, opus)).toBe("the sound is Opus, not AAC");
  });

  test("accepts enhanced headers of the same codecs", () => {
    const header = packetOf(9, 0, enhance(9, avcHeader().payload, 0));
    expect(flavours.of(stage.stream(), "ts", all).refusal([header])).toBeUndefined();
  });
});
