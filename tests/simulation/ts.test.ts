import { expect, test } from "bun:test";
import { TsFormat } from "../../src/media/ts/format.ts";
import { concat } from "../support/bytes.ts";
import { FakeSink } from "../support/fake-sink.ts";
import { LiveStage } from "../support/live.ts";
import { between, mulberry32 } from "../support/random.ts";
import { audioOf, type SentFrame, videoIn, videoOf } from "../support/ts-check.ts";
import { demux } from "../support/ts-demuxer.ts";
import { type StreamShape, testStream } from "../support/ts-stream.ts";

const RUNS = 10;

/** A reader of MPEG-TS, and all that it got. */
function join(stage: LiveStage, format: TsFormat, room: number) {
  const sink = new FakeSink(room);
  const parts: Uint8Array[] = [];
  sink.take = (bytes) => parts.push(bytes.slice());
  const reader = stage.stream().join(format, sink, {});
  sink.onDrain = () => reader.drained();
  return { sink, reader, bytes: () => concat(parts) };
}

/** That frames are some of those that were sent, in their order, each GOP from its key frame on. */
function expectSome(found: readonly SentFrame[], sent: readonly SentFrame[], isKey: (index: number) => boolean): void {
  const places = new Map(sent.map(({ dts }, index) => [dts, index]));
  let before = Number.NaN;
  for (const frame of found) {
    const place = places.get(frame.dts) ?? -1;
    expect(sent[place]).toEqual(frame);
    if (place !== before + 1) expect(isKey(place)).toBe(true);
    before = place;
  }
}

/** Publishes a random stream to readers that come at any time and read as they like. */
function play(random: () => number, shape: StreamShape) {
  const { headers, packets } = testStream(random, shape);
  const stage = new LiveStage({ queue_length: 1 });
  const feed = stage.publish();
  const format = TsFormat.of();
  const readers = [join(stage, format, Number.POSITIVE_INFINITY)];
  for (const { kind, payload } of headers) feed.send(kind, payload);
  for (const { kind, time, payload } of packets) {
    if (time > feed.time) feed.wait(time - feed.time);
    feed.send(kind, payload, time);
    if (between(random, 0, 30) === 0) readers.push(join(stage, format, between(random, 0, 60_000)));
    for (const { sink } of readers) if (between(random, 0, 20) === 0) sink.drain(between(random, 1, 40_000));
  }
  feed.wait(2000);
  for (const { sink } of readers) sink.drain();
  feed.wait(2000).end();
  return { packets, readers };
}

test("readers of MPEG-TS that come at any time and are as slow as they like get no step in a counter", () => {
  let [frames, losses] = [0, 0];
  for (let run = 0; run < RUNS; run++) {
    const random = mulberry32(run);
    const gop = between(random, 4, 30);
    const shape = { video: run % 5 !== 0, audio: run % 5 !== 1, frames: 150, gop, bytes: 3000 };
    const { packets, readers } = play(random, shape);
    const sent = videoOf(packets, 0);
    for (const { bytes, reader, sink } of readers) {
      expect(sink.queued).toBe(0);
      const stream = demux(bytes());
      expect(stream.errors).toEqual([]);
      expectSome(videoIn(stream), sent, (index) => index % gop === 0);
      frames += stream.pes.length;
      losses += reader.lost;
    }
    const audio = audioOf(packets, 0).map(({ pts }) => pts);
    const [first] = readers;
    const whole = demux(first?.bytes() ?? new Uint8Array(0)).pes.filter(({ pid }) => pid === 0x101);
    expect(whole.map(({ pts }) => pts)).toEqual(audio.slice(-whole.length || audio.length));
    expect(whole.length > 100).toBe(shape.audio);
  }
  expect(frames).toBeGreaterThan(RUNS * 300);
  expect(losses).toBeGreaterThan(RUNS);
});
