import { expect, test } from "bun:test";
import { systemClock } from "../../../../src/io/os/clock.ts";

test("now only moves forward, and wall is the time of day", () => {
  const before = systemClock.now();
  expect(systemClock.now()).toBeGreaterThanOrEqual(before);
  const earlier = Date.now();
  const wall = systemClock.wall();
  expect(wall).toBeGreaterThanOrEqual(earlier);
  expect(wall).toBeLessThanOrEqual(Date.now());
});

test("a timer runs once, after its time, unless it is cancelled", async () => {
  const start = systemClock.now();
  const cancelled = systemClock.after(1, () => {
    throw new Error("was cancelled");
  });
  cancelled.cancel();
  cancelled.cancel();
  await new Promise<void>((resolve) => systemClock.after(5, resolve));
  expect(systemClock.now() - start).toBeGreaterThanOrEqual(4);
});

test("a longer delay than the runtime's timers take does not run at once", async () => {
  let ran = false;
  const timer = systemClock.after(2 ** 40, () => {
    ran = true;
  });
  await new Promise<void>((resolve) => systemClock.after(5, resolve));
  timer.cancel();
  expect(ran).toBe(false);
});

test("a periodic timer runs until it is cancelled", async () => {
  let runs = 0;
  await new Promise<void>((resolve) => {
    const timer = systemClock.every(1, () => {
      runs++;
      if (runs < 3) return;
      timer.cancel();
      resolve();
    });
  });
  await new Promise<void>((resolve) => systemClock.after(10, resolve));
  expect(runs).toBe(3);
});

test("soon runs after the rest of the turn, and before a timer", async () => {
  const order: string[] = [];
  await new Promise<void>((resolve) => {
    systemClock.after(500, () => {
      order.push("after");
      resolve();
    });
    systemClock.soon(() => order.push("soon"));
    queueMicrotask(() => order.push("microtask"));
    order.push("turn");
  });
  expect(order).toEqual(["turn", "microtask", "soon", "after"]);
});
