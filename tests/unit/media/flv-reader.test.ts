import { describe, expect, test } from "bun:test";
import fc from "fast-check";
import { ProtocolError } from "../../../src/base/errors.ts";
import { type FlvTag, flvTags } from "../../../src/media/flv.ts";
import { FlvReader } from "../../../src/media/flv-reader.ts";
import { PacketKind } from "../../../src/media/packet.ts";
import { concat, fragments, fromHex, toHex } from "../../support/bytes.ts";
import { flvFile } from "../../support/flv.ts";
import { mulberry32 } from "../../support/random.ts";
import { flvBadVectors, flvVectors } from "../../vectors/flv.ts";

function read(pieces: Iterable<Uint8Array>, strict = false): FlvTag[] {
  const tags: FlvTag[] = [];
  const reader = new FlvReader((kind, timestamp, payload) => tags.push({ kind, timestamp, payload }), { strict });
  for (const piece of pieces) reader.push(piece);
  return tags;
}

const legible = (tags: readonly FlvTag[]) => tags.map((tag) => ({ ...tag, payload: toHex(tag.payload) }));

describe("an FLV stream's tags are read from", () => {
  test.each(flvVectors.map((vector) => [vector.name, vector] as const))("%s, byte by byte", (_, { hex, tags }) => {
    const bytes = fromHex(hex);
    const single = Array.from(bytes, (_byte, at) => bytes.subarray(at, at + 1));
    expect(legible(read(single))).toEqual(tags.map((tag) => ({ ...tag })));
    expect(legible(read([bytes]))).toEqual(tags.map((tag) => ({ ...tag })));
  });
});

describe("no FLV stream begins with", () => {
  test.each(
    flvBadVectors.filter(({ hex }) => fromHex(hex).length >= 9).map((vector) => [vector.name, vector] as const),
  )("%s", (_, { hex, message }) => {
    expect(() => read([fromHex(hex)])).toThrow(new ProtocolError(message));
  });
});

test("however a stream is cut into pieces, its tags are those of the file, and scripts are in arrays of their own", () => {
  const tag = fc.record({
    kind: fc.constantFrom(8 as const, 9 as const, 18 as const),
    timestamp: fc.nat(0xffffffff),
    payload: fc.uint8Array({ minLength: 1, maxLength: 300 }),
  });
  fc.assert(
    fc.property(fc.array(tag, { maxLength: 20 }), fc.nat(), fc.integer({ min: 1, max: 200 }), (tags, seed, longest) => {
      const file = flvFile(tags);
      const got = read(fragments(file, mulberry32(seed), longest));
      expect(got).toEqual([...flvTags(file)]);
      for (const { kind, payload } of got)
        if (kind === PacketKind.Data) expect(payload.buffer.byteLength).toBe(payload.length);
    }),
    { seed: 0xf17 },
  );
});

test("the kept part of an incomplete tag does not change with the input buffer", () => {
  const payload = Uint8Array.from({ length: 50 }, (_, at) => at);
  const file = flvFile([{ kind: 9, timestamp: 7, payload }]);
  const got: string[] = [];
  const reader = new FlvReader((_kind, _timestamp, body) => got.push(toHex(body)));
  for (const piece of [file.slice(0, 40), file.slice(40)]) {
    reader.push(piece);
    piece.fill(0xff);
  }
  expect(got).toEqual([toHex(payload)]);
});

test("no tag is handed over after stop, not even one that has arrived", () => {
  const tags: number[] = [];
  const reader = new FlvReader((kind) => {
    tags.push(kind);
    reader.stop();
  });
  const payload = Uint8Array.from([0xaf, 1]);
  reader.push(flvFile([8, 9, 18].map((kind) => ({ kind: kind as 8, timestamp: 0, payload }))));
  reader.push(flvFile([]));
  expect([tags, reader.bufferedBytes]).toEqual([[8], 0]);
});

describe("in strict reading", () => {
  const tags = [8, 9, 18].map((kind, at) => ({ kind: kind as 8, timestamp: at, payload: new Uint8Array(9 + at) }));

  test("an intact stream has the same tags, however it is cut", () => {
    const file = flvFile(tags);
    for (let longest = 1; longest < file.length; longest++)
      expect(read(fragments(file, mulberry32(longest), longest), true)).toEqual([...flvTags(file)]);
  });

  // Behind the largest size that there is.
  const beyond = new Uint8Array(17_000_000);

  test("each wrong bit of a size, and a tag of an unknown type, ends the stream before its tag is handed over", () => {
    const file = flvFile(tags);
    const second = 13 + 11 + 9 + 4;
    const behind = second + 11 + 10;
    const sizes = [second + 1, second + 2, second + 3, behind, behind + 1, behind + 2, behind + 3];
    const bits = sizes.flatMap((at) => [0, 1, 2, 3, 4, 5, 6, 7].map((bit) => [at, 1 << bit] as const));
    for (const [at, mask] of [...bits, [second, 2] as const]) {
      const bad = concat([file, new Uint8Array(32)]);
      bad[at] = (bad[at] ?? 0) ^ mask;
      for (const pieces of [[bad], fragments(bad, mulberry32(at), 7)]) {
        let got = 0;
        const reader = new FlvReader(() => got++, { strict: true });
        const all = [...pieces, beyond];
        expect(() => {
          for (const piece of all) reader.push(piece);
        }).toThrow(ProtocolError);
        expect(got).toBe(1);
      }
    }
  });
});

test("a tag that claims the largest size, and comes byte by byte, uses no more memory than twice its bytes", () => {
  const reader = new FlvReader(() => undefined);
  reader.push(concat([flvFile([]), fromHex("09 ffffff 000000 00 000000")]));
  const piece = new Uint8Array(1);
  const before = process.memoryUsage().heapUsed;
  for (let at = 0; at < 2_000_000; at++) reader.push(piece);
  expect(reader.bufferedBytes).toBe(2_000_000);
  expect(process.memoryUsage().heapUsed - before).toBeLessThan(50_000_000);
});
