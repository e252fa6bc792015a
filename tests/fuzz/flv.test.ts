import { expect, test } from "bun:test";
import { ProtocolError } from "../../src/base/errors.ts";
import { FlvReader } from "../../src/media/flv-reader.ts";
import { concat, fragments, fromHex } from "../support/bytes.ts";
import { flvFile } from "../support/flv.ts";
import { mutate } from "../support/mutate.ts";
import { between, mulberry32, pick, randomBytes } from "../support/random.ts";
import { flvVectors } from "../vectors/flv.ts";

const ROUNDS = 4000;

test("the FLV reader stays bounded whatever an HTTP server sends, and its tags lie inside the input", () => {
  const random = mulberry32(0xf1f0);
  const seeds = flvVectors.map(({ hex }) => fromHex(hex));
  for (let round = 0; round < ROUNDS; round++) {
    const tags = Array.from({ length: between(random, 0, 8) }, () => ({
      kind: pick(random, [8, 9, 18] as const),
      timestamp: between(random, 0, 0xffffffff),
      payload: randomBytes(random, between(random, 1, 400)),
    }));
    const file = mutate(random, pick(random, [...seeds, flvFile(tags), concat([flvFile(tags), flvFile(tags)])]));
    let [given, delivered] = [0, 0];
    const reader = new FlvReader((kind, timestamp, payload) => {
      delivered += payload.length;
      expect([8, 9, 18]).toContain(kind);
      expect(timestamp).toBe(timestamp >>> 0);
    });
    try {
      for (const piece of fragments(file, random, pick(random, [1, 20, 1000]))) {
        reader.push(piece);
        given += piece.length;
        expect(reader.bufferedBytes + delivered).toBeLessThanOrEqual(given);
      }
    } catch (error) {
      expect(error).toBeInstanceOf(ProtocolError);
    }
  }
});
