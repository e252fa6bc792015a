import { describe, expect, test } from "bun:test";
import { ProtocolError } from "../../../../src/base/errors.ts";
import { clockDistance, PACKET_BYTES, TsReader } from "../../../../src/loadgen/ts/packets.ts";
import { tsSegment } from "../../../../src/media/ts/segment.ts";
import { fragments, toHex } from "../../../support/bytes.ts";
import { mulberry32 } from "../../../support/random.ts";
import { testStream } from "../../../support/ts-stream.ts";

/** What a reader finds, a line for each frame. */
function read(pieces: Iterable<Uint8Array>): { frames: string[]; broken: number } {
  const frames: string[] = [];
  let broken = 0;
  const reader = new TsReader({
    frame: (type, dts, bytes) => frames.push(`${type} ${dts} ${bytes.length} ${toHex(bytes.subarray(0, 12))}`),
    broken: () => broken++,
  });
  for (const piece of pieces) reader.push(piece, 0);
  reader.end();
  return { frames, broken };
}

const { headers, packets } = testStream(mulberry32(5), { video: true, audio: true, frames: 30 });
const segment = tsSegment(headers, packets, 0);

test("a stream's frames are found however it is cut into pieces", () => {
  const whole = read([segment]);
  expect(whole.broken).toBe(0);
  expect(whole.frames.filter((line) => line.startsWith("27 "))).toHaveLength(30);
  expect(whole.frames.filter((line) => line.startsWith("15 ")).length).toBeGreaterThan(5);
  const random = mulberry32(9);
  for (let round = 0; round < 20; round++) expect(read(fragments(segment, random, 700))).toEqual(whole);
});

test("a packet that is missing, and one that comes twice, break the counter", () => {
  const at = 20 * PACKET_BYTES;
  const without = [segment.subarray(0, at), segment.subarray(at + PACKET_BYTES)];
  expect(read(without).broken).toBe(1);
  const twice = [segment.subarray(0, at + PACKET_BYTES), segment.subarray(at)];
  expect(read(twice).broken).toBe(1);
});

describe("what is no transport stream is refused:", () => {
  test.each([
    ["text", new Uint8Array(400).fill(0x20)],
    ["a packet that does not begin where it should", segment.subarray(1)],
  ])("%s", (_, bytes) => expect(() => read([bytes])).toThrow(ProtocolError));
});

test("damaged packets are read without an exception", () => {
  const random = mulberry32(11);
  for (let round = 0; round < 200; round++) {
    const bytes = segment.slice(0, 40 * PACKET_BYTES);
    for (let damage = 0; damage < 30; damage++) {
      const at = Math.floor(random() * bytes.length);
      if (at % PACKET_BYTES !== 0) bytes[at] = Math.floor(random() * 256);
    }
    expect(() => read([bytes])).not.toThrow();
  }
});

test("a clock of 33 bits is followed over its end, forward and back", () => {
  const last = 2 ** 33 - 1;
  expect(clockDistance(last, 89)).toBe(90);
  expect(clockDistance(89, last)).toBe(-90);
  expect(clockDistance(10, 110)).toBe(100);
});
