import { expect, test } from "bun:test";
import { Playout } from "../../../../src/loadgen/hls/playout.ts";
import { HlsTotals } from "../../../../src/loadgen/hls/totals.ts";

/** A playout of segments of 2 s, whose frames are stamped with their media time, s. */
class Stage {
  readonly totals = new HlsTotals();
  readonly shown: (readonly [second: number, shownMs: number])[] = [];
  readonly playout: Playout;
  #second = 0;

  constructor(fromMs = 0, refills = false) {
    this.playout = new Playout(
      this.totals,
      { fromMs, enoughMs: 4000, enoughPieces: refills ? 99 : 3, refills },
      (sentUs, shownMs) => this.shown.push([sentUs / 1e6, shownMs]),
    );
  }

  add(...atMs: readonly number[]): void {
    for (const nowMs of atMs) {
      this.#second += 2;
      this.playout.add(nowMs, 2000, this.#second * 1e6);
    }
  }
}

test("playback begins with two target durations, and shows each segment behind the one before", () => {
  const stage = new Stage();
  stage.add(100);
  expect([stage.playout.startedMs, stage.shown]).toEqual([0, []]);
  stage.add(150, 2200);
  expect(stage.playout.startedMs).toBe(150);
  expect(stage.shown).toEqual([
    [2, 150],
    [4, 2150],
    [6, 4150],
  ]);
});

test("playback that begins within a segment shows it as if it had begun before", () => {
  const stage = new Stage(500);
  stage.add(100, 100);
  expect(stage.playout.startedMs).toBe(0);
  stage.add(100);
  expect(stage.playout.startedMs).toBe(100);
  expect(stage.shown.map(([, shownMs]) => shownMs)).toEqual([-400, 1600, 3600]);
});

test("three segments are enough where they are shorter than the target duration", () => {
  const stage = new Stage();
  for (let at = 0; at < 3; at++) stage.playout.add(100 + at, 1000, 0);
  expect(stage.playout.startedMs).toBe(102);
});

test("a late segment is a stall for as long as it is late, and all later ones are shown later", () => {
  const stage = new Stage();
  stage.add(0, 0, 5000, 5000, 9000);
  expect([stage.totals.stalls.count, stage.totals.stalls.max, stage.totals.stalledPlayers]).toEqual([1, 1_000_000, 1]);
  expect(stage.shown.map(([, shownMs]) => shownMs)).toEqual([0, 2000, 5000, 7000, 9000]);
});

test("a slightly late segment is no stall, and several stalls are counted for one player", () => {
  const stage = new Stage();
  stage.add(0, 0, 4040, 7000, 10_000);
  expect([stage.totals.stalls.count, stage.totals.stalledPlayers]).toEqual([2, 1]);
});

test("a stall that lasts at the end is counted, unless nothing more is to come", () => {
  for (const ended of [false, true]) {
    const stage = new Stage();
    stage.add(0, 0);
    stage.playout.finish(6000, ended);
    expect(stage.totals.stalls.count).toBe(ended ? 0 : 1);
  }
});

test("with low latency a stall lasts until the buffer is as full again, so that viewers stay as far behind", () => {
  const stage = new Stage(0, true);
  // Two seconds late, and then as fast as it is played.
  stage.add(100, 100, 6100, 8100, 10_100);
  expect([stage.totals.stalls.count, stage.totals.stalls.max]).toEqual([1, 4_000_000]);
  expect(stage.shown.map(([, shownMs]) => shownMs)).toEqual([100, 2100, 8100, 10_100, 12_100]);
  expect(stage.playout.startedMs).toBe(100);
});

test("a stall of low latency that lasts at the end is counted once, and a slight delay is none", () => {
  const stage = new Stage(0, true);
  stage.add(100, 100, 4140);
  expect(stage.totals.stalls.count).toBe(0);
  stage.add(9000);
  stage.playout.finish(10_000, false);
  expect([stage.totals.stalls.count, stage.totals.stalledPlayers]).toEqual([1, 1]);
});
