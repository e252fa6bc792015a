import { describe, expect, test } from "bun:test";
import { TsWithoutSound } from "../../../../src/media/ts/without-sound.ts";
import { concat } from "../../../support/bytes.ts";
import { mulberry32 } from "../../../support/random.ts";
import { videoIn, videoOf } from "../../../support/ts-check.ts";
import { demux } from "../../../support/ts-demuxer.ts";
import { TestLog } from "../../../support/ts-log.ts";
import { testStream } from "../../../support/ts-stream.ts";

const AUDIO = 0x101;

describe("MPEG-TS without audio", () => {
  const { headers, packets } = testStream(mulberry32(7), { video: true, audio: true, frames: 40, gop: 8 });
  const log = new TestLog(packets);

  test("has all of the video in order, and names no audio", () => {
    const format = TsWithoutSound.of();
    const pieces = packets.map((_, seq) => format.encode(log, seq, seq + 1, seq === 0 ? headers : undefined));
    const stream = demux(concat(pieces));
    expect(stream.errors).toEqual([]);
    expect(videoIn(stream)).toEqual(videoOf(packets, 0));
    expect(stream.counts.get(AUDIO)).toBeUndefined();
    // PMT: one elementary stream of five bytes behind the twelve of its head, before the CRC.
    const pmt = stream.sections.find(({ bytes }) => bytes[0] === 2)?.bytes;
    expect(pmt?.length).toBe(12 + 5 + 4);
  });

  test("has the same format object for a reader that waits for video", () => {
    const format = TsWithoutSound.of();
    expect([format.audio, format.video, format.withoutVideo.audio, format.withoutVideo.video]).toEqual([
      false,
      true,
      false,
      false,
    ]);
    expect(format.withoutVideo).toBe(format.withoutVideo.withoutVideo);
    expect(format.prefix()).toHaveLength(0);
  });
});
