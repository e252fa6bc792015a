import { expect, test } from "bun:test";
import { OutputTrack } from "../../../../src/features/transcode/output-track.ts";
import { PacketKind } from "../../../../src/media/packet.ts";

/** FFmpeg's time at the start of a run, ms. */
const START = 10_000;

test("a first audio frame that FFmpeg has rounded down is at its header's time, and earlier frames are priming", () => {
  const track = new OutputTrack(PacketKind.Audio, 5023);
  expect(track.timeOf(START - 23, 0, 6000)).toBe("priming");
  expect(track.timeOf(START - 1, 0, 6000)).toBe(5023);
  expect(track.timeOf(START + 22, 0, 6000)).toBe(5045);
});
