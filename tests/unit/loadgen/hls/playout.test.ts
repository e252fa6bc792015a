import { expect, test } from "bun:test";
import { Playout, type TrackBuffer } from "../../../../src/loadgen/hls/playout.ts";
import { HlsTotals } from "../../../../src/loadgen/hls/totals.ts";

/** A playout of segments of 2 s, whose frames are stamped with their media time, s. */
class Stage {
  readonly totals = new HlsTotals();
  readonly shown: (readonly [second: number, shownMs: number])[] = [];
  readonly playout: Playout;
  readonly buffer: TrackBuffer;
  #second = 0;

  constructor(fromMs = 0, refills = false) {
    this.playout = new Playout(this.totals, (sentUs, shownMs) => this.shown.push([sentUs / 1e6, shownMs]));
    this.playout.setStart({ enoughMs: 4000, enoughPieces: refills ? 99 : 3, refills });
    this.buffer = this.playout.addTrack();
    this.buffer.begin(fromMs);
  }

  add(...atMs: readonly number[]): void {
    for (const nowMs of atMs) {
      this.#second += 2;
      this.playout.add(this.buffer, nowMs, 2000, this.#second * 1e6);
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
  for (let at = 0; at < 3; at++) stage.playout.add(stage.buffer, 100 + at, 1000, 0);
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

test("playback waits for the audio that has a playlist of its own, and stalls when either is late", () => {
  const stage = new Stage(500);
  const audio = stage.playout.addTrack();
  stage.add(100, 100, 100);
  expect(stage.playout.startedMs).toBe(0);
  // The audio's first piece begins later than the picture's.
  audio.begin(200);
  for (const atMs of [300, 300]) stage.playout.add(audio, atMs, 2000, 0);
  expect(stage.playout.startedMs).toBe(0);
  stage.playout.add(audio, 400, 2000, 0);
  expect(stage.playout.startedMs).toBe(400);
  expect(stage.shown[0]).toEqual([2, -100]);
  stage.add(5800);
  // The audio ends at 5.8 s of media, which is 6.2 s by the clock.
  stage.playout.add(audio, 6800, 2000, 0);
  expect([stage.totals.stalls.count, stage.totals.stalls.max]).toEqual([1, 600_000]);
});

test("what one track misses is played over by the other, and a track that leaves is not waited for", () => {
  const stage = new Stage();
  const audio = stage.playout.addTrack();
  audio.begin(0);
  stage.add(0, 0, 0);
  stage.playout.add(audio, 0, 2000, 0);
  stage.playout.skip(audio, 2000);
  stage.playout.add(audio, 0, 2000, 0);
  expect(stage.playout.startedMs).toBe(0);
  stage.add(5000);
  expect(stage.totals.stalls.count).toBe(0);
  stage.playout.removeTrack(audio);
  stage.add(7900);
  expect(stage.totals.stalls.count).toBe(0);
  // A track that joins goes on where playback is.
  const late = stage.playout.addTrack();
  stage.playout.finish(9000, false);
  expect([stage.totals.stalls.count, late.endMs]).toEqual([0, 10_000]);
});
