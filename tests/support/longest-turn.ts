import type { FakeClock } from "./fake-clock.ts";

/** Measures the turns of a fake clock from now on: returns a function that says how long the longest one was, ms. */
export function longestTurn(clock: FakeClock): () => number {
  let longest = 0;
  const turn = clock.turn.bind(clock);
  clock.turn = () => {
    const began = clock.now();
    turn();
    longest = Math.max(longest, clock.now() - began);
  };
  return () => longest;
}
