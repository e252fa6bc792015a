import { describe, expect, test } from "bun:test";
import fc from "fast-check";
import { ProtocolError } from "../../../src/base/errors.ts";
import { flvTags } from "../../../src/media/flv.ts";
import { fromHex, toHex } from "../../support/bytes.ts";
import { flvFile } from "../../support/flv.ts";
import { mutate } from "../../support/mutate.ts";
import { mulberry32, pick } from "../../support/random.ts";
import { flvBadVectors, flvVectors } from "../../vectors/flv.ts";

const SEED = 0xf17;
const ROUNDS = 3000;

const read = (file: Uint8Array) => [...flvTags(file)].map((tag) => ({ ...tag, payload: toHex(tag.payload) }));

describe("an FLV file's tags are read from", () => {
  test.each(flvVectors.map((vector) => [vector.name, vector] as const))("%s", (_, { hex, tags }) => {
    expect(read(fromHex(hex))).toEqual(tags.map((tag) => ({ ...tag })));
  });
});

describe("no FLV file is", () => {
  test.each(flvBadVectors.map((vector) => [vector.name, vector] as const))("%s", (_, { hex, message }) => {
    expect(() => read(fromHex(hex))).toThrow(new ProtocolError(message));
  });
});

test("a file that lies inside a larger buffer is read where it is", () => {
  const [, second] = flvVectors;
  const file = fromHex(second.hex);
  const larger = new Uint8Array(file.length + 20).fill(0xee);
  larger.set(file, 10);
  expect(read(larger.subarray(10, 10 + file.length))).toEqual(second.tags.map((tag) => ({ ...tag })));
});

test("a written file is read again", () => {
  const tag = fc.record({
    kind: fc.constantFrom(8 as const, 9 as const, 18 as const),
    timestamp: fc.nat(0xffffffff),
    payload: fc.uint8Array({ minLength: 1, maxLength: 300 }),
  });
  fc.assert(
    fc.property(fc.array(tag, { maxLength: 20 }), (tags) => {
      expect([...flvTags(flvFile(tags))]).toEqual(tags);
    }),
    { seed: SEED },
  );
});

test("a damaged file gives tags or a ProtocolError, and nothing else", () => {
  const random = mulberry32(SEED);
  const files = flvVectors.map(({ hex }) => fromHex(hex));
  for (let round = 0; round < ROUNDS; round++) {
    const file = mutate(random, pick(random, files));
    try {
      const bytes = [...flvTags(file)].reduce((sum, { payload }) => sum + payload.length, 0);
      expect(bytes).toBeLessThanOrEqual(file.length);
    } catch (error) {
      expect(error).toBeInstanceOf(ProtocolError);
    }
  }
});
