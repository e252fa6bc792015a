import { afterAll, expect, test } from "bun:test";
import { existsSync, rmSync } from "node:fs";
import { join } from "node:path";
import { outputOf, root, run } from "../../../scripts/run.ts";

const name = `test-${process.pid}`;
afterAll(() => rmSync(join(root, "dist/check", `${name}.log`), { force: true }));

test("a command's output is kept, and its descendants end with it", async () => {
  const { exitCode, output } = await run(name, ["sh", "-c", "sleep 300 & echo $!; exit 3"]);
  expect(exitCode).toBe(3);
  expect(outputOf(name)).toBe(output);
  while (existsSync(`/proc/${Number(output)}/exe`)) await Bun.sleep(10);
});

test("a command that falls silent is killed, and its output says so", async () => {
  const { exitCode, output } = await run(name, ["sleep", "300"], 50);
  expect([exitCode, output]).toEqual([124, "\nkilled: it printed nothing for 0.05 s"]);
});
