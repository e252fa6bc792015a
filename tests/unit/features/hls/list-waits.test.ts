import { expect, test } from "bun:test";
import { BlockedRequests } from "../../../../src/features/hls/blocked-requests.ts";
import { ListWaits } from "../../../../src/features/hls/list-waits.ts";
import { FakeClock } from "../../../support/fake-clock.ts";

/** Ten requests that need a millisecond each for their answer, and what they were notified of. */
function requests() {
  const clock = new FakeClock();
  const results: string[] = [];
  const notify = (what: string) => {
    clock.spend(1);
    results.push(what);
  };
  return { clock, results, notify };
}

test("thousands of requests that wait for a playlist are answered over several turns", () => {
  const { clock, results, notify } = requests();
  const waits = new ListWaits(clock);
  const waiting = Array.from({ length: 10 }, () => waits.add(1, 60_000, notify));
  waits.notify("listed", 2);
  expect(results).toEqual(["listed", "listed", "listed", "listed"]);
  // One that hangs up meanwhile is not answered any more.
  waiting[9]?.cancel();
  clock.settle();
  expect([results.length, waits.size, clock.timers]).toEqual([9, 0, 0]);
});

test("a request that begins to wait while others are answered waits for the next version", () => {
  const { clock, results, notify } = requests();
  const waits = new ListWaits(clock);
  for (let i = 0; i < 6; i++) waits.add(1, 60_000, notify);
  waits.notify("listed", 2);
  waits.add(2, 60_000, notify);
  clock.settle();
  expect([results.length, waits.size]).toEqual([6, 1]);
});

test("thousands of blocked requests that are late together are answered over several turns", () => {
  const { clock, results, notify } = requests();
  const blocked = new BlockedRequests(clock);
  for (let i = 0; i < 10; i++) blocked.add({ msn: 5, part: undefined }, 500, { unblocked: notify });
  const answered: number[] = [];
  const soon = clock.soon.bind(clock);
  clock.soon = (run) => {
    answered.push(results.length);
    soon(run);
  };
  clock.advance(1000);
  expect(answered).toEqual([4, 8]);
  expect([results.length, blocked.size]).toEqual([10, 0]);
});

test("blocked requests of a list that is closed are answered over several turns", () => {
  const { clock, results, notify } = requests();
  const blocked = new BlockedRequests(clock);
  for (let i = 0; i < 10; i++) blocked.add({ msn: 5, part: undefined }, 500, { unblocked: notify });
  blocked.end();
  expect(results).toEqual(["late", "late", "late", "late"]);
  clock.settle();
  expect([results.length, blocked.size]).toEqual([10, 0]);
});
