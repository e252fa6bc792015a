import { expect, test } from "bun:test";
import { Round } from "../../../src/base/round.ts";
import { FakeClock } from "../../support/fake-clock.ts";

/** A round over numbers, each of which takes 1 ms. */
function stage(count: number, more: (item: number, round: Round<number>) => void = () => undefined) {
  const clock = new FakeClock();
  const items = new Set(Array.from({ length: count }, (_, i) => i));
  const seen: number[] = [];
  const round = new Round(clock, items, (item) => {
    seen.push(item);
    clock.spend(1);
    more(item, round);
  });
  return { clock, items, seen, round };
}

test("a round takes 4 ms of a turn and continues in the next", () => {
  const { clock, seen, round } = stage(10);
  round.begin();
  expect(seen).toEqual([0, 1, 2, 3]);
  clock.turn();
  expect(seen).toEqual([0, 1, 2, 3, 4, 5, 6, 7]);
  clock.turn();
  expect([seen.length, clock.turns]).toEqual([10, 0]);
});

test("items removed during a round are skipped, and added ones are included", () => {
  const { clock, items, seen, round } = stage(6);
  round.begin();
  items.delete(4);
  items.add(9);
  clock.settle();
  expect(seen).toEqual([0, 1, 2, 3, 5, 9]);
});

test("a round that runs is not begun again, and a later one begins at the first item", () => {
  const { clock, seen, round } = stage(6);
  round.begin();
  round.begin();
  clock.settle();
  expect(seen).toEqual([0, 1, 2, 3, 4, 5]);
  round.begin();
  expect(seen.slice(6)).toEqual([0, 1, 2, 3]);
});

test("a round that is restarted begins at the first item again", () => {
  const { clock, seen, round } = stage(6);
  round.begin();
  round.restart();
  clock.settle();
  expect(seen).toEqual([0, 1, 2, 3, 0, 1, 2, 3, 4, 5]);
});

test("a stopped round does nothing more, and the next one is not affected by it", () => {
  const { clock, seen, round } = stage(9, (item) => {
    if (item === 1 && seen.length === 2) round.stop();
  });
  round.begin();
  expect([seen, clock.turns]).toEqual([[0, 1], 0]);
  round.begin();
  round.stop();
  round.begin();
  clock.settle();
  expect(seen.slice(2)).toEqual([0, 1, 2, 3, 0, 1, 2, 3, 4, 5, 6, 7, 8]);
});

test("after an exception at one item, the others still have their turn", () => {
  const { clock, seen, round } = stage(4, (item) => {
    if (item === 1) throw new RangeError("a bug of ours");
  });
  expect(() => round.begin()).toThrow("a bug of ours");
  clock.settle();
  expect(seen).toEqual([0, 1, 2, 3]);
});
