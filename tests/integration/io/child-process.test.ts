import { expect, test } from "bun:test";
import { readFileSync } from "node:fs";
import { type ChildEvents, startChild } from "../../../src/io/os/child-process.ts";

/** Runs a shell's command until it has ended, or `stopAt` error lines have come. */
function run(script: string, stopAt = Number.POSITIVE_INFINITY) {
  const ended = Promise.withResolvers<{ reason: string; bytes: number; lines: number; ms: number }>();
  const began = performance.now();
  let [bytes, lines] = [0, 0];
  const events: ChildEvents = {
    output: () => undefined,
    drained: () => undefined,
    errorLine: (line) => {
      bytes += line.length + 1;
      if (++lines === stopAt) child.kill();
    },
    exited: (reason) => ended.resolve({ reason, bytes, lines, ms: performance.now() - began }),
  };
  const child = startChild({ command: ["sh", "-c", script], outputs: 1, nice: 0 }, events);
  return ended.promise;
}

test("all messages of a program are read, also those that it leaves behind at its end", async () => {
  const { reason, lines } = await run("yes 0123456789 | head -n 5000 >&2; exit 3");
  expect([reason, lines]).toEqual(["it ended with code 3", 5000]);
});

test("a program that floods its messages is read a megabyte a second, and can be ended meanwhile", async () => {
  const { bytes, ms } = await run("exec yes 0123456789 >&2", 250_000);
  // One pipe's buffer more in each second.
  expect(bytes).toBeLessThan(1_200_000 * (ms / 1000 + 1));
  expect(bytes).toBeGreaterThan(2_000_000);
});

test("a child program is what the kernel ends first when memory is short", async () => {
  const ended = Promise.withResolvers<void>();
  const child = startChild(
    { command: ["cat"], outputs: 1, nice: 0 },
    { output: () => undefined, drained: () => undefined, errorLine: () => undefined, exited: () => ended.resolve() },
  );
  expect(Number(readFileSync(`/proc/${child.pid}/oom_score_adj`, "utf8"))).toBeGreaterThanOrEqual(500);
  child.kill();
  await ended.promise;
});
