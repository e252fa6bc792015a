import { expect, test } from "bun:test";
import fc from "fast-check";
import { MIN_FRAME_BYTES, StampReader, SyntheticFrame } from "../../../src/loadgen/synthetic-frame.ts";
import { classify } from "../../../src/media/classify.ts";
import { PacketFlag, PacketKind } from "../../../src/media/packet.ts";

const SEED = 0xf4a3e;

interface Stamped {
  readonly key: boolean;
  readonly size: number;
  readonly source: number;
  readonly sequence: number;
  readonly sentUs: number;
  readonly sinceKey: number;
}

const stamps: fc.Arbitrary<Stamped> = fc.record({
  key: fc.boolean(),
  size: fc.oneof(fc.nat(2000), fc.nat(100_000)),
  source: fc.nat(0xffffffff),
  sequence: fc.nat(0xffffffff),
  sentUs: fc.nat(2 ** 52),
  sinceKey: fc.nat(1000),
});

function make({ key, size, source, sequence, sentUs, sinceKey }: Stamped): Uint8Array {
  const frame = new SyntheticFrame(key, size);
  frame.stamp(source, sequence, sentUs, sinceKey);
  return frame.payload;
}

/** The types of the NAL units; fails when their lengths don't add up. */
function nalTypes(payload: Uint8Array): number[] {
  const view = new DataView(payload.buffer);
  const types: number[] = [];
  let at = 5;
  while (at < payload.length) {
    types.push(view.getUint8(at + 4) & 0x1f);
    at += 4 + view.getUint32(at);
  }
  expect(at).toBe(payload.length);
  return types;
}

test("a stamped frame is read again, and found intact", () => {
  const reader = new StampReader();
  fc.assert(
    fc.property(stamps, (stamped) => {
      const payload = make(stamped);
      expect(reader.read(payload)).toBe(true);
      expect([reader.source, reader.sequence, reader.sentUs]).toEqual([
        stamped.source,
        stamped.sequence,
        stamped.sentUs,
      ]);
      expect([reader.intact(payload, true), reader.intact(payload, false)]).toEqual([true, true]);
    }),
    { seed: SEED },
  );
});

test("a frame has the requested size, or one byte less, but never less than it needs", () => {
  fc.assert(
    fc.property(fc.boolean(), fc.integer({ min: MIN_FRAME_BYTES, max: 100_000 }), (key, size) => {
      expect([size, size - 1]).toContain(new SyntheticFrame(key, size).payload.length);
    }),
    { seed: SEED },
  );
  expect(new SyntheticFrame(true, 0).payload.length).toBe(MIN_FRAME_BYTES);
});

test("servers see a key frame or another frame, of two well-formed NAL units without a start code in them", () => {
  fc.assert(
    fc.property(stamps, (stamped) => {
      const payload = make(stamped);
      expect(classify(PacketKind.Video, payload)).toBe(stamped.key ? PacketFlag.Key : 0);
      expect(nalTypes(payload)).toEqual([6, stamped.key ? 5 : 1]);
      const sei = payload.subarray(9, 9 + new DataView(payload.buffer).getUint32(5));
      expect(sei.some((byte, at) => byte === 0 && sei[at + 1] === 0)).toBe(false);
    }),
    { seed: SEED, numRuns: 30 },
  );
});

/** From the source to the time: numbers that are read, not compared. */
const readAt = { from: 28, to: 50 } as const;

test("one changed bit of all but the numbers is found where all is compared", () => {
  const reader = new StampReader();
  fc.assert(
    fc.property(stamps, fc.nat(), fc.integer({ min: 0, max: 7 }), (stamped, place, bit) => {
      const payload = make({ ...stamped, size: stamped.size % 2000 });
      const at = place % payload.length;
      fc.pre(at < readAt.from || at >= readAt.to);
      payload[at] = (payload[at] ?? 0) ^ (1 << bit);
      // Which of the pictures without news it is, is not compared.
      const stillPicture = !stamped.key && at >= payload.length - 5;
      expect(reader.read(payload) && reader.intact(payload, true) && !stillPicture).toBe(false);
    }),
    { seed: SEED, numRuns: 1000 },
  );
});

test("one changed byte of the fill is found where all is compared, a changed length everywhere", () => {
  const reader = new StampReader();
  fc.assert(
    fc.property(stamps, fc.double({ min: 0, max: 1, noNaN: true }), (stamped, place) => {
      const payload = make(stamped);
      const view = new DataView(payload.buffer);
      const fillEnd = 9 + view.getUint32(5) - 1;
      const fillStart = fillEnd - 16;
      const at = fillStart + Math.floor(place * (fillEnd - fillStart - 1));
      const changed = payload.slice();
      changed[at] = (changed[at] ?? 0) ^ 1;
      reader.read(changed);
      expect(reader.intact(changed, true)).toBe(false);
      for (const other of [
        payload.slice(0, -1),
        Uint8Array.from([...payload.slice(0, 200), 1, ...payload.slice(200)]),
      ]) {
        reader.read(other);
        expect(reader.intact(other, false)).toBe(false);
      }
    }),
    { seed: SEED, numRuns: 50 },
  );
});

test("other encoders' frames have no stamp", () => {
  const reader = new StampReader();
  expect(reader.read(new Uint8Array(0))).toBe(false);
  expect(reader.read(Uint8Array.from([0x17, 1, 0, 0, 0]))).toBe(false);
  expect(reader.read(new Uint8Array(5000).fill(0x65))).toBe(false);
  const ours = make({ key: true, size: 500, source: 1, sequence: 2, sentUs: 3, sinceKey: 0 });
  ours[20] = 0;
  expect(reader.read(ours)).toBe(false);
});
