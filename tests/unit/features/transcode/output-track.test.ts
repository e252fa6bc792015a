import { expect, test } from "bun:test";
import { OutputTrack } from "../../../../src/features/transcode/output-track.ts";
import { PacketKind } from "../../../../src/media/packet.ts";

/** FFmpeg's time at the start of a run, ms. */
const START = 10_000;

test("a first sound that FFmpeg has rounded down stands where its header does, and what is before is priming", () => {
  const track = new OutputTrack(PacketKind.Audio, 5023);
  expect(track.timeOf(START - 23, 0, 6000)).toBe("priming");
  expect(track.timeOf(START - 1, 0, 6000)).toBe(5023);
  expect(track.timeOf(START + 22, 0, 6000)).toBe(5045);
});
