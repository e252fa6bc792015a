import { expect, test } from "bun:test";
import { LinkDelay } from "../../../src/relay/link-delay.ts";

function delayAfter(...pings: readonly number[]): number | undefined {
  const link = new LinkDelay();
  for (const ms of pings) link.add(ms);
  return link.ms;
}

test("A link's delay is half of its shortest ping, plus what pings wait in the queue of the media", () => {
  expect(delayAfter()).toBeUndefined();
  expect(delayAfter(80)).toBe(40);
  expect(delayAfter(80, 82, 81)).toBe(41);
  // One ping that is late is no queue, two are.
  expect(delayAfter(80, 80, 500)).toBe(40);
  expect(delayAfter(80, 580, 580)).toBe(540);
});

test("A longer delay of a link is used after a minute", () => {
  const link = new LinkDelay();
  for (let at = 0; at < 10; at++) link.add(20);
  for (let at = 0; at < 60; at++) link.add(200);
  expect(link.ms).toBe(100);
});
