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
    const step = edge.look({ now, position, from: 0, end: ahead + now / 1000, afterGap: undefined });
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
      edge.look({ now, position, from: 0, end: position, afterGap: undefined });
    expect(look(0, 0)).toMatchObject({ moved: false, stillForMs: 0 });
    expect(look(500, 0.5)).toMatchObject({ moved: true, stillForMs: 0 });
    expect(edge.target).toBe(1);
    expect(look(2500, 0.5)).toMatchObject({ moved: true, stillForMs: 2000 });
    expect(edge.target).toBe(1.5);
    look(3000, 0.5);
    expect(edge.target).toBe(1.5);
  });

  test("jumps over a gap in the buffer", () => {
    const edge = new LiveEdge();
    edge.look({ now: 0, position: 5, from: 0, end: 8, afterGap: 6 });
    expect(edge.look({ now: 250, position: 5, from: 0, end: 8, afterGap: 6 }).jumpTo).toBeUndefined();
    expect(edge.look({ now: 1000, position: 5, from: 0, end: 8, afterGap: 6 }).jumpTo).toBeCloseTo(6.05);
  });

  test("seeks once past a gap that only the audio has played over", () => {
    const edge = new LiveEdge();
    const look = (now: number, position: number, from: number) =>
      edge.look({ now, position, from, end: position + 1, afterGap: undefined }).jumpTo;
    expect(look(0, 6.4, 0)).toBeUndefined();
    expect(look(250, 6.65, 6.54)).toBeCloseTo(6.7);
    expect(look(500, 6.9, 6.54)).toBeUndefined();
    // What was played is forgotten after a while: the range begins later, and there is no gap.
    expect(look(750, 7.15, 6.8)).toBeUndefined();
  });
});
