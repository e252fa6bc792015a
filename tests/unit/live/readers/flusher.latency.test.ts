import { describe, expect, test } from "bun:test";
import { Stub, flusherStage as stage } from "../../../support/flushes.ts";

describe("a fixed latency", () => {
  test("is between the beginnings of two flushes; the first comes at once", () => {
    const { clock, flusher } = stage();
    const stream = new Stub(clock, 100, 5);
    for (let i = 0; i < 35; i++) {
      flusher.mark(stream);
      clock.advance(10);
    }
    expect(stream.begun).toEqual([0, 100, 200, 300]);
  });

  test("does not delay a packet that comes after it has passed", () => {
    const { clock, flusher } = stage();
    const stream = new Stub(clock, 350);
    for (const at of [0, 600, 700]) {
      clock.advance(at - clock.now());
      flusher.mark(stream);
    }
    clock.advance(1000);
    expect(stream.begun).toEqual([0, 600, 950]);
  });

  test("with hundreds of streams costs each flush the work of one stream", () => {
    const { clock, flusher } = stage();
    const streams = Array.from({ length: 300 }, () => new Stub(clock, 350));
    for (const stream of streams) {
      flusher.mark(stream);
      clock.settle();
      clock.advance(1);
      flusher.mark(stream);
    }
    let asked = 0;
    for (const stream of streams) {
      let { dueAt } = stream;
      Object.defineProperty(stream, "dueAt", {
        get: () => {
          asked++;
          return dueAt;
        },
        set: (at: number) => {
          dueAt = at;
        },
      });
    }
    clock.advance(1000);
    expect(streams.map(({ begun }) => begun.length)).toEqual(streams.map(() => 2));
    expect(asked).toBeLessThanOrEqual(2 * streams.length);
  });

  test("lets a relay's bursts at the same distance wait for a moment, and never for the next burst", () => {
    const { clock, flusher } = stage();
    const stream = new Stub(clock, 350);
    const bursts = [0, 345, 705, 1050, 1420, 1765];
    for (const at of bursts) {
      clock.advance(at - clock.now());
      flusher.mark(stream);
    }
    clock.advance(1000);
    const waits = stream.begun.map((at, i) => at - (bursts[i] ?? 0));
    expect(waits).toHaveLength(bursts.length);
    expect(Math.max(...waits)).toBeLessThanOrEqual(40);
  });

  test("of 0 flushes once a turn, whatever that costs", () => {
    const { clock, flusher } = stage();
    const stream = new Stub(clock, 0, 5);
    flusher.mark(stream);
    clock.settle();
    flusher.mark(stream);
    clock.settle();
    expect(stream.begun).toEqual([0, 5]);
  });

  test("does not shorten the pause of streams with auto", () => {
    const { clock, flusher } = stage();
    const auto = new Stub(clock, "auto", 50);
    const own = new Stub(clock, 10);
    flusher.mark(auto);
    clock.settle();
    flusher.mark(auto);
    for (let i = 0; i < 20; i++) {
      flusher.mark(own);
      clock.advance(10);
    }
    expect(auto.begun).toEqual([0, 150]);
    expect(own.begun.length).toBeGreaterThan(15);
  });

  test("does not delay the last packets", () => {
    const { clock, flusher } = stage();
    const stream = new Stub(clock, 350);
    flusher.mark(stream);
    clock.settle();
    flusher.mark(stream);
    clock.advance(350);
    expect(stream.begun).toEqual([0, 350]);
    expect(clock.timers).toBe(0);
  });
});
