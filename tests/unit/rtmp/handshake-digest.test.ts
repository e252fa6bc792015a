import { describe, expect, test } from "bun:test";
import {
  clientKey,
  digestOffset,
  findDigest,
  PACKET_BYTES,
  serverKey,
  signAnswer,
  writeDigest,
} from "../../../src/rtmp/handshake-digest.ts";
import { toHex } from "../../support/bytes.ts";
import { packet, pattern } from "../../support/handshake.ts";
import { digestVectors } from "../../vectors/handshake.ts";

describe("handshake digest", () => {
  test("the keys have the lengths that are documented", () => {
    expect([clientKey.text.length, clientKey.whole.length]).toEqual([30, 62]);
    expect([serverKey.text.length, serverKey.whole.length]).toEqual([36, 68]);
  });

  for (const { name, value, hex, answerHex } of digestVectors) {
    const key = value.side === "client" ? clientKey : serverKey;
    const other = value.side === "client" ? serverKey : clientKey;

    test(`is placed and computed as in the vector: ${name}`, () => {
      const bytes = packet(value.side, value.version);
      expect(digestOffset(bytes, value.schema)).toBe(value.offset);
      expect(toHex(writeDigest(bytes, value.schema, key))).toBe(hex);
      expect(toHex(bytes.subarray(value.offset, value.offset + 32))).toBe(hex);
    });

    test(`is found, and answered as in the vector: ${name}`, () => {
      const found = findDigest(packet(value.side, value.version, value.schema), key);
      expect(found?.schema).toBe(value.schema);
      const answer = new Uint8Array(PACKET_BYTES);
      pattern(answer);
      signAnswer(answer, found?.digest ?? new Uint8Array(32), other);
      expect(toHex(answer.subarray(1504))).toBe(answerHex);
    });

    test(`is not found with the other side's key, nor after any byte has changed: ${name}`, () => {
      const bytes = packet(value.side, value.version, value.schema);
      expect(findDigest(bytes, other)).toBeUndefined();
      for (const at of [0, 5, value.offset, value.offset + 31, 700, 1535]) {
        const changed = bytes.slice();
        changed[at] = (changed[at] ?? 0) ^ 1;
        expect(findDigest(changed, key)).toBeUndefined();
      }
    });
  }

  test("the largest offset field stays inside the packet", () => {
    const bytes = new Uint8Array(PACKET_BYTES).fill(0xff);
    for (const schema of [0, 1] as const) {
      expect(digestOffset(bytes, schema) + 32).toBeLessThanOrEqual(PACKET_BYTES);
      bytes.set([255, 255, 217, 0], schema === 0 ? 772 : 8); // 727, the last place
      expect(digestOffset(bytes, schema)).toBe((schema === 0 ? 772 : 8) + 4 + 727);
    }
  });
});
