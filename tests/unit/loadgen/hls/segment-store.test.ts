import { expect, test } from "bun:test";
import fc from "fast-check";
import { SegmentStore, SharedSegment } from "../../../../src/loadgen/hls/segment-store.ts";
import { fragments } from "../../../support/bytes.ts";
import { mulberry32 } from "../../../support/random.ts";

test("players that get the same bytes, whoever is ahead, share what is in them", () => {
  const run = fc.tuple(fc.uint8Array({ minLength: 1, maxLength: 300 }), fc.nat(), fc.integer({ min: 1, max: 60 }));
  fc.assert(
    fc.property(run, ([bytes, seed, longest]) => {
      const shared = new SharedSegment();
      const random = mulberry32(seed);
      const players = [0, 1, 2].map(() => ({ at: 0, parts: [...fragments(bytes, random, longest)] }));
      for (let waiting = players; waiting.length > 0; waiting = waiting.filter(({ parts }) => parts.length > 0)) {
        const player = waiting[Math.floor(random() * waiting.length)];
        const part = player?.parts.shift();
        if (player === undefined || part === undefined) continue;
        expect(shared.take(player.at, part)).toBe(true);
        player.at += part.length;
      }
      expect(shared.facts(bytes.length)).toBeDefined();
      expect(shared.facts(bytes.length)).toBe(shared.facts(bytes.length));
    }),
    { seed: 0x5e9 },
  );
});

test("a player that gets other bytes, or another number of them, is found", () => {
  const shared = new SharedSegment();
  expect(shared.take(0, Uint8Array.of(1, 2, 3, 4))).toBe(true);
  expect(shared.take(0, Uint8Array.of(1, 2))).toBe(true);
  expect(shared.take(2, Uint8Array.of(3, 5))).toBe(false);
  expect(shared.facts(3)).toBeUndefined();
  expect(shared.facts(4)).toBeDefined();
  // It is known to be whole.
  expect(shared.take(4, Uint8Array.of(5))).toBe(false);
  // What lies behind a part that differed can't be compared.
  expect(shared.take(6, Uint8Array.of(5))).toBe(false);
});

test("segments are known by their URLs, and the oldest are forgotten", () => {
  const store = new SegmentStore();
  const first = store.get("a");
  expect(store.get("a")).toBe(first);
  first.take(0, new Uint8Array(200 * 1024 * 1024));
  const second = store.get("b");
  expect(store.get("a") === first).toBe(false);
  expect(store.get("b")).toBe(second);
});
