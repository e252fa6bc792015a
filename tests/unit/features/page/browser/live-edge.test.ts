import { describe, expect, test } from "bun:test";
import fc from "fast-check";
import { type Advice, LiveEdge } from "../../../../../src/features/page/browser/live-edge.ts";

const LOOK_MS = 250;

/** Plays `seconds` of a stream that is `ahead` s ahead of the picture at first, following the advice; what was advised. */
function play(ahead: number, seconds: number): { behind: number; advice: Advice[] } {
  const edge = new LiveEdge();
  const advice: Advice[] = [];
  let position = 0;
  let rate = 1;
  for (let now = 0; now < seconds * 1000; now += LOOK_MS) {
    const step = edge.look({ now, position, hasData: true, from: 0, end: ahead + now / 1000, afterGap: undefined });
    advice.push(step);
    if (step.jumpTo !== undefined) position = step.jumpTo;
    rate = step.rate;
    position += (LOOK_MS / 1000) * rate;
  }
  return { behind: ahead + seconds - position, advice };
}

describe("a picture that is behind what has arrived", () => {
  test("plays faster until it is near, and then at normal speed", () => {
    const { behind, advice } = play(2.5, 60);
    expect(behind).toBeLessThan(1.1);
    expect(advice.some(({ rate }) => rate > 1)).toBe(true);
    expect(advice.at(-1)?.rate).toBe(1);
    expect(advice.filter(({ jumpTo }) => jumpTo !== undefined)).toEqual([]);
  });

  test("jumps once when a whole GOP came at the start", () => {
    const { behind, advice } = play(10, 20);
    expect(advice.filter(({ jumpTo }) => jumpTo !== undefined)).toHaveLength(1);
    expect(behind).toBeLessThan(2);
  });

  test("never jumps back, and no more than once without new delay", () => {
    fc.assert(
      fc.property(fc.double({ min: 0, max: 100, noNaN: true }), (ahead) => {
        const { advice } = play(ahead, 30);
        const jumps = advice.flatMap(({ jumpTo }) => jumpTo ?? []);
        expect(jumps.length).toBeLessThanOrEqual(1);
        expect(jumps.every((to) => to > 0)).toBe(true);
      }),
    );
  });
});

describe("a picture that stands still", () => {
  test("is reported with its duration, and gets more distance from then on", () => {
    const edge = new LiveEdge();
    const look = (now: number, position: number) =>
      edge.look({ now, position, hasData: true, from: 0, end: position, afterGap: undefined });
    expect(look(0, 0)).toMatchObject({ moved: false, stillForMs: 0 });
    expect(look(500, 0.5)).toMatchObject({ moved: true, stillForMs: 0 });
    expect(edge.target).toBe(1);
    expect(look(2500, 0.5)).toMatchObject({ moved: true, stillForMs: 2000 });
    expect(edge.target).toBe(1.5);
    look(3000, 0.5);
    expect(edge.target).toBe(1.5);
  });

  test("still stands still when the player seeks to where no data are", () => {
    const edge = new LiveEdge();
    const look = (now: number, position: number, hasData: boolean) =>
      edge.look({ now, position, hasData, from: undefined, end: 1, afterGap: undefined });
    look(0, 0, true);
    look(1000, 1, true);
    expect(look(3000, 7, false)).toMatchObject({ stillForMs: 2000 });
    expect(look(5000, 9, false)).toMatchObject({ stillForMs: 4000 });
    expect(look(5250, 9.25, true)).toMatchObject({ stillForMs: 0 });
  });

  describe("is stuck", () => {
    /** A picture that moved at 1000 ms, when three segments were loaded. */
    function still() {
      const edge = new LiveEdge();
      const look = (now: number, segments: number | undefined, position = 1, end = 1) =>
        edge.look({ now, position, hasData: true, segments, from: 0, end, afterGap: undefined }).stuck;
      look(0, 1, 0);
      look(1000, 3);
      return look;
    }

    test("when segments keep coming for four seconds", () => {
      const look = still();
      expect([look(9000, 3), look(10_000, 4), look(12_000, 5), look(13_999, 6)]).toEqual([false, false, false, false]);
      expect(look(14_000, 6)).toBe(true);
    });

    test("not when no segment comes any more, or only one, or their number is not known", () => {
      for (const segments of [3, 4, undefined]) {
        const look = still();
        expect([look(2000, segments), look(60_000, segments)]).toEqual([false, false]);
      }
    });

    test("not while the buffer grows, as when segments come too late for where the player has sought", () => {
      const look = still();
      for (let at = 1; at < 10; at++) expect(look(1000 + at * 3000, 3 + at, 1, 1 + at)).toBe(false);
    });

    test("not when each segment moves it a little, as on a slow network", () => {
      const look = still();
      for (let at = 1; at < 10; at++) {
        expect(look(1000 + at * 5000, 3 + at)).toBe(false);
        expect(look(1250 + at * 5000, 3 + at, 1 + at)).toBe(false);
      }
    });
  });

  test("jumps over a gap in the buffer", () => {
    const edge = new LiveEdge();
    const look = (now: number) => edge.look({ now, position: 5, hasData: true, from: 0, end: 8, afterGap: 6 }).jumpTo;
    look(0);
    expect(look(250)).toBeUndefined();
    expect(look(1000)).toBeCloseTo(6.05);
  });

  test("seeks once past a gap that only the audio has played over", () => {
    const edge = new LiveEdge();
    const look = (now: number, position: number, from: number) =>
      edge.look({ now, position, hasData: true, from, end: position + 1, afterGap: undefined }).jumpTo;
    expect(look(0, 6.4, 0)).toBeUndefined();
    expect(look(250, 6.65, 6.54)).toBeCloseTo(6.7);
    expect(look(500, 6.9, 6.54)).toBeUndefined();
    // What was played is forgotten after a while: the range begins later, and there is no gap.
    expect(look(750, 7.15, 6.8)).toBeUndefined();
  });
});
