import { expect, test } from "bun:test";
import { ProtocolError } from "../../src/base/errors.ts";
import { readSegment } from "../../src/loadgen/hls/segment-facts.ts";
import { readInitSegment } from "../../src/media/mp4/init-reader.ts";
import { initSegment } from "../../src/media/mp4/init-segment.ts";
import { Mp4SegmentWriter } from "../../src/media/mp4/segment.ts";
import { mp4Tracks } from "../../src/media/mp4/tracks.ts";
import { mutate } from "../support/mutate.ts";
import { between, mulberry32, pick } from "../support/random.ts";
import { aacHeader, avcHeader } from "../support/ts-media.ts";
import { testStream } from "../support/ts-stream.ts";
import { fmp4Vectors } from "../vectors/fmp4.ts";

const ROUNDS = 3000;

test("any init segment and segment is read or refused, and samples have no more bytes than it", () => {
  const random = mulberry32(0x6d34);
  const headers = [aacHeader, avcHeader()];
  const { packets } = testStream(random, { video: true, audio: true, frames: 6, gop: 3, bytes: 200 });
  const writer = new Mp4SegmentWriter(headers);
  for (const packet of packets) writer.add(packet, packet.time);
  const ours = { init: initSegment(mp4Tracks(headers)), segment: writer.finish("end", 1)?.bytes ?? new Uint8Array(0) };
  const all = [
    ours,
    ...fmp4Vectors.map(({ init, segment }) => ({
      init: Uint8Array.fromBase64(init || segment),
      segment: Uint8Array.fromBase64(segment),
    })),
  ];
  let [whole, refused] = [0, 0];
  for (let round = 0; round < ROUNDS; round++) {
    const { init, segment } = pick(random, all);
    let tracks = readInitSegment(init);
    if (between(random, 0, 1) === 0) {
      try {
        tracks = readInitSegment(mutate(random, init));
      } catch (error) {
        expect(error).toBeInstanceOf(ProtocolError);
        refused++;
      }
    }
    const bytes = mutate(random, segment);
    const { counts, problem } = readSegment(bytes, tracks);
    expect(counts.frames.video + counts.frames.audio).toBeLessThanOrEqual(200_000);
    if (problem === undefined) whole++;
    else refused++;
  }
  expect(Math.min(whole, refused)).toBeGreaterThan(ROUNDS / 20);
});
