import { describe, expect, test } from "bun:test";
import fc from "fast-check";
import { Codec, codecNumber } from "../../../src/media/codec.ts";
import { hasCompositionTime } from "../../../src/media/composition.ts";
import { Content, FrameReader } from "../../../src/media/frame.ts";
import { PacketFlag, PacketKind } from "../../../src/media/packet.ts";
import { fromHex, toHex } from "../../support/bytes.ts";
import { enhancedVectors, legacyVectors, multitrackVectors } from "../../vectors/media.ts";

const { Audio, Video } = PacketKind;
const vectors = [...legacyVectors, ...enhancedVectors, ...multitrackVectors];
const reader = new FrameReader();

function read(kind: PacketKind, hex: string) {
  const payload = fromHex(hex);
  reader.read(kind, payload);
  const { content, codec, composition } = reader;
  return { content, codec, composition, bytes: toHex(payload.subarray(reader.start, reader.end)) };
}

describe("a frame reader", () => {
  test.each([
    ["an AVC frame", Video, "27 01 000190 aabb", Content.Frame, Codec.H264, 400, "aabb"],
    ["an AVC frame shown before its time", Video, "27 01 ffffd8 aa", Content.Frame, Codec.H264, -40, "aa"],
    ["an AVC sequence header", Video, "17 00 000000 01", Content.Header, Codec.H264, 0, "01"],
    ["legacy HEVC", Video, "1c 01 000001 aa", Content.Frame, Codec.Hevc, 1, "aa"],
    ["enhanced HEVC with a composition time", Video, "91 68766331 000050 aa", Content.Frame, Codec.Hevc, 80, "aa"],
    ["enhanced HEVC without", Video, "93 68766331 aabb", Content.Frame, Codec.Hevc, 0, "aabb"],
    ["enhanced AVC", Video, "a1 61766331 fffff6 aa", Content.Frame, Codec.H264, -10, "aa"],
    ["an enhanced sequence header", Video, "90 68766331 01", Content.Header, Codec.Hevc, 0, "01"],
    ["enhanced AV1, which has no composition time", Video, "91 61763031 aabbcc", Content.Frame, Codec.Av1, 0, "aabbcc"],
    ["one track of a message", Video, "96 01 68766331 00 000050 aa", Content.Frame, Codec.Hevc, 80, "aa"],
    [
      "track 0 behind another",
      Video,
      "96 11 68766331 01 000001 bb 00 000004 000050 aa",
      Content.Frame,
      Codec.Hevc,
      80,
      "aa",
    ],
    [
      "track 0 among codecs",
      Video,
      "96 23 61763031 01 000001 bb 68766331 00 000001 aa ff",
      Content.Frame,
      Codec.Hevc,
      0,
      "aa",
    ],
    ["a ModEx prefix", Video, "97 02 000000 03 68766331 aa", Content.Frame, Codec.Hevc, 0, "aa"],
    ["an AAC frame", Audio, "af 01 aabb", Content.Frame, Codec.Aac, 0, "aabb"],
    ["an AAC header", Audio, "af 00 1210", Content.Header, Codec.Aac, 0, "1210"],
    ["MP3", Audio, "2f fffb", Content.Frame, Codec.Mp3, 0, "fffb"],
    ["enhanced AAC", Audio, "91 6d703461 aa", Content.Frame, Codec.Aac, 0, "aa"],
    ["an enhanced AAC header", Audio, "90 6d703461 1210", Content.Header, Codec.Aac, 0, "1210"],
    ["enhanced MP3", Audio, "91 2e6d7033 fffb", Content.Frame, Codec.Mp3, 0, "fffb"],
  ] as const)("reads %s", (_, kind, hex, content, codec, composition, bytes) => {
    expect(read(kind, hex)).toEqual({ content, codec, composition, bytes });
  });

  test.each([
    ["nothing", Video, ""],
    ["an AVC frame cut in its header", Video, "27 01 0001"],
    ["the end of AVC", Video, "17 02 000000"],
    ["a command", Video, "57 00"],
    ["an enhanced command", Video, "d1 00"],
    ["enhanced metadata", Video, "94 68766331 02"],
    ["an enhanced codec's name that is cut off", Video, "91 6876"],
    ["a message of other tracks only", Video, "96 01 68766331 01 000050 aa"],
    ["a track that is longer than the message", Video, "96 11 68766331 00 000005 000050 aa"],
    ["the end of enhanced audio", Audio, "92 6d703461"],
    ["a channel layout", Audio, "94 6d703461 00"],
  ] as const)("finds no content in %s", (_, kind, hex) => {
    expect(read(kind, hex).content).toBe(Content.None);
  });

  test.each(vectors)("agrees with the other readers of frames: $name", ({ kind, hex, flags, track }) => {
    const payload = fromHex(hex);
    reader.read(kind, payload);
    if (reader.content === Content.None) return;
    expect(reader.content === Content.Header).toBe((flags & PacketFlag.SequenceHeader) !== 0);
    expect(track).toBe(0);
    expect([reader.codec, 0]).toContain(codecNumber(kind, payload) || 0);
    if (kind === Video && reader.content === Content.Frame)
      expect(hasCompositionTime(payload)).toBe(reader.composition !== 0);
  });

  test("stays inside of any payload", () => {
    const kinds = fc.constantFrom(Audio, Video, PacketKind.Data);
    fc.assert(
      fc.property(kinds, fc.uint8Array({ maxLength: 40 }), (kind, payload) => {
        reader.read(kind, payload);
        expect(reader.start <= reader.end && reader.end <= payload.length).toBe(true);
        expect(Math.abs(reader.composition)).toBeLessThanOrEqual(2 ** 23);
      }),
      { seed: 5 },
    );
  });
});
