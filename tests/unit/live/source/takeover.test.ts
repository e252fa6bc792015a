import { describe, expect, test } from "bun:test";
import { PublishTakeover } from "../../../../src/live/source/takeover.ts";
import { FakeClock } from "../../../support/fake-clock.ts";

/** Publishers that wait for the name of a source that is silent since the start, where silence is a second without media. */
function takeover() {
  const clock = new FakeClock();
  const told: string[] = [];
  const takeover = new PublishTakeover({ config: { switch_after: 1000 } }, clock, () => undefined);
  const waiting = (name: string) => (won: boolean) => told.push(`${name} ${won}`);
  const silent = { events: {}, lastMediaAt: clock.now(), maxPauseMs: 0, mayBeGone: () => true };
  const wait = (who: ReturnType<typeof waiting>) => takeover.join(silent, who);
  return { clock, told, takeover, waiting, wait };
}

describe("a publisher that waits for a name", () => {
  test("gets it when the name's publisher does not answer in time, and later ones do not", () => {
    const { clock, told, takeover: it, waiting, wait } = takeover();
    wait(waiting("a"));
    clock.advance(900);
    wait(waiting("b"));
    clock.advance(99);
    expect(told).toEqual([]);
    clock.advance(1);
    expect(told).toEqual(["a true", "b false"]);
    expect([it.open, clock.timers]).toEqual([false, 0]);
  });

  test("does not get it when the name's publisher is alive", () => {
    const { clock, told, takeover: it, waiting, wait } = takeover();
    wait(waiting("a"));
    it.cancel();
    clock.advance(5000);
    expect(told).toEqual(["a false"]);
    expect(clock.timers).toBe(0);
  });

  test("may leave, and leaves nothing behind", () => {
    const { clock, told, takeover: it, waiting, wait } = takeover();
    const [a, b] = [waiting("a"), waiting("b")];
    wait(a);
    wait(b);
    it.leave(a);
    it.leave(a);
    clock.advance(1000);
    expect(told).toEqual(["b true"]);
    wait(a);
    it.leave(a);
    expect([it.open, clock.timers]).toEqual([false, 0]);
  });

  test("is refused when too many wait", () => {
    const { told, takeover: it, waiting, wait } = takeover();
    const joined = Array.from({ length: 20 }, (_, at) => wait(waiting(`${at}`)));
    expect(joined.filter((yes) => yes)).toHaveLength(16);
    it.decide();
    expect(told).toHaveLength(16);
  });
});
