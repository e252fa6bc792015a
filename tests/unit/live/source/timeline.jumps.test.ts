import { describe, expect, test } from "bun:test";
import fc from "fast-check";
import { Corrections } from "../../../../src/live/source/corrections.ts";
import { Timeline } from "../../../../src/live/source/timeline.ts";
import { PacketFlag, PacketKind } from "../../../../src/media/packet.ts";

const { Audio, Video } = PacketKind;

/** A track of an encoder: a frame every so many ms, by a clock that can jump. */
interface Track {
  readonly kind: PacketKind;
  readonly track: number;
  readonly everyMs: number;
  nextAt: number;
  clock: number;
}

/** One frame as it went through the time line. */
interface Placed {
  readonly at: number;
  readonly time: number;
}

/** An encoder whose frames arrive when they are due, and the time line that they go to. */
class Encoder {
  readonly timeline = new Timeline("full");
  now = 1000;
  readonly tracks: readonly Track[];
  readonly placed = new Map<Track, Placed[]>();

  constructor(clock: number, sparseMs: number) {
    const track = (kind: PacketKind, number: number, everyMs: number): Track => ({
      kind,
      track: number,
      everyMs,
      nextAt: this.now,
      clock,
    });
    this.tracks = [track(Video, 0, 40), track(Audio, 0, 21), track(Video, 1, sparseMs)];
    for (const one of this.tracks) this.placed.set(one, []);
    this.run(100);
  }

  /** Goes on for so many ms; with `silent` nothing is sent. */
  run(ms: number, silent = false): void {
    for (const end = this.now + ms; this.now < end; this.now++) {
      for (const track of this.tracks) {
        if (this.now < track.nextAt) continue;
        track.nextAt += track.everyMs;
        if (!silent) this.#send(track);
      }
    }
  }

  #send(track: Track): void {
    const time = this.timeline.place(track.kind, track.track, (track.clock + this.now) >>> 0, this.now);
    this.placed.get(track)?.push({ at: this.now, time });
  }

  /** Lets an event happen, then goes on a little. */
  suffer({ kind, ms, by, which }: Event): void {
    this.tracks.forEach((track, at) => {
      if (kind === "all" || (kind === "alone" && at === which)) track.clock += by;
    });
    this.run(kind === "silence" ? ms : Math.min(ms, 3000), kind === "silence");
    this.run(100);
  }

  distance(): number {
    const [video, audio] = this.tracks.map((track) => this.placed.get(track)?.at(-1) ?? { at: 0, time: 0 });
    return (video?.time ?? 0) - (video?.at ?? 0) - ((audio?.time ?? 0) - (audio?.at ?? 0));
  }
}

type Event = { kind: "run" | "silence" | "alone" | "all"; ms: number; by: number; which: number };

/** Longer than any silence, and not so near to 2^31 that it looks as if a clock of 31 bits began again. */
const event: fc.Arbitrary<Event> = fc.record({
  kind: fc.constantFrom("run", "silence", "alone", "all"),
  ms: fc.integer({ min: 0, max: 12_000 }),
  by: fc.oneof(
    fc.integer({ min: 3100, max: 2 ** 31 - 1_000_000 }),
    fc.integer({ min: 1_000_000, max: 2 ** 31 - 1_000_000 }).map((ms) => -ms),
    fc.constantFrom(3500, 15_000, 86_400_000, -86_400_000),
  ),
  which: fc.nat(2),
});

const starts = fc.constantFrom(0, 90_000, 2 ** 31 - 3000, 2 ** 32 - 5000, 3_000_000_000);

/** How far a track may be from where the wall clock says, ms: a frame for each jump. */
function allowance(track: Track, jumps: number): number {
  return 50 + jumps * (track.everyMs + 50);
}

function expectSteady(placed: readonly Placed[], allowedMs: number): void {
  const first = placed[0] ?? { at: 0, time: 0 };
  let last = first.time;
  for (const { at, time } of placed) {
    expect(time).toBeGreaterThanOrEqual(last);
    expect(Math.abs(time - first.time - (at - first.at))).toBeLessThanOrEqual(allowedMs);
    last = time;
  }
}

describe("whatever the clocks of tracks do", () => {
  test("each track's time follows the elapsed time and never runs back", () => {
    fc.assert(
      fc.property(
        starts,
        fc.constantFrom(40, 1000, 7000),
        fc.array(event, { maxLength: 25 }),
        (start, sparse, events) => {
          const encoder = new Encoder(start, sparse);
          for (const one of events) encoder.suffer(one);
          const jumps = events.filter(({ kind }) => kind === "alone" || kind === "all").length;
          for (const [track, placed] of encoder.placed) expectSteady(placed, allowance(track, jumps));
        },
      ),
      { seed: 11, numRuns: 300 },
    );
  });

  test("jumps of all tracks alike keep the distance between them", () => {
    fc.assert(
      fc.property(starts, fc.array(event, { minLength: 1, maxLength: 10 }), (start, events) => {
        const encoder = new Encoder(start, 1000);
        const before = encoder.distance();
        for (const { by, ms } of events) {
          for (const track of encoder.tracks) track.clock += by;
          encoder.run(1000 + ms / 10);
        }
        // What is placed a little before its track's last frame waits for it.
        expect(Math.abs(encoder.distance() - before)).toBeLessThanOrEqual(1);
      }),
      { seed: 12, numRuns: 200 },
    );
  });
});

describe("a track that jumps alone", () => {
  /** Video every 40 ms whose clock is `jumped` ms off from `from` on, and audio every 20 ms. */
  function both(timeline: Timeline, from: number, to: number, jumped: (time: number) => number) {
    let last = { video: 0, audio: 0 };
    for (let time = from; time < to; time += 20) {
      const audio = timeline.place(Audio, 0, (100_000 + time) >>> 0, time);
      const video =
        time % 40 === 0 ? timeline.place(Video, 0, (100_000 + time + jumped(time)) >>> 0, time) : last.video;
      last = { video, audio };
    }
    return last;
  }

  test.each([20_000, -20_000, 5000, -5000, -700, 1_000_000_000])(
    "by %d ms leaves the other track unchanged, and stays beside it",
    (by) => {
      const timeline = new Timeline("full");
      both(timeline, 0, 10_000, () => 0);
      const { audio, video } = both(timeline, 10_000, 30_000, () => by);
      expect(audio).toBe(129_980);
      expect(video).toBe(129_960);
      expect(timeline.bridged).toBe(1);
    },
  );

  test.each([
    { before: [-700, 0], after: [-700, -2000], what: "the other jumps further" },
    { before: [-2000, 0], after: [-2000, -700], what: "the other jumps less far" },
    { before: [-700, 0], after: [-1400, -700], what: "both jump" },
    { before: [0, -1500], after: [-700, -2200], what: "both jump less far" },
  ] as const)("and soon after it $what: each stays in step with the elapsed time", ({ before, after }) => {
    const encoder = new Encoder(90_000, 40);
    for (const [video, audio] of [before, after]) {
      for (const track of encoder.tracks) track.clock = 90_000 + (track.kind === Video ? video : audio);
      encoder.run(1000);
    }
    for (const placed of encoder.placed.values()) expectSteady(placed, 100);
  });

  test("again and again is bridged each time", () => {
    const timeline = new Timeline("full");
    const { audio, video } = both(timeline, 0, 30_000, (time) => Math.floor(time / 1000) * 7000);
    expect(audio).toBe(129_980);
    expect(video).toBe(129_960);
    expect(timeline.corrections.of("jump")).toBe(29);
  });

  test("and returns to its clock is in step with the other again", () => {
    const timeline = new Timeline("full");
    both(timeline, 0, 10_000, () => 0);
    both(timeline, 10_000, 15_000, () => 60_013);
    expect(both(timeline, 15_000, 20_000, () => 0)).toEqual({ audio: 119_980, video: 119_960 });
  });

  test("between two clocks in each frame does not drift away", () => {
    const timeline = new Timeline("full");
    const { video } = both(timeline, 0, 20_000, (time) => (time % 80 === 0 ? 0 : 1000));
    expect(Math.abs(video - 119_960)).toBeLessThanOrEqual(1100);
  });

  test("is reported with the first jump, the tenth and the hundredth", () => {
    const told: number[] = [];
    const all = new Corrections();
    const timeline = new Timeline("full", new Corrections(all, ({ count }) => told.push(count)));
    both(timeline, 0, 200_000, (time) => Math.floor(time / 1000) * 7000);
    expect(told).toEqual([1, 10, 100]);
    expect(all.of("jump")).toBe(199);
  });
});

describe("video in presentation order", () => {
  const order = [0, 160, 40, 80, 120, 320, 200, 240, 280, 480, 360, 400, 440];
  const place = (timeline: Timeline, stamps: readonly number[], composed = false) =>
    stamps.map((stamp, at) => timeline.place(Video, 0, stamp, at * 40, at === 0 ? PacketFlag.Key : 0, composed));

  test("passes unchanged from the second step back in a GOP on", () => {
    const timeline = new Timeline("full");
    const held = [0, 160, 160, 160, 160];
    expect(place(timeline, order)).toEqual([...held, ...order.slice(5)]);
    expect(timeline.reordered(Video, 0)).toBe(true);
    expect(timeline.reordered(Audio, 0)).toBe(false);
    expect(timeline.newest).toBe(480);
    expect(timeline.times.of(Video, 0)).toBe(480);
    expect(timeline.corrections.of("held")).toBe(3);
    expect(timeline.corrections.of("reordered")).toBe(1);
    expect(timeline.bridged).toBe(0);
  });

  test("is not assumed if frames have composition times", () => {
    const timeline = new Timeline("full");
    const placed = place(timeline, order, true);
    expect(placed).toEqual([...placed].sort((a, b) => a - b));
    expect(timeline.reordered(Video, 0)).toBe(false);
  });

  test("is not assumed if time steps back only once in each GOP", () => {
    const timeline = new Timeline("full");
    for (let at = 0; at < 40; at++) {
      const stamp = at * 40 - (at % 10 === 5 ? 60 : 0);
      timeline.place(Video, 0, stamp, at * 40, at % 10 === 0 ? PacketFlag.Key : 0);
    }
    expect(timeline.reordered(Video, 0)).toBe(false);
    expect(timeline.corrections.of("held")).toBe(4);
  });

  test("ends with the first composition time, and with the source", () => {
    const timeline = new Timeline("full");
    place(timeline, order);
    timeline.place(Video, 0, 520, 520, 0, true);
    expect(timeline.reordered(Video, 0)).toBe(false);
    expect(timeline.place(Video, 0, 500, 560)).toBe(520);
    const other = new Timeline("full");
    place(other, order);
    other.newSource();
    expect(other.reordered(Video, 0)).toBe(false);
  });

  test("never lies more than 500 ms before the greatest time", () => {
    const timeline = new Timeline("full");
    place(timeline, order);
    const back = Array.from({ length: 20 }, (_, at) => timeline.place(Video, 0, 440 - 20 * at, 600 + 40 * at));
    expect(Math.min(...back)).toBeGreaterThanOrEqual(0);
    expect(back.at(-1)).toBeGreaterThanOrEqual(480 - 500);
  });
});
