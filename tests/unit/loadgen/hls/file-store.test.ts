import { expect, test } from "bun:test";
import fc from "fast-check";
import { ProtocolError } from "../../../../src/base/errors.ts";
import { FileStore, SharedFile } from "../../../../src/loadgen/hls/file-store.ts";
import { fragments } from "../../../support/bytes.ts";
import { mulberry32 } from "../../../support/random.ts";

test("players that get the same bytes, in any order, share their content", () => {
  const run = fc.tuple(fc.uint8Array({ minLength: 1, maxLength: 300 }), fc.nat(), fc.integer({ min: 1, max: 60 }));
  fc.assert(
    fc.property(run, ([bytes, seed, longest]) => {
      const shared = new SharedFile<number>();
      const random = mulberry32(seed);
      const players = [0, 1, 2].map(() => ({ at: 0, parts: [...fragments(bytes, random, longest)] }));
      for (let waiting = players; waiting.length > 0; waiting = waiting.filter(({ parts }) => parts.length > 0)) {
        const player = waiting[Math.floor(random() * waiting.length)];
        const part = player?.parts.shift();
        if (player === undefined || part === undefined) continue;
        expect(shared.take(player.at, part)).toBe(true);
        player.at += part.length;
      }
      let times = 0;
      const read = (whole: Uint8Array) => {
        expect(whole).toEqual(bytes);
        return ++times;
      };
      expect([shared.content(bytes.length, read), shared.content(bytes.length, read)]).toEqual([1, 1]);
    }),
    { seed: 0x5e9 },
  );
});

test("a player that gets other bytes, or another number of them, is reported", () => {
  const shared = new SharedFile<number>();
  expect(shared.take(0, Uint8Array.of(1, 2, 3, 4))).toBe(true);
  expect(shared.take(0, Uint8Array.of(1, 2))).toBe(true);
  expect(shared.take(2, Uint8Array.of(3, 5))).toBe(false);
  expect(shared.content(3, () => 1)).toBeUndefined();
  expect(shared.content(4, () => 1)).toBe(1);
  // It is known to be whole.
  expect(shared.take(4, Uint8Array.of(5))).toBe(false);
  // What lies behind a part that differed can't be compared.
  expect(shared.take(6, Uint8Array.of(5))).toBe(false);
});

test("files are known by their URLs, and the oldest are forgotten", () => {
  const store = new FileStore<number>();
  const [first, second] = [store.get("a"), store.get("b")];
  expect(store.get("a")).toBe(first);
  for (const file of [first, second]) file.take(0, new Uint8Array(70 * 1024 * 1024));
  store.get("c");
  expect(store.get("b")).toBe(second);
  expect(store.get("a") === first).toBe(false);
  for (let at = 0; at < 4096; at++) store.get(`${at}`);
  expect(store.get("b") === second).toBe(false);
});

test("a file without an end is refused", () => {
  const shared = new SharedFile<number>();
  shared.take(0, new Uint8Array(100 * 1024 * 1024));
  const more = () => shared.take(100 * 1024 * 1024, new Uint8Array(40 * 1024 * 1024));
  expect(more).toThrow(new ProtocolError("a file of the stream has more than 134217728 bytes"));
});
