import { describe, expect, test } from "bun:test";
import fc from "fast-check";
import { DecodeTimes } from "../../../src/media/decode-times.ts";

const picture = (reorderDepth: number | undefined, frameMs?: number) => ({
  width: 2,
  height: 2,
  reorderDepth,
  frameMs,
});

/** Times of I P B B P B B at 40 ms, in decoding order. */
const presentation = [120, 240, 160, 200, 360, 280, 320];

describe("decoding times", () => {
  test("are the packets' own if the key frame is shown later than it is sent", () => {
    const times = new DecodeTimes();
    expect(times.take(0, 80, true, picture(2))).toBe(0);
    expect(times.take(40, 200, false, picture(2))).toBe(40);
  });

  test("come from presentation times and the SPS when the key frame is stamped when it is shown", () => {
    const times = new DecodeTimes();
    const dts = presentation.map((pts, i) => times.take(pts, pts, i === 0, picture(2, 40)));
    expect(dts).toEqual([40, 80, 120, 160, 200, 240, 280]);
  });

  test("begin a millisecond apart if the SPS has no frame rate", () => {
    const times = new DecodeTimes();
    const dts = presentation.map((pts, i) => times.take(pts, pts, i === 0, picture(2)));
    expect(dts).toEqual([118, 119, 120, 160, 200, 240, 280]);
  });

  test("correct negative composition times", () => {
    const times = new DecodeTimes();
    const dts = presentation.map((pts, i) => times.take(120 + i * 40, pts, i === 0, picture(2, 40)));
    expect(dts).toEqual([40, 80, 120, 160, 200, 240, 280]);
  });

  test("are never after presentation, even where the SPS says nothing", () => {
    const times = new DecodeTimes();
    expect(times.take(100, 100, true, picture(undefined))).toBe(100);
    expect(times.take(140, 120, false, undefined)).toBe(120);
  });

  test("never run back within what the SPS allows, and are a function of the GOP", () => {
    const groups = fc.array(
      fc.integer({ min: 1, max: 5 }).chain((size) => {
        const places = Array.from({ length: size }, (_, i) => i);
        return fc.shuffledSubarray(places, { minLength: size });
      }),
      { maxLength: 10 },
    );
    fc.assert(
      fc.property(groups, (shuffled) => {
        const order = [0];
        for (const group of shuffled) {
          const first = order.length;
          order.push(...group.map((place) => (first + place) * 40));
        }
        const ahead = order.map((pts, i) => order.slice(0, i).filter((earlier) => earlier > pts).length);
        const depth = Math.max(1, ...ahead);
        const times = new DecodeTimes();
        const dts = order.map((pts, i) => times.take(pts, pts, i === 0, picture(depth, 40)));
        expect(dts.every((time, i) => time <= (order[i] ?? 0) && time >= (dts[i - 1] ?? time))).toBe(true);
        const again = new DecodeTimes();
        again.take(-500, -500, true, picture(depth, 40));
        expect(order.map((pts, i) => again.take(pts, pts, i === 0, picture(depth, 40)))).toEqual(dts);
      }),
      { seed: 90 },
    );
  });
});
