import { describe, expect, test } from "bun:test";
import { concat } from "../../support/bytes.ts";
import { collect, line, type Message, WildChunkWriter } from "../../support/chunks.ts";
import { mulberry32, randomBytes } from "../../support/random.ts";

const random = mulberry32(128);

function message(chunkStreamId: number, length: number, timestamp = 1000): Message {
  return { chunkStreamId, type: 9, streamId: 1, timestamp, payload: randomBytes(random, length) };
}

function written(chunkSize: number, queues: readonly (readonly Message[])[]): { bytes: Uint8Array; ended: Message[] } {
  const writer = new WildChunkWriter(random, "repeats");
  writer.setChunkSize(chunkSize);
  return { ended: writer.interleave(queues), bytes: writer.bytes };
}

function read(bytes: Uint8Array): Message[] {
  const { reader, messages } = collect();
  reader.push(bytes);
  expect(reader.bufferedBytes).toBe(0);
  return messages;
}

describe("ChunkReader takes a message whose chunks arrive together", () => {
  for (const chunkSize of [1, 2, 3, 127, 128, 200]) {
    for (const id of [3, 63, 64]) {
      test(`in chunks of ${chunkSize} bytes on chunk stream ${id}, with more headers than the last chunk has bytes`, () => {
        const lengths = [chunkSize + 1, 2 * chunkSize, 2 * chunkSize + 1, 1000, 3 * chunkSize * (chunkSize + 1)];
        const { bytes, ended } = written(chunkSize, [lengths.map((length) => message(id, length))]);
        const messages = read(bytes);
        expect(messages.map(line)).toEqual(ended.map(line));
        for (const { payload } of messages) expect(payload.buffer.byteLength).toBe(payload.length);
      });
    }
  }

  test("with a payload that looks like the chunk headers", () => {
    const payload = new Uint8Array(1000).fill(0xc6);
    const { bytes, ended } = written(128, [[{ ...message(6, 0), payload }]]);
    expect(read(bytes).map(line)).toEqual(ended.map(line));
  });

  test("with an extended timestamp on each chunk", () => {
    const { bytes, ended } = written(128, [[message(6, 1000, 0xfffffff0)]]);
    expect(read(bytes).map(line)).toEqual(ended.map(line));
  });

  test("with chunks of other messages between its own", () => {
    const { bytes, ended } = written(128, [
      [message(6, 3000), message(6, 3000)],
      [message(7, 3000)],
      [message(8, 500)],
    ]);
    expect(read(bytes).map(line)).toEqual(ended.map(line));
  });

  test("but for its last byte, which comes later", () => {
    const { bytes, ended } = written(128, [[message(6, 1000)]]);
    const { reader, messages } = collect();
    reader.push(bytes.slice(0, -1));
    expect(messages).toEqual([]);
    reader.push(concat([bytes.slice(-1)]));
    expect(messages.map(line)).toEqual(ended.map(line));
  });

  test("and may be stopped by it", () => {
    const { bytes } = written(128, [[message(6, 1000), message(6, 1000)]]);
    const { reader, messages } = collect();
    const push = messages.push.bind(messages);
    messages.push = (...more) => {
      reader.stop();
      return push(...more);
    };
    reader.push(bytes);
    expect(messages).toHaveLength(1);
  });
});
