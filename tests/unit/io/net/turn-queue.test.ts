import { expect, test } from "bun:test";
import { TurnQueue } from "../../../../src/io/net/turn-queue.ts";

test("a queue returns items in the order in which they came, also while thousands come and go", () => {
  const queue = new TurnQueue<number>();
  expect(queue.shift()).toBeUndefined();
  const taken: (number | undefined)[] = [];
  let next = 0;
  for (let round = 0; round < 40; round++) {
    for (let i = 0; i < 300; i++) queue.push(next++);
    for (let i = 0; i < (round < 20 ? 200 : 350); i++) taken.push(queue.shift());
    expect(queue.length).toBe(next - taken.length);
  }
  while (queue.length > 0) taken.push(queue.shift());
  expect(taken).toEqual(Array.from({ length: next }, (_, at) => at));
  expect([queue.length, queue.shift()]).toEqual([0, undefined]);
});
