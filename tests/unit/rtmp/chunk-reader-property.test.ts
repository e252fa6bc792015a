import { describe, expect, test } from "bun:test";
import fc from "fast-check";
import { fragments } from "../../support/bytes.ts";
import { collect, type Dialect, line, type Message, WildChunkWriter } from "../../support/chunks.ts";
import { between, mulberry32, pick, randomBytes } from "../../support/random.ts";

const ids = [2, 3, 4, 5, 6, 7, 63, 64, 65, 319, 320, 65599];

/** Messages of one chunk stream: often alike, so that all header types are of use; times that step, jump and wrap. */
function someMessages(random: () => number, chunkStreamId: number): Message[] {
  const messages: Message[] = [];
  let timestamp = pick(random, [0, 40, 0xfffff0, 0xffffff, 0x12345678, 0xfffffff0]);
  let step = 20;
  let length = between(random, 0, 300);
  for (let i = between(random, 1, 12); i > 0; i--) {
    const payload = randomBytes(random, length);
    messages.push({
      chunkStreamId,
      type: pick(random, [8, 8, 8, 9]),
      streamId: pick(random, [1, 1, 1, 2]),
      timestamp,
      payload,
    });
    if (random() < 0.3) step = pick(random, [0, 1, 23, 0xfffffe, 0xffffff, 0x01020304, 0xffffffff]);
    if (random() < 0.3) length = pick(random, [0, 1, 2, 5, 127, 128, 129, 400, 1000]);
    timestamp = (timestamp + step) >>> 0;
  }
  return messages;
}

describe("ChunkReader reads back what any writer wrote", () => {
  for (const dialect of ["repeats", "omits"] as Dialect[]) {
    test(`whose type-3 chunks ${dialect.slice(0, -1)} the extended timestamp, in any split`, () => {
      const used = [0, 0, 0, 0];
      const property = fc.property(fc.nat(), (seed) => {
        const random = mulberry32(seed);
        const writer = new WildChunkWriter(random, dialect);
        const expected: Message[] = [];
        for (let round = 0; round < 3; round++) {
          writer.setChunkSize(pick(random, [1, 2, 3, 128, 200, 4096, 0x7fffffff]));
          const queues = ids.filter(() => random() < 0.4).map((id) => someMessages(random, id));
          expected.push(...writer.interleave(queues));
        }
        const { reader, messages } = collect();
        for (const piece of fragments(writer.bytes, random, pick(random, [1, 7, 100, 5000, 1_000_000])))
          reader.push(piece);
        expect(messages.map(line)).toEqual(expected.map(line));
        expect(reader.bufferedBytes).toBe(0);
        for (const format of [0, 1, 2, 3]) used[format] = (used[format] ?? 0) + (writer.used[format] ?? 0);
      });
      fc.assert(property, { seed: 1935, numRuns: 60 });
      expect(Math.min(...used)).toBeGreaterThan(200);
    });
  }
});
