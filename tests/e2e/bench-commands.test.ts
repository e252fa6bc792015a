import { expect } from "bun:test";
import { existsSync, readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { executable } from "../support/e2e/executable.ts";
import { Stage } from "../support/e2e/stage.ts";
import { testWith } from "../support/e2e/tools.ts";
import { until } from "../support/e2e/wait.ts";

const test = testWith("tests/e2e/bench-commands.test.ts");
const soak = join(import.meta.dir, "../../bench/soak.ts");

function childrenOf(pid: number): number[] {
  return readdirSync(`/proc/${pid}/task`).flatMap((task) =>
    readFileSync(`/proc/${pid}/task/${task}/children`, "utf8").split(" ").filter(Boolean).map(Number),
  );
}

test("a soak that is interrupted leaves no process and no folder behind", async () => {
  await using stage = new Stage();
  executable();
  const env = { TMPDIR: stage.directory };
  const run = stage.start("soak", [process.execPath, soak, "--minutes", "5"], { env });
  // The server, and one load generator in each lane.
  const children = await until("all is started", () => {
    const found = run.running ? childrenOf(run.pid) : [];
    return found.length >= 5 && found;
  });
  run.signal("SIGTERM");
  expect(await run.ended()).toBe(143);
  await until("they have ended", () => children.every((pid) => !existsSync(`/proc/${pid}/exe`)));
  expect(readdirSync(stage.directory).filter((name) => name.startsWith("srs-soak-"))).toEqual([]);
});
