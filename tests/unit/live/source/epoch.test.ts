import { describe, expect, test } from "bun:test";
import fc from "fast-check";
import {
  beginEpoch,
  dateAt,
  discontinuityOf,
  type Epoch,
  endEpoch,
  extendEpoch,
  firstNumber,
  locate,
  MAX_SPANS,
  measureGop,
  type Span,
  sameEpoch,
  shiftEpoch,
  slotAt,
  slotCount,
  slotMs,
  slotStart,
  spanAt,
  startSpan,
} from "../../../../src/live/source/epoch.ts";

const ID = "0123456789abcdef0123456789abcdef";
const WALL = 1_700_000_000_000;

function span(more: Partial<Span> = {}): Span {
  return { from: 0, to: undefined, key: undefined, wall: WALL, gop: 0, discontinuity: false, ...more };
}

/** What befalls a stream: how long the span before went on, the pause after it, and how the next begins. */
const step = fc.record({
  length: fc.integer({ min: 1, max: 100_000 }),
  ended: fc.boolean(),
  pause: fc.integer({ min: 0, max: 100_000 }),
  clock: fc.integer({ min: -50_000, max: 200_000 }),
  goesOn: fc.boolean(),
  /** The last key frame is so long before the end; undefined: there is none. */
  key: fc.option(fc.integer({ min: 0, max: 50_000 }), { nil: undefined }),
  gop: fc.integer({ min: 0, max: 40_000 }),
  discontinuity: fc.boolean(),
});

/** An epoch of up to `MAX_SPANS` spans. */
const epochs = fc
  .tuple(fc.integer({ min: -(2 ** 40), max: 2 ** 40 }), fc.array(step, { maxLength: MAX_SPANS - 1 }))
  .map(([from, steps]) => {
    let epoch = beginEpoch(ID, WALL, from);
    let time = from;
    let clock = WALL;
    for (const { length, ended, pause, clock: drift, goesOn, gop, discontinuity, key: before } of steps) {
      time += length;
      const key = before === undefined ? undefined : time - 1 - before;
      if (ended) epoch = endEpoch(epoch, time - 1, key);
      time += ended ? pause : 0;
      clock += length + drift;
      const start = { from: time, key, wall: goesOn ? undefined : clock, gop, discontinuity };
      epoch = extendEpoch(epoch, start) as Epoch;
    }
    return epoch;
  });
const fragments = fc.integer({ min: 100, max: 20_000 });

describe("slots of a span", () => {
  test("a slot is the least number of fragments that holds a GOP", () => {
    expect(slotMs(span(), 2000)).toBe(2000);
    expect(slotMs(span({ gop: 2000 }), 2000)).toBe(2000);
    expect(slotMs(span({ gop: 2500 }), 2000)).toBe(4000);
    expect(slotMs(span({ gop: 10_000 }), 3000)).toBe(12_000);
  });

  test("a GOP of more than 30 s does not make slots longer", () => {
    expect(slotMs(span({ gop: 30_500 }), 2000)).toBe(2000);
  });

  test("a key frame that comes a moment early begins the slot that it was meant for", () => {
    const at = [0, 1900, 1999, 2000, 2001, 3899, 3900].map((time) => slotAt(span(), 2000, time));
    expect(at).toEqual([0, 1, 1, 1, 1, 1, 2]);
  });

  test("an ended span has no slot after its last packet", () => {
    const ended = span({ to: 3000 });
    expect(slotCount(ended, 2000)).toBe(2);
    expect(slotAt(ended, 2000, 99_999)).toBe(1);
    expect(slotCount(span(), 2000)).toBeUndefined();
  });

  test("the rest of a span belongs to the slot before when it has no key frame and the stream has video", () => {
    expect(slotCount(span({ to: 4023, key: 0 }), 2000)).toBe(2);
    expect(slotCount(span({ to: 4023, key: 3950 }), 2000)).toBe(3);
    expect(slotCount(span({ to: 4023 }), 2000)).toBe(3);
    expect(slotCount(span({ to: 1000, key: 0 }), 2000)).toBe(1);
    // A slot that is over keeps its number.
    expect(slotCount(span({ to: 7000, key: 0 }), 2000)).toBe(3);
    expect(slotAt(span({ to: 4023, key: 0 }), 2000, 4000)).toBe(1);
  });

  test("slots cover a span without a gap", () => {
    const gops = fc.integer({ min: 0, max: 40_000 });
    fc.assert(
      fc.property(gops, fragments, fc.integer({ min: 0, max: 1000 }), (gop, fragment, slot) => {
        const one = span({ from: 17, gop });
        const start = slotStart(one, fragment, slot);
        expect(slotAt(one, fragment, start)).toBe(slot);
        if (slot > 0) expect(slotAt(one, fragment, start - 1)).toBe(slot - 1);
      }),
    );
  });

  test("key frames at the distance that was measured each have a slot, though they come up to 40 ms early or late", () => {
    const jitter = fc.array(fc.integer({ min: -40, max: 40 }), { minLength: 5, maxLength: 50 });
    fc.assert(
      fc.property(jitter, fc.integer({ min: 1, max: 20 }), (moves, steps) => {
        const gop = measureGop(steps * 500);
        const slots = moves.map((move, at) => slotAt(span({ gop }), gop, at === 0 ? 0 : at * gop + move));
        expect(slots).toEqual(moves.map((_, at) => at));
      }),
    );
  });
});

describe("the distance of key frames", () => {
  test("is rounded up to half seconds, except for a slight excess", () => {
    expect([1, 480, 500, 550, 551, 2000, 2002, 2051].map(measureGop)).toEqual([
      500, 500, 500, 500, 1000, 2000, 2000, 2500,
    ]);
  });
});

describe("an epoch", () => {
  test("numbers are contiguous over all spans, for any fragment", () => {
    fc.assert(
      fc.property(epochs, fragments, (epoch, fragment) => {
        for (const [at, one] of epoch.spans.entries()) {
          if (at === 0 || one === undefined) continue;
          const before = epoch.spans[at - 1] as Span;
          const last = locate(epoch, fragment, (before.to as number) - 1)?.number as number;
          expect(locate(epoch, fragment, one.from)?.number).toBe(last + 1);
        }
      }),
    );
  });

  test("the first segment number follows from its date", () => {
    expect(firstNumber(beginEpoch(ID, WALL + 1999, 0), 2000, 0)).toBe(WALL / 2000);
  });

  test("dates never run back", () => {
    fc.assert(
      fc.property(epochs, ({ spans }) => {
        for (const [at, one] of spans.entries()) {
          const before = spans[at - 1];
          if (before === undefined) continue;
          expect(one.wall).toBeGreaterThanOrEqual(dateAt(before, before.to as number));
          expect(one.from).toBeGreaterThanOrEqual(before.to as number);
        }
      }),
    );
  });

  test("it is the same on another time line", () => {
    const shifts = fc.integer({ min: -(2 ** 40), max: 2 ** 40 });
    fc.assert(
      fc.property(epochs, fragments, shifts, fc.integer({ min: 0, max: 10 ** 6 }), (epoch, fragment, ms, after) => {
        const shifted = shiftEpoch(epoch, ms);
        const started = startSpan(epoch, epoch.spans[0].from + after);
        expect(sameEpoch(shiftEpoch(startSpan(shifted, epoch.spans[0].from + after + ms), -ms), started)).toBe(true);
        expect(sameEpoch(started, epoch)).toBe(false);
        const time = epoch.spans[0].from + after;
        expect(locate(shifted, fragment, time + ms)).toEqual(locate(epoch, fragment, time));
        expect(sameEpoch(shiftEpoch(shifted, -ms), epoch)).toBe(true);
        expect(sameEpoch(shifted, epoch)).toBe(ms === 0);
      }),
    );
  });

  test("one that replaces another has greater numbers, a later date and a discontinuity, for any fragment", () => {
    fc.assert(
      fc.property(epochs, fragments, fc.integer({ min: 0, max: 10 ** 6 }), (open, fragment, length) => {
        const last = open.spans.at(-1) as Span;
        const before = endEpoch(open, last.from + length);
        const end = (before.spans.at(-1)?.to as number) - 1;
        const next = beginEpoch("f".repeat(32), 0, 0, 0, before);
        const had = locate(before, fragment, end);
        expect(firstNumber(next, fragment, 0)).toBeGreaterThan(had?.number as number);
        expect(discontinuityOf(next, 0)).toBe((had?.discontinuity as number) + 1);
        expect(next.spans[0].wall).toBeGreaterThan(dateAt(last, end));
      }),
    );
  });

  test("it has no more spans than it may, and none that begins before another ends", () => {
    const start = { wall: undefined, gop: 0, discontinuity: true };
    let epoch = beginEpoch(ID, WALL, 0);
    for (let at = 1; at < MAX_SPANS; at++) epoch = extendEpoch(epoch, { ...start, from: at * 10 }) as Epoch;
    expect(extendEpoch(epoch, { ...start, from: 1000 })).toBeUndefined();
    const ended = endEpoch(beginEpoch(ID, WALL, 0), 500);
    expect(extendEpoch(ended, { ...start, from: 500 })).toBeUndefined();
    expect(extendEpoch(ended, { ...start, from: 501 })?.spans.length).toBe(2);
    expect(extendEpoch(beginEpoch(ID, WALL, 0), { ...start, from: 0 })).toBeUndefined();
  });

  test("a time before the epoch is in no span", () => {
    const epoch = beginEpoch(ID, WALL, 100);
    expect(spanAt(epoch, 99)).toBe(-1);
    expect(locate(epoch, 2000, 99)).toBeUndefined();
    expect(spanAt(epoch, 100)).toBe(0);
  });

  test("an ended epoch does not end again", () => {
    const ended = endEpoch(beginEpoch(ID, WALL, 0), 99);
    expect(ended.spans[0].to).toBe(100);
    expect(endEpoch(ended, 500)).toBe(ended);
  });

  test("only spans with a discontinuity count for the discontinuity sequence", () => {
    const first = beginEpoch(ID, WALL, 0);
    const second = extendEpoch(first, { from: 10, wall: undefined, gop: 500, discontinuity: false }) as Epoch;
    const third = extendEpoch(second, { from: 20, wall: undefined, gop: 500, discontinuity: true }) as Epoch;
    expect([0, 1, 2].map((at) => discontinuityOf(third, at) - first.discontinuity)).toEqual([0, 0, 1]);
  });
});

test("discontinuity sequences begin small, as players keep arrays of that length, and greater after a restart", () => {
  const first = beginEpoch("a", WALL, 0);
  const restarted = beginEpoch("b", WALL + 10_000, 0);
  expect([first.discontinuity < 8192, restarted.discontinuity - first.discontinuity]).toEqual([true, 1]);
});
