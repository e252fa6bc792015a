import { describe, expect, test } from "bun:test";
import fc from "fast-check";
import { type TimeJitter, Timeline } from "../../../../src/live/source/timeline.ts";
import { PacketKind } from "../../../../src/media/packet.ts";

const { Audio, Video, Data } = PacketKind;
const WRAP = 2 ** 32;

/** A time line with a wall clock that goes as the packets' own times unless told otherwise. */
class Line {
  readonly timeline: Timeline;
  now = 0;

  constructor(mode: TimeJitter = "full") {
    this.timeline = new Timeline(mode);
  }

  video(timestamp: number, elapsed = 40): number {
    return this.#place(Video, timestamp, elapsed);
  }

  audio(timestamp: number, elapsed = 0): number {
    return this.#place(Audio, timestamp, elapsed);
  }

  #place(kind: PacketKind, timestamp: number, elapsed: number): number {
    this.now += elapsed;
    return this.timeline.place(kind, 0, timestamp >>> 0, this.now);
  }

  get bridged(): number {
    return this.timeline.bridged;
  }
}

describe("one source", () => {
  test.each([0, 1000, 2 ** 31 - 20, 2 ** 31, 0xfffffff0])("keeps its timestamps when it starts at %d", (first) => {
    const line = new Line();
    expect([0, 40, 80, 120].map((time) => line.video(first + time))).toEqual([0, 40, 80, 120].map((t) => first + t));
    expect(line.bridged).toBe(0);
  });

  test("continues past 32 bits, so that its low 32 bits are those of the wire", () => {
    const line = new Line();
    line.video(WRAP - 40);
    line.audio(WRAP - 10);
    expect(line.video(0)).toBe(WRAP);
    expect(line.audio(13)).toBe(WRAP + 13);
    expect(line.bridged).toBe(0);
  });

  test("continues over many wraps of its clock", () => {
    const line = new Line();
    for (let time = 0; time < 3 * WRAP; time += 100_000_000) expect(line.video(time, 100_000_000)).toBe(time);
  });

  test("whose clock has 31 bits continues when that begins again", () => {
    const line = new Line();
    line.video(2 ** 31 - 40);
    expect(line.video(0)).toBe(2 ** 31);
    expect(line.bridged).toBe(0);
  });

  test("that restarts its clock continues just after the last packet, and its tracks keep their distance", () => {
    const line = new Line();
    line.video(100_000);
    line.audio(100_010);
    expect(line.video(0)).toBe(100_040);
    expect(line.audio(10)).toBe(100_050);
    expect(line.video(40)).toBe(100_080);
    expect(line.bridged).toBe(1);
  });

  test("that jumps ahead continues just after the last packet", () => {
    const line = new Line();
    line.video(1000);
    expect(line.video(61_040)).toBe(1040);
    expect(line.video(61_080)).toBe(1080);
    expect(line.bridged).toBe(1);
  });

  test("that steps back a little stands still until its clock has caught up", () => {
    const line = new Line();
    line.video(1000);
    expect([960, 1000, 1040].map((time) => line.video(time))).toEqual([1000, 1000, 1040]);
    expect(line.bridged).toBe(0);
  });

  test("of one frame a second is left as it is", () => {
    const line = new Line();
    for (let time = 0; time < 20_000; time += 1000) expect(line.video(time, 1000)).toBe(time);
  });

  test("with a gap of 10 s that really took 10 s is left as it is", () => {
    const line = new Line();
    line.video(1000);
    expect(line.video(11_000, 10_000)).toBe(11_000);
    expect(line.bridged).toBe(0);
  });

  test("with a gap of 10 s that took no time is bridged", () => {
    const line = new Line();
    line.video(1000);
    expect(line.video(11_000, 0)).toBe(1001);
    expect(line.bridged).toBe(1);
  });

  test("that falls behind and then catches up by leaving packets out keeps its timestamps", () => {
    const line = new Line();
    for (let time = 0; time <= 6000; time += 40) line.video(time, 80);
    expect(line.video(12_000)).toBe(12_000);
    expect(line.video(12_040)).toBe(12_040);
    expect(line.bridged).toBe(0);
  });

  test("that has caught up with the wall clock is bridged when it jumps further", () => {
    const line = new Line();
    for (let time = 0; time <= 6000; time += 40) line.video(time, 80);
    line.video(12_000);
    expect(line.video(18_000)).toBe(12_040);
    expect(line.bridged).toBe(1);
  });

  test("with one track that is late keeps the distance to the other when that track catches up", () => {
    const line = new Line();
    for (let time = 0; time <= 6000; time += 40) {
      line.audio(2 * time, 80);
      line.video(time, 0);
    }
    expect(line.video(12_000)).toBe(12_000);
    expect(line.audio(12_080)).toBe(12_080);
    expect(line.bridged).toBe(0);
  });

  test("with a frame every 10 s beside steady audio is left as it is", () => {
    const line = new Line();
    for (let time = 0; time < 60_000; time += 20) {
      expect(line.audio(time, 20)).toBe(time);
      if (time % 10_000 === 0) expect(line.video(time, 0)).toBe(time);
    }
    expect(line.bridged).toBe(0);
  });

  test("whose tracks are 5 s apart and whose clock jumps once is bridged once", () => {
    const line = new Line();
    const both = (time: number) => [line.audio(time), line.video(time + 5000)];
    both(0);
    expect(both(40)).toEqual([40, 5040]);
    for (let time = 80; time < 2000; time += 40) expect(both(100_000 + time)).toEqual([time, 5000 + time]);
    expect(line.bridged).toBe(1);
  });

  test("never runs back on a track, whatever it sends", () => {
    const stamp = fc.oneof(fc.nat(0xffffffff), fc.nat(5000), fc.integer({ min: 0xfffff000, max: 0xffffffff }));
    const packet = fc.tuple(stamp, fc.boolean(), fc.nat(2), fc.nat(20_000), fc.integer({ min: 0, max: 50 }));
    fc.assert(
      fc.property(fc.array(packet, { maxLength: 200 }), (packets) => {
        const timeline = new Timeline("full");
        const newest = new Map<string, number>();
        let now = 0;
        for (const [timestamp, video, track, elapsed, chance] of packets) {
          now += elapsed;
          if (chance === 0) timeline.newSource();
          const kind = video ? Video : Audio;
          const time = timeline.place(kind, track, timestamp, now);
          const before = newest.get(`${kind} ${track}`) ?? 0;
          // Video in presentation order steps back as it was sent.
          const reorder = timeline.reordered(kind, track) ? 500 : 0;
          expect(time).toBeGreaterThanOrEqual(Math.max(0, before - reorder));
          newest.set(`${kind} ${track}`, Math.max(before, time));
        }
      }),
      { seed: 1, numRuns: 300 },
    );
  });
});

describe("another source", () => {
  test("that continues with the same clock keeps its timestamps", () => {
    const line = new Line();
    line.video(5000);
    line.timeline.newSource();
    expect(line.video(9000, 4000)).toBe(9000);
    expect(line.bridged).toBe(0);
  });

  test("that continues with the same clock keeps its timestamps across the wrap, too", () => {
    const line = new Line();
    line.video(WRAP - 1000);
    line.timeline.newSource();
    expect(line.video(1000, 2000)).toBe(WRAP + 1000);
  });

  test.each([0, 4000, 90_000, 2 ** 31, 0xfffffff0])(
    "with a clock of its own, at %d, is put after the last packet",
    (at) => {
      const line = new Line();
      line.video(5000);
      line.audio(5020);
      line.timeline.newSource();
      expect(line.video(at, 1000)).toBe(5060);
      expect(line.audio(at + 15)).toBe(5075);
      expect(line.video(at + 40)).toBe(5100);
      expect(line.bridged).toBe(1);
    },
  );

  test("whose first frame has the time of its track's last one is put after it", () => {
    const line = new Line();
    line.video(0);
    line.video(1000, 1000);
    line.timeline.newSource();
    expect(line.video(1000, 20)).toBe(1040);
    line.timeline.newSource();
    expect(line.audio(1000, 20)).toBe(1040);
  });

  test("is put after the newest packet of all tracks", () => {
    const line = new Line();
    line.video(5000);
    line.audio(5700);
    line.timeline.newSource();
    expect(line.video(0)).toBe(5740);
  });
});

describe("headers and data", () => {
  const begun = (mode: TimeJitter = "full") => {
    const line = new Line(mode);
    line.video(100_000);
    line.audio(100_015);
    return line;
  };

  test("stamped 0 get the time of their own track, or of the media around them", () => {
    const { timeline } = begun();
    expect(timeline.placeBeside(Video, 0, 0)).toBe(100_000);
    expect(timeline.placeBeside(Audio, 0, 0)).toBe(100_015);
    expect(timeline.placeBeside(Video, 1, 0)).toBe(100_015);
    expect(timeline.placeBeside(Data, 0, 0)).toBe(100_015);
  });

  test("stamped 0 in the first seconds of a stream don't go before their track's last", () => {
    const line = new Line();
    line.video(0);
    line.video(2000);
    expect(line.timeline.placeBeside(Video, 0, 0)).toBe(2000);
  });

  test("do not move the time line", () => {
    const line = begun();
    line.timeline.placeBeside(Video, 0, 0);
    line.timeline.placeBeside(Data, 0, 3_000_000);
    expect(line.timeline.newest).toBe(100_015);
    expect(line.video(100_040)).toBe(100_040);
    expect(line.bridged).toBe(0);
  });

  test("near the media keep their own time", () => {
    expect(begun().timeline.placeBeside(Data, 0, 100_007)).toBe(100_007);
  });

  test("of data never run back", () => {
    const { timeline } = begun();
    expect(timeline.placeBeside(Data, 0, 100_010)).toBe(100_010);
    expect(timeline.placeBeside(Data, 0, 100_005)).toBe(100_010);
  });

  test("before all media keep their times, or get 0 if the stream begins at 0", () => {
    expect(new Timeline("full").placeBeside(Data, 0, 7000)).toBe(7000);
    expect(new Timeline("off").placeBeside(Data, 0, 7000)).toBe(7000);
    expect(new Timeline("zero").placeBeside(Data, 0, 7000)).toBe(0);
  });
});

describe("time_jitter", () => {
  test("zero puts another track's first packet that lies before the stream's first one at 0", () => {
    const line = new Timeline("zero");
    expect(line.place(Audio, 0, 23, 0)).toBe(0);
    expect(line.place(Video, 0, 0, 0)).toBe(0);
    expect(line.place(Video, 0, 40, 40)).toBe(17);
  });

  test("zero begins at 0 and continues after that when the source changes", () => {
    const line = new Line("zero");
    expect(line.video(90_000)).toBe(0);
    expect(line.audio(90_010)).toBe(10);
    line.timeline.newSource();
    expect(line.video(40_000)).toBe(50);
  });

  test("zero begins at 0 again when the clock runs behind its beginning, with both tracks as far apart as they were", () => {
    const line = new Line("zero");
    expect([line.video(90_000), line.audio(90_010), line.video(90_040)]).toEqual([0, 10, 40]);
    expect([line.video(1000), line.audio(1010), line.video(1040), line.audio(1033)]).toEqual([0, 10, 40, 33]);
    expect([line.bridged, line.timeline.corrections.of("jump"), line.timeline.corrections.of("held")]).toEqual([
      1, 1, 0,
    ]);
    // Less far back than its beginning, the clock passes.
    expect([line.video(50_000), line.video(2000)]).toEqual([49_000, 1000]);
    // A second jump, of audio first, and one that is no more than frames out of order.
    expect([line.audio(0), line.video(10), line.video(0xffffffff - 19)]).toEqual([0, 10, 0]);
    expect([line.bridged, line.timeline.corrections.of("held")]).toEqual([2, 1]);
  });

  test("off passes all timestamps, including jumps", () => {
    const line = new Line("off");
    expect([5000, 60_000, 10].map((time) => line.video(time) >>> 0)).toEqual([5000, 60_000, 10]);
    line.timeline.newSource();
    expect(line.video(123_456) >>> 0).toBe(123_456);
    expect(line.bridged).toBe(0);
  });

  test("off and zero use the last packet's time as the newest, as it may never come again", () => {
    for (const mode of ["off", "zero"] as const) {
      const line = new Line(mode);
      line.video(0);
      line.video(1_000_000);
      line.video(40);
      expect(line.timeline.newest).toBe(40);
    }
  });
});
