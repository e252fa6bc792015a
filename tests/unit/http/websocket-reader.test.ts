import { describe, expect, test } from "bun:test";
import fc from "fast-check";
import { WebSocketReader } from "../../../src/http/websocket-reader.ts";
import { concat, fragments, fromHex } from "../../support/bytes.ts";
import { mulberry32, pick } from "../../support/random.ts";
import { readFrames } from "../../support/websocket.ts";
import { clientFrames } from "../../vectors/websocket.ts";

describe("A WebSocket client's frames", () => {
  test.each(clientFrames)("are read: $name", ({ hex, events }) => {
    expect(readFrames([fromHex(hex)])).toEqual([...events]);
  });

  test.each(clientFrames)("are read the same byte by byte", ({ hex, events }) => {
    expect(readFrames(Array.from(fromHex(hex), (byte) => Uint8Array.of(byte)))).toEqual([...events]);
  });

  test("are read the same in any split, one after the other", () => {
    const lasting = clientFrames.filter(({ events }) => events.every((event) => !event.startsWith("close")));
    const property = fc.property(fc.nat(), fc.array(fc.constantFrom(...lasting), { maxLength: 5 }), (seed, frames) => {
      const random = mulberry32(seed);
      const bytes = concat(frames.map(({ hex }) => fromHex(hex)));
      const pieces = fragments(bytes, random, pick(random, [1, 7, 1000]));
      expect(readFrames(pieces)).toEqual(frames.flatMap(({ events }) => [...events]));
    });
    fc.assert(property, { seed: 6455, numRuns: 200 });
  });

  test("in thousands of tiny fragments hold no more than one message does", () => {
    let length = 0;
    const reader = new WebSocketReader({
      message: (payload) => {
        length = payload.length;
      },
      ping() {},
      pong() {},
      close() {},
    });
    reader.push(fromHex("0281 00000000 61"));
    let most = 0;
    for (let i = 0; i < 4000; i++) {
      reader.push(fromHex("0081 00000000 61 0080 00000000"));
      most = Math.max(most, reader.heldBytes);
    }
    expect(most).toBeLessThanOrEqual(4096);
    reader.push(fromHex("8080 00000000"));
    expect([length, reader.heldBytes]).toEqual([4001, 0]);
  });
});
