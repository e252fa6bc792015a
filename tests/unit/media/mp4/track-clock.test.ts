import { describe, expect, test } from "bun:test";
import fc from "fast-check";
import { TrackClock } from "../../../../src/media/mp4/track-clock.ts";
import { type Mp4Track, mp4Tracks } from "../../../../src/media/mp4/tracks.ts";
import { aacHeader, avcHeader } from "../../../support/ts-media.ts";

const [video, audio] = mp4Tracks([aacHeader, avcHeader()]) as [Mp4Track, Mp4Track];
const clock = (track: Mp4Track, origin = 0) => new TrackClock(track, origin);
const takeAudio = (one: TrackClock, time: number) => one.take(time, time, false, 1024);

describe("the clock of audio", () => {
  test("counts samples where milliseconds are rounded, for hours", () => {
    const one = clock(audio);
    for (let frame = 0; frame < 500_000; frame++) {
      const at = takeAudio(one, Math.floor((frame * 1024) / 44.1));
      if (at !== frame * 1024) throw new Error(`frame ${frame} at ${at}`);
    }
    expect(one.end).toBe(500_000 * 1024);
  });

  test("continues at a packet's time that is more than 20 ms away, in one step", () => {
    const one = clock(audio);
    takeAudio(one, 0);
    expect(takeAudio(one, 43)).toBe(1024);
    expect(takeAudio(one, 67)).toBe(Math.round(67 * 44.1));
    expect(takeAudio(one, 90)).toBe(Math.round(67 * 44.1) + 1024);
    // Back, too.
    expect(one.end / 44.1).toBeGreaterThan(91 + 20);
    expect(takeAudio(one, 91)).toBe(Math.round(91 * 44.1));
  });

  test("stays within 20 ms of packets whose clock is another", () => {
    const one = clock(audio);
    for (let frame = 0; frame < 20_000; frame++) {
      const time = Math.round(((frame * 1024) / 44.1) * 1.001);
      expect(Math.abs(takeAudio(one, time) / 44.1 - time)).toBeLessThanOrEqual(20.1);
    }
  });
});

describe("the clock of video", () => {
  test("has the packets' times", () => {
    const one = clock(video, 500);
    expect([500, 540, 573].map((time, i) => one.take(time, time + 80, i === 0, 0))).toEqual([0, 3600, 6570]);
    expect(one.end).toBe(6570 + 2970);
  });

  test("computes decode times from presentation times, if a key frame is shown when it is stamped", () => {
    const one = clock(video, -1000);
    const shown = [0, 120, 40, 80, 240, 160, 200];
    const times = shown.map((time, i) => one.take(time, time, i === 0, 0) / 90 - 1000);
    expect(times).toEqual([-80, -40, 0, 40, 80, 120, 160]);
  });
});

describe.each([
  ["video", video],
  ["audio", audio],
] as const)("the clock of %s", (_, track) => {
  const packet = fc.record({
    step: fc.constantFrom(0, 1, 21, 23, 40, -40, -3000, 5000, 2 ** 40),
    composition: fc.constantFrom(0, 40, 80, -40, 2 ** 23 - 1, -(2 ** 23)),
    key: fc.boolean(),
    anew: fc.boolean(),
  });

  test("grows with each sample, and predicts the next, whatever the times", () => {
    fc.assert(
      fc.property(fc.array(packet, { maxLength: 40 }), (packets) => {
        const one = clock(track, 100);
        let time = 0;
        let last = -1;
        for (const { step, composition, key } of packets) {
          time = Math.max(0, time + step);
          const foretold = last < 0 ? undefined : one.peek(time, time + composition, key, false);
          const at = one.take(time, time + composition, key, 1024);
          expect(at).toBeGreaterThan(last);
          if (foretold !== undefined) expect([at, at - last < 2 ** 32]).toEqual([foretold, true]);
          last = at;
        }
      }),
      { seed: 2, numRuns: 300 },
    );
  });

  test("is that of a new clock after a restart, and is predicted, too", () => {
    fc.assert(
      fc.property(fc.array(packet, { minLength: 1, maxLength: 20 }), (packets) => {
        const used = clock(track);
        for (let i = 0; i < 5; i++) used.take(i * 23, i * 23, i === 0, 1024);
        const fresh = clock(track);
        let time = 1000;
        let first = true;
        for (const { step, composition, key } of packets) {
          time += Math.abs(step);
          const pts = time + Math.abs(composition);
          const foretold = first ? used.peek(time, pts, key, true) : used.peek(time, pts, key, false);
          if (first) used.begin();
          first = false;
          const at = used.take(time, pts, key, 1024);
          expect(at).toBe(fresh.take(time, pts, key, 1024));
          if (at - 116 * 90 < 2 ** 32) expect(foretold).toBe(at);
        }
      }),
      { seed: 4, numRuns: 200 },
    );
  });
});
