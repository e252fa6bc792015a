import { expect, test } from "bun:test";
import { existsSync, readFileSync } from "node:fs";
import { libc } from "../../../../src/io/os/libc.ts";
import { reapOrphans } from "../../../../src/io/os/orphans.ts";
import { until } from "../../../support/e2e/wait.ts";
import { FakeClock } from "../../../support/fake-clock.ts";

/** prctl(2): orphans below this process become its children, as they do below a container's first process. */
const PR_SET_CHILD_SUBREAPER = 36;
const ROUND_MS = 5000;

test("ended orphans are reaped after a round, and the runtime's own children keep their status", async () => {
  const functions = libc({ prctl: { args: ["i32", "u64", "u64", "u64", "u64"], returns: "i32" } });
  expect(functions?.prctl(PR_SET_CHILD_SUBREAPER, 1, 0, 0, 0)).toBe(0);
  const clock = new FakeClock();
  const timer = reapOrphans(clock);
  try {
    const parent = Bun.spawn(["sh", "-c", "while [ -e /proc/$$ ]; do sleep 0.01; done & echo $!"], { stdout: "pipe" });
    const orphan = `/proc/${(await parent.stdout.text()).trim()}`;
    expect(await parent.exited).toBe(0);
    await until("the orphan is a zombie of this process", () =>
      readFileSync(`${orphan}/stat`, "utf8").includes(`) Z ${process.pid} `),
    );
    clock.advance(ROUND_MS);
    expect(existsSync(orphan)).toBe(true);
    const own = Bun.spawn(["sh", "-c", "exit 4"]);
    clock.advance(ROUND_MS);
    expect(existsSync(orphan)).toBe(false);
    expect(await own.exited).toBe(4);
  } finally {
    timer?.cancel();
    functions?.prctl(PR_SET_CHILD_SUBREAPER, 0, 0, 0, 0);
  }
});
