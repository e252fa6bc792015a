import { describe, expect, test } from "bun:test";
import { Stub, flusherStage as stage } from "../../support/flushes.ts";

describe("a latency of its own", () => {
  test("is between the beginnings of two flushes; the first comes at once", () => {
    const { clock, flusher } = stage();
    const stream = new Stub(clock, 100, 5);
    for (let i = 0; i < 35; i++) {
      flusher.mark(stream);
      clock.advance(10);
    }
    expect(stream.begun).toEqual([0, 100, 200, 300]);
  });

  test("waits a moment longer for the next packet, and takes it along", () => {
    const { clock, flusher } = stage();
    const stream = new Stub(clock, 350);
    for (let at = 0; at <= 2400; at += 40) {
      flusher.mark(stream);
      clock.settle();
      expect(stream.begun.at(-1) === at).toBe(at % 360 === 0);
      clock.advance(40);
    }
  });

  test("does not wait longer than a tenth more, and counts from where that began", () => {
    const { clock, flusher } = stage();
    const stream = new Stub(clock, 350);
    for (const at of [0, 100, 600, 900]) {
      clock.advance(at - clock.now());
      flusher.mark(stream);
    }
    clock.advance(1000);
    expect(stream.begun).toEqual([0, 385, 735, 1085]);
  });

  test("is not over before what has been left unread until then is read, though the loop is held up", () => {
    for (const busy of [false, true]) {
      const { clock, flusher } = stage();
      const [stream, other] = [new Stub(clock, 350), new Stub(clock, 350)];
      for (const one of [stream, other]) flusher.mark(one);
      clock.settle();
      clock.advance(100);
      for (const one of [stream, other]) flusher.mark(one);
      // The socket is resumed by a timer; its data comes with the next poll.
      let before: number[] = [];
      clock.after(260, () =>
        clock.soon(() => {
          before = [...stream.begun];
          flusher.mark(stream);
        }),
      );
      clock.spend(300);
      // A flush of another stream, in the same turn, makes no difference.
      if (busy) flusher.mark(other);
      clock.holdUp(0);
      clock.settle();
      expect(before).toEqual([0]);
      expect([stream.begun, other.begun]).toEqual([
        [0, 400],
        [0, 400],
      ]);
    }
  });

  test("costs no timer of its own while packets keep coming", () => {
    const { clock, flusher } = stage();
    const stream = new Stub(clock, 350);
    for (let at = 0; at < 1440; at += 40) {
      flusher.mark(stream);
      clock.settle();
      expect(clock.timers).toBe(at % 360 === 0 ? 0 : 1);
      clock.advance(40);
    }
  });

  test("lets what comes in bursts as far apart, a relay's, wait for a moment and never for the next burst", () => {
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

  test("of 0 is once a turn, whatever it costs", () => {
    const { clock, flusher } = stage();
    const stream = new Stub(clock, 0, 5);
    flusher.mark(stream);
    clock.settle();
    flusher.mark(stream);
    clock.settle();
    expect(stream.begun).toEqual([0, 5]);
  });

  test("does not cut short the rest of the others", () => {
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

  test("does not hold up the last packets", () => {
    const { clock, flusher } = stage();
    const stream = new Stub(clock, 350);
    flusher.mark(stream);
    clock.settle();
    flusher.mark(stream);
    clock.advance(385);
    expect(stream.begun).toEqual([0, 385]);
    expect(clock.timers).toBe(0);
  });
});
