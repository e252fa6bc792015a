import { expect, test } from "bun:test";
import { tracksOf } from "../../../../src/features/api/tracks.ts";
import { PacketKind } from "../../../../src/media/packet.ts";
import { LiveStage } from "../../../support/live.ts";
import { recordVectors } from "../../../vectors/parameter-sets.ts";

/** What is told of a stream that begins with these payloads. */
function told(...payloads: readonly (readonly [PacketKind, Uint8Array])[]) {
  const stage = new LiveStage();
  const { source } = stage.publish();
  for (const [kind, payload] of payloads) source.push(kind, 0, payload);
  return tracksOf(stage.stream());
}

const bytes = (...parts: readonly number[]) => Uint8Array.from(parts);

test("A stream that nobody publishes has neither video nor audio", () => {
  expect(tracksOf(new LiveStage().stream())).toEqual({ video: null, audio: null });
});

test("AAC is described by its configuration", () => {
  const { audio } = told([PacketKind.Audio, bytes(0xaf, 0, 0x12, 0x10)]);
  expect(audio).toEqual({ codec: "AAC", sample_rate: 44100, channel: 2, profile: "LC" });
});

test("a codec without a sequence header is described by its frames", () => {
  const { audio } = told([PacketKind.Audio, bytes(0x2f, 0xff, 0xfb, 0x90)]);
  expect(audio).toEqual({ codec: "MP3", sample_rate: 44100, channel: 2, profile: "Other" });
});

test.each(recordVectors.filter(({ codecs }) => codecs.startsWith("avc1") || codecs.startsWith("hvc1")))(
  "H.264 and HEVC are told as their configuration has it: $name",
  ({ codecs, hex, width, height }) => {
    const isAvc = codecs.startsWith("avc1");
    const { video } = told([
      PacketKind.Video,
      bytes(isAvc ? 0x17 : 0x1c, 0, 0, 0, 0, ...Uint8Array.fromHex(hex.replaceAll(/\s/g, ""))),
    ]);
    expect(video?.codec).toBe(isAvc ? "H264" : "HEVC");
    expect([video?.width, video?.height]).toEqual([width, height]);
    expect(video?.profile).not.toBe("");
    expect(video?.level).toMatch(/^\d+(?:\.\d)?$/);
  },
);

test("a broken configuration is described as unknown", () => {
  const { video } = told([PacketKind.Video, bytes(0x17, 0, 0, 0, 0, 1, 2)]);
  expect(video).toEqual({ codec: "H264", profile: "Other", level: "Other", width: 0, height: 0 });
});
