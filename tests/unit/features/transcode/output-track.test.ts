import { expect, test } from "bun:test";
import { OutputTrack } from "../../../../src/features/transcode/output-track.ts";
import { PacketKind } from "../../../../src/media/packet.ts";

/** FFmpeg's time at the start of a run, ms. */
const START = 10_000;

const payload = (byte: number) => Uint8Array.of(0xaf, 1, byte);

test("a first audio frame that FFmpeg has rounded down is at its header's time, and earlier frames are priming", () => {
  const track = new OutputTrack(PacketKind.Audio, 5023);
  const fed = { first: 5000, newest: 6000 };
  expect(track.timeOf(START - 46, 0, payload(1), fed)).toBe("priming");
  expect(track.timeOf(START - 23, 0, payload(2), fed)).toBe("priming");
  expect(track.timeOf(START - 1, 0, payload(3), fed)).toBe(5023);
  expect(track.timeOf(START + 22, 0, payload(4), fed)).toBe(5045);
  expect(track.takePriming()).toEqual({ payload: payload(2), time: undefined });
  expect(track.takePriming()).toBeUndefined();
});

test("an audio frame before the first sample that FFmpeg got is priming, also behind the start of the track", () => {
  const track = new OutputTrack(PacketKind.Audio, 5023);
  const fed = { first: 5063, newest: 6000 };
  expect(track.timeOf(START + 17, 0, payload(1), fed)).toBe("priming");
  expect(track.timeOf(START + 40, 0, payload(2), fed)).toBe(5063);
  expect(track.takePriming()).toEqual({ payload: payload(1), time: 5040 });
});
