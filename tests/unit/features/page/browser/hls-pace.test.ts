import { expect, test } from "bun:test";
import { HlsPace } from "../../../../../src/features/page/browser/hls-pace.ts";

const TARGET = 9;

/** Plays `seconds` of a stream that the picture is `latency` s behind; how far it is then, and at which rates it played. */
function play(latency: number, seconds: number): { latency: number; rates: number[] } {
  const pace = new HlsPace();
  const rates: number[] = [];
  let behind = latency;
  for (let at = 0; at < seconds; at += 0.25) {
    const rate = pace.rate(behind, TARGET, false);
    if (rate !== rates.at(-1)) rates.push(rate);
    behind += 0.25 * (1 - rate);
  }
  return { latency: behind, rates };
}

test("a picture that began with too little in its buffer plays slower, until it has enough", () => {
  const { latency, rates } = play(2, 120);
  expect(rates).toEqual([0.9, 0.95, 1]);
  expect(latency).toBeCloseTo(TARGET, 0);
});

test("a picture that is far behind plays faster, until it is near", () => {
  const { latency, rates } = play(14, 120);
  expect(rates).toEqual([1.1, 1]);
  expect(latency).toBeCloseTo(TARGET, 0);
});

test("a picture at the right distance plays at normal speed", () => {
  for (const latency of [TARGET - 1.4, TARGET, TARGET + 1.4]) expect(play(latency, 30).rates).toEqual([1]);
});
