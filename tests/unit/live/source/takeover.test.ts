import { describe, expect, test } from "bun:test";
import { PublishTakeover } from "../../../../src/live/source/takeover.ts";
import { FakeClock } from "../../../support/fake-clock.ts";

function contest() {
  const clock = new FakeClock();
  const told: string[] = [];
  const contest = new PublishTakeover(clock);
  const waiting = (name: string) => (won: boolean) => told.push(`${name} ${won}`);
  return { clock, told, contest, waiting };
}

describe("who waits for a name", () => {
  test("gets it when its publisher gives no sign of life in time; who came later does not", () => {
    const { clock, told, contest: it, waiting } = contest();
    it.join(waiting("a"), 1000);
    clock.advance(900);
    it.join(waiting("b"), 1000);
    clock.advance(99);
    expect(told).toEqual([]);
    clock.advance(1);
    expect(told).toEqual(["a true", "b false"]);
    expect([it.open, clock.timers]).toEqual([false, 0]);
  });

  test("does not get it when its publisher lives", () => {
    const { clock, told, contest: it, waiting } = contest();
    it.join(waiting("a"), 1000);
    it.cancel();
    clock.advance(5000);
    expect(told).toEqual(["a false"]);
    expect(clock.timers).toBe(0);
  });

  test("may leave, and leaves nothing behind", () => {
    const { clock, told, contest: it, waiting } = contest();
    const [a, b] = [waiting("a"), waiting("b")];
    it.join(a, 1000);
    it.join(b, 1000);
    it.leave(a);
    it.leave(a);
    clock.advance(1000);
    expect(told).toEqual(["b true"]);
    it.join(a, 1000);
    it.leave(a);
    expect([it.open, clock.timers]).toEqual([false, 0]);
  });

  test("is one of few", () => {
    const { told, contest: it, waiting } = contest();
    const joined = Array.from({ length: 20 }, (_, at) => it.join(waiting(`${at}`), 1000));
    expect(joined.filter((yes) => yes)).toHaveLength(16);
    it.decide();
    expect(told).toHaveLength(16);
  });
});
