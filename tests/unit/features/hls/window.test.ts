import { expect, test } from "bun:test";
import fc from "fast-check";
import type { Segment, SegmentPart } from "../../../../src/features/hls/segment.ts";
import { type ListedSegment, Window } from "../../../../src/features/hls/window.ts";

function segment(number: number, more: Partial<Segment> = {}): Segment {
  return {
    epoch: "e",
    number,
    durationMs: 2000,
    dateMs: number * 2000,
    discontinuity: 0,
    opens: false,
    independent: true,
    damaged: false,
    targetSeconds: 4,
    bytes: new Uint8Array(100),
    init: undefined,
    ...more,
  };
}

class Stage {
  readonly available = new Set<string>();
  readonly removed: ListedSegment[] = [];
  readonly window: Window;

  constructor(windowMs = 12_000, growingBytes = 0) {
    const names = {
      nameOf: ({ epoch, number }: Segment) => `${epoch}-${number}.ts`,
      initNameOf: (epoch: string, init: Uint8Array) => `${epoch}-${init}.mp4`,
      partNameOf: ({ segment: { epoch, number }, index }: SegmentPart) => `${epoch}-${number}.${index}.m4s`,
    };
    this.window = new Window(windowMs, names, {
      listedSegment: ({ name }) => this.available.add(name),
      removedSegment: (each) => {
        this.available.delete(each.name);
        this.removed.push(each);
      },
      growingBytes,
    });
  }

  get numbers(): number[] {
    return this.window.entries.map(({ number }) => number);
  }
}

test("the list is as long as the window, and moves by one segment", () => {
  const stage = new Stage();
  for (let number = 0; number < 10; number++) stage.window.add(segment(number), number * 2000);
  expect(stage.numbers).toEqual([4, 5, 6, 7, 8, 9]);
  expect(stage.window.durationMs).toBe(12_000);
});

test("a list has three target durations, however short the window is", () => {
  const stage = new Stage(1000);
  for (let number = 0; number < 10; number++) stage.window.add(segment(number), number * 2000);
  expect(stage.numbers).toEqual([4, 5, 6, 7, 8, 9]);
});

test("a segment may be requested after it was listed for as long as its duration and the playlist's", () => {
  const stage = new Stage();
  for (let number = 0; number < 7; number++) stage.window.add(segment(number), number * 2000);
  stage.window.expire(12_000 + 15_999);
  expect(stage.available.has("e-0.ts")).toBe(true);
  stage.window.expire(12_000 + 16_000);
  expect(stage.available.has("e-0.ts")).toBe(false);
});

test.each([0, 1_200_000])(
  "the window's memory is at most one and a half windows and a megabyte, with %d bytes in the growing segment",
  (growing) => {
    const stage = new Stage(12_000, growing);
    for (let number = 0; number < 30; number++) {
      stage.window.add(segment(number, { bytes: new Uint8Array(1_000_000) }), number * 2000);
      if (number < 3) continue;
      const most = 1.5 * stage.window.entries.length * 1_000_000 + 1024 * 1024;
      expect(stage.window.bytes + growing).toBeLessThanOrEqual(most);
    }
    expect(stage.available.size).toBe(growing === 0 ? 9 : 7);
  },
);

test("numbers that do not follow begin a new playlist once there is a segment, and the old segments stay for a while", () => {
  const stage = new Stage();
  for (let number = 0; number < 3; number++) stage.window.add(segment(number), 0);
  stage.window.add(segment(7, { epoch: "f", bytes: undefined }), 0);
  expect(stage.numbers).toEqual([0, 1, 2]);
  stage.window.add(segment(8, { epoch: "f" }), 0);
  expect(stage.numbers).toEqual([8]);
  expect(stage.available.has("e-2.ts")).toBe(true);
});

test("the target duration covers all that was listed, and only grows", () => {
  const stage = new Stage();
  stage.window.add(segment(0, { durationMs: 5499 }), 0);
  expect(stage.window.targetSeconds).toBe(5);
  stage.window.add(segment(1, { durationMs: 6500 }), 0);
  expect(stage.window.targetSeconds).toBe(7);
  for (let number = 2; number < 20; number++) stage.window.add(segment(number), 0);
  expect(stage.window.targetSeconds).toBe(7);
});

test("a segment's memory is freed when the segment is removed and nobody holds it", () => {
  const stage = new Stage();
  const all = Array.from({ length: 30 }, (_, number) => segment(number));
  for (const [number, each] of all.entries()) {
    stage.window.add(each, number * 2000);
    if (number === 3) stage.window.entries.at(-1)?.memory?.hold();
  }
  const lengths = all.map(({ bytes }) => bytes?.length);
  expect(lengths.slice(0, 5)).toEqual([0, 0, 0, 100, 0]);
  expect(lengths.slice(-6)).toEqual([100, 100, 100, 100, 100, 100]);
});

test("clearing frees all memory", () => {
  const stage = new Stage();
  for (let number = 0; number < 10; number++) stage.window.add(segment(number), 0);
  stage.window.clear();
  expect([stage.window.bytes, stage.available.size, stage.numbers.length]).toEqual([0, 0, 0]);
});

test("for any segments, numbers are consecutive and never decrease, and bytes add up", () => {
  const steps = fc.array(
    fc.record({
      skip: fc.constantFrom(0, 0, 0, 0, 1, 5),
      durationMs: fc.integer({ min: 0, max: 9000 }),
      size: fc.option(fc.integer({ min: 0, max: 50_000 }), { nil: undefined }),
      wait: fc.integer({ min: 0, max: 30_000 }),
    }),
    { maxLength: 60 },
  );
  fc.assert(
    fc.property(steps, fc.integer({ min: 1000, max: 60_000 }), (all, windowMs) => {
      const stage = new Stage(windowMs);
      let [number, now, first] = [0, 0, -1];
      for (const { skip, durationMs, size, wait } of all) {
        number += 1 + skip;
        now += wait;
        const bytes = size === undefined ? undefined : new Uint8Array(size);
        stage.window.add(segment(number, { durationMs, bytes }), now);
        const { numbers } = stage;
        expect(numbers.every((each, at) => at === 0 || each === (numbers[at - 1] ?? 0) + 1)).toBe(true);
        expect(numbers[0] ?? first).toBeGreaterThanOrEqual(first);
        first = numbers[0] ?? first;
        const sum = stage.window.entries.reduce((ms, each) => ms + each.durationMs, 0);
        expect(stage.window.durationMs).toBe(sum);
        for (const { name } of stage.window.entries) expect(stage.available.has(name)).toBe(true);
      }
      stage.window.clear();
      expect([stage.window.bytes, stage.available.size]).toEqual([0, 0]);
    }),
    { numRuns: 100 },
  );
});
