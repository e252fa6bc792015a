import { expect, test } from "bun:test";
import fc from "fast-check";
import { TsSegmentWriter } from "../../../../src/media/ts/segment.ts";
import { mulberry32 } from "../../../support/random.ts";
import { testStream } from "../../../support/ts-stream.ts";

const streams = fc.record({
  seed: fc.integer({ min: 1, max: 1000 }),
  video: fc.boolean(),
  at: fc.double({ min: 0, max: 1, noNaN: true }),
});

test("a segment that is reset to a mark equals the one that ended there, whatever followed", () => {
  fc.assert(
    fc.property(streams, ({ seed, video, at }) => {
      const { headers, packets } = testStream(mulberry32(seed), { video, audio: true, frames: 30 });
      const marked = Math.floor(at * packets.length);
      const [short, long] = [new TsSegmentWriter(headers, 0), new TsSegmentWriter(headers, 0)];
      for (const [index, packet] of packets.entries()) {
        if (index === marked) long.mark();
        if (index < marked) short.add(packet);
        long.add(packet);
      }
      if (marked === packets.length) long.mark();
      long.rewind();
      expect(long.finish()).toEqual(short.finish());
    }),
    { numRuns: 60 },
  );
});

test("a mark changes nothing in a segment that continues", () => {
  const { headers, packets } = testStream(mulberry32(3), { video: true, audio: true, frames: 30 });
  const [plain, marked] = [new TsSegmentWriter(headers, 0), new TsSegmentWriter(headers, 0)];
  for (const packet of packets) {
    plain.add(packet);
    marked.mark();
    marked.add(packet);
  }
  expect(marked.length).toBeGreaterThan(1000);
  expect(marked.finish()).toEqual(plain.finish());
});
