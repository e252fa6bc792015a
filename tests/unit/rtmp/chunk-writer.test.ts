import { describe, expect, test } from "bun:test";
import fc from "fast-check";
import { messageSize, writeMessage } from "../../../src/rtmp/chunk-writer.ts";
import { concat, fromHex, toHex } from "../../support/bytes.ts";
import { collect, line, type Message } from "../../support/chunks.ts";
import { mulberry32, randomBytes } from "../../support/random.ts";

function write(message: Message, chunkSize: number): Uint8Array {
  const { chunkStreamId, timestamp, type, streamId, payload } = message;
  const size = messageSize(payload.length, timestamp, chunkSize);
  const out = new Uint8Array(size + 10);
  expect(writeMessage(out, 5, chunkStreamId, timestamp, type, streamId, payload, chunkSize)).toBe(5 + size);
  expect(toHex(out.subarray(0, 5)) + toHex(out.subarray(5 + size))).toBe("00".repeat(10));
  return out.slice(5, 5 + size);
}

const payload = Uint8Array.from({ length: 307 }, (_, i) => i);

describe("writeMessage", () => {
  test("writes the specification's example 5.3.2.2", () => {
    const bytes = write({ chunkStreamId: 4, timestamp: 1000, type: 9, streamId: 12346, payload }, 128);
    const header = fromHex("04 0003e8 000133 09 3a300000");
    const next = fromHex("c4");
    expect(toHex(bytes)).toBe(
      toHex(concat([header, payload.subarray(0, 128), next, payload.subarray(128, 256), next, payload.subarray(256)])),
    );
  });

  test("repeats the extended timestamp on every chunk, from 0xffffff on", () => {
    const message = { chunkStreamId: 6, timestamp: 0xffffff, type: 9, streamId: 1, payload: payload.subarray(0, 5) };
    expect(toHex(write(message, 2))).toBe(
      toHex(fromHex("06 ffffff 000005 09 01000000 00ffffff 0001 c6 00ffffff 0203 c6 00ffffff 04")),
    );
    expect(toHex(write({ ...message, timestamp: 0xfffffe }, 5))).toBe(
      toHex(fromHex("06 fffffe 000005 09 01000000 0001020304")),
    );
  });

  test("writes an empty message as a bare header", () => {
    const message = { chunkStreamId: 3, timestamp: 0, type: 20, streamId: 0, payload: new Uint8Array() };
    expect(toHex(write(message, 1))).toBe("030000000000001400000000");
  });

  test("does not split a payload of exactly the chunk size", () => {
    expect(messageSize(4096, 0, 4096)).toBe(12 + 4096);
    expect(messageSize(4097, 0, 4096)).toBe(12 + 4097 + 1);
    expect(messageSize(8193, 0x01000000, 4096)).toBe(16 + 8193 + 2 * 5);
  });

  test("refuses what the header cannot express", () => {
    expect(messageSize(0xffffff, 0, 60000)).toBe(12 + 0xffffff + 279);
    expect(() => messageSize(0x1000000, 0, 60000)).toThrow(RangeError);
  });

  test("what it writes, ChunkReader reads, for any chunk size", () => {
    const arbitrary = fc.record({
      chunkStreamId: fc.integer({ min: 2, max: 63 }),
      timestamp: fc.oneof(fc.integer({ min: 0, max: 0xffffffff }), fc.constantFrom(0xfffffe, 0xffffff, 0xffffffff)),
      type: fc.integer({ min: 3, max: 255 }),
      streamId: fc.integer({ min: 0, max: 0xffffffff }),
      length: fc.integer({ min: 0, max: 700 }),
    });
    const property = fc.property(
      fc.array(arbitrary, { maxLength: 12 }),
      fc.integer({ min: 1, max: 800 }),
      (specs, size) => {
        const random = mulberry32(specs.length * 1000 + size);
        const sent = specs.map(({ length, ...rest }) => ({ ...rest, payload: randomBytes(random, length) }));
        const { reader, messages } = collect();
        reader.push(fromHex(`02 000000 000004 01 00000000 ${size.toString(16).padStart(8, "0")}`));
        for (const message of sent) reader.push(write(message, size));
        expect(messages.map(line)).toEqual(sent.map(line));
        expect(reader.bufferedBytes).toBe(0);
      },
    );
    fc.assert(property, { seed: 20240501, numRuns: 150 });
  });
});
