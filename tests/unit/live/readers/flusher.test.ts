import { describe, expect, test } from "bun:test";
import { Flusher } from "../../../../src/live/readers/flusher.ts";
import { FakeClock } from "../../../support/fake-clock.ts";
import { Stub, flusherStage as stage } from "../../../support/flushes.ts";

const SLICE_MS = 8;

describe("auto", () => {
  test("flushes once at the end of the turn in which packets came, however many", () => {
    const { clock, flusher } = stage();
    const stream = new Stub(clock);
    for (let i = 0; i < 10; i++) flusher.mark(stream);
    expect(stream.begun).toEqual([]);
    clock.turn();
    expect(stream.begun).toEqual([0]);
    clock.advance(1000);
    expect(stream.begun).toEqual([0]);
  });

  test("pauses for twice as long as the flush took, and then flushes what has come meanwhile", () => {
    const { clock, flusher } = stage();
    const stream = new Stub(clock, "auto", 5);
    flusher.mark(stream);
    clock.settle();
    flusher.mark(stream);
    clock.advance(1000);
    expect(stream.begun).toEqual([0, 15]);
  });

  test("does not pause after a flush that took no time", () => {
    const { clock, flusher } = stage();
    const stream = new Stub(clock);
    for (let time = 0; time < 5; time++) {
      flusher.mark(stream);
      clock.settle();
      clock.advance(1);
    }
    expect(stream.begun).toEqual([0, 1, 2, 3, 4]);
  });

  test("begins flushes no more than 350 ms apart, though they take more than a third of that", () => {
    const { clock, flusher } = stage();
    const stream = new Stub(clock, "auto", 200);
    flusher.mark(stream);
    clock.settle();
    flusher.mark(stream);
    clock.advance(149);
    expect(stream.begun).toHaveLength(1);
    clock.advance(1);
    expect(stream.begun).toEqual([0, 350]);
  });

  test("leaves a third of the time to other work, however long a flush takes", () => {
    const { clock, flusher } = stage();
    const stream = new Stub(clock, "auto", 1000);
    flusher.mark(stream);
    clock.settle();
    expect([stream.finished, clock.now()]).toEqual([1, 1000]);
    flusher.mark(stream);
    clock.advance(499);
    expect(stream.begun).toHaveLength(1);
    clock.advance(1);
    expect(stream.begun).toEqual([0, 1500]);
  });

  test("gives way to everything else between slices", () => {
    const { clock, flusher } = stage();
    const stream = new Stub(clock, "auto", 20);
    const turns: number[] = [];
    flusher.mark(stream);
    for (let turn = 0; turn < 4; turn++) {
      clock.turn();
      turns.push(clock.now());
      clock.soon(() => {});
    }
    expect(turns).toEqual([SLICE_MS, 2 * SLICE_MS, 20, 20]);
    expect([stream.begun.length, stream.finished]).toEqual([1, 1]);
  });

  test("counts all slices of a flush for its pause", () => {
    const { clock, flusher } = stage();
    const stream = new Stub(clock, "auto", 20);
    flusher.mark(stream);
    clock.settle();
    flusher.mark(stream);
    clock.advance(1000);
    expect(stream.begun).toEqual([0, 60]);
  });

  test("pauses less, the more other work was done between the slices of a flush", () => {
    const { clock, flusher } = stage();
    const stream = new Stub(clock, "auto", 20);
    flusher.mark(stream);
    // Clients come all the while: 10 ms of work between two slices.
    for (let turn = 0; turn < 3; turn++) {
      clock.turn();
      clock.spend(10);
    }
    expect([stream.finished, clock.now()]).toEqual([1, 50]);
    flusher.mark(stream);
    clock.advance(9);
    expect(stream.begun).toEqual([0]);
    clock.advance(1);
    expect(stream.begun).toEqual([0, 60]);
  });

  test("uses slices twice as long once other work has delayed a flush by 20 ms", () => {
    const { clock, flusher } = stage();
    const stream = new Stub(clock, "auto", 160);
    flusher.mark(stream);
    const slices: number[] = [];
    while (stream.finished === 0) {
      const from = clock.now();
      clock.turn();
      slices.push(clock.now() - from);
      clock.spend(10);
    }
    expect(slices).toEqual([8, 8, 16, 16, 16, 16, 16, 16, 16, 16, 16]);
  });

  test("begins the next flush earlier than after 350 ms by as much as other work delayed one, and less so each time", () => {
    const { clock, flusher } = stage();
    const stream = new Stub(clock, "auto", 160);
    flusher.mark(stream);
    // Clients come all the while: 5 ms of work between two slices, in eleven places.
    while (stream.finished === 0) {
      clock.turn();
      if (stream.finished === 0) clock.spend(5);
      flusher.mark(stream);
    }
    expect(clock.now()).toBe(215);
    while (stream.begun.length < 4) {
      flusher.mark(stream);
      clock.advance(10);
    }
    const periods = stream.begun.slice(1).map((at, round) => at - (stream.begun[round] ?? 0));
    expect(periods).toEqual([295, 338, 350]);
  });

  test("begins it at most 100 ms earlier, however long other work has delayed one", () => {
    const { clock, flusher } = stage();
    const stream = new Stub(clock, "auto", 120);
    flusher.mark(stream);
    clock.turn();
    clock.spend(500);
    flusher.mark(stream);
    while (stream.begun.length < 3) {
      clock.advance(10);
      flusher.mark(stream);
    }
    expect(stream.begun).toEqual([0, 620, 870]);
  });

  test("flushes all streams that have packets, each once", () => {
    const { clock, flusher } = stage();
    const streams = [1, 2, 3].map(() => new Stub(clock, "auto", 6));
    for (const stream of streams) flusher.mark(stream);
    clock.settle();
    expect(streams.map((stream) => stream.finished)).toEqual([1, 1, 1]);
    expect(clock.now()).toBe(18);
  });

  test("flushes packets that come during a flush after it", () => {
    const { clock, flusher } = stage();
    const stream = new Stub(clock, "auto", 20);
    flusher.mark(stream);
    clock.turn();
    flusher.mark(stream);
    clock.advance(1000);
    expect(stream.begun).toEqual([0, 60]);
    expect(stream.finished).toBe(2);
  });
});

describe("flushNow", () => {
  test("flushes whole, at once, and not again", () => {
    const { clock, flusher } = stage();
    const stream = new Stub(clock, "auto", 20);
    flusher.mark(stream);
    flusher.flushNow(stream);
    expect([stream.begun, stream.finished, clock.now()]).toEqual([[0], 1, 20]);
    clock.advance(1000);
    expect(stream.begun).toEqual([0]);
  });

  test("ends a flush under way first", () => {
    const { clock, flusher } = stage();
    const stream = new Stub(clock, "auto", 20);
    flusher.mark(stream);
    clock.turn();
    expect([stream.begun.length, stream.finished]).toEqual([1, 0]);
    flusher.flushNow(stream);
    expect([stream.begun.length, stream.finished]).toEqual([2, 2]);
    clock.advance(1000);
    expect(stream.finished).toBe(2);
  });

  test("leaves other streams to their turn", () => {
    const { clock, flusher } = stage();
    const [one, two] = [new Stub(clock), new Stub(clock)];
    flusher.mark(one);
    flusher.mark(two);
    flusher.flushNow(one);
    expect([one.finished, two.finished]).toEqual([1, 0]);
    clock.settle();
    expect([one.finished, two.finished]).toEqual([1, 1]);
  });
});

describe("a stream whose flush throws", () => {
  class Broken extends Stub {
    broken: "begin" | "run" | undefined;

    override beginFlush(): void {
      super.beginFlush();
      if (this.broken === "begin") throw new Error("broken");
    }

    override runFlush(until: number): boolean {
      if (this.broken === "run") throw new Error("broken");
      return super.runFlush(until);
    }
  }

  test.each(["begin", "run"] as const)(
    "in %s is reported, the others continue, and so does it when it no longer throws",
    (broken) => {
      const clock = new FakeClock();
      const faults: unknown[] = [];
      const flusher = new Flusher(clock, (error) => faults.push(error));
      const streams = [new Broken(clock), new Broken(clock), new Broken(clock)];
      const [first, bad, last] = streams as [Broken, Broken, Broken];
      bad.broken = broken;
      for (let round = 0; round < 3; round++) {
        for (const stream of streams) flusher.mark(stream);
        clock.advance(1000);
      }
      flusher.flushNow(bad);
      expect([first.finished, bad.finished, last.finished]).toEqual([3, 0, 3]);
      expect(faults).toHaveLength(4);
      bad.broken = undefined;
      flusher.mark(bad);
      clock.advance(1000);
      expect(bad.finished).toBe(1);
    },
  );
});
