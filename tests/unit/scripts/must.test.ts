import { expect, test } from "bun:test";
import { existsSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { must } from "../../../scripts/release/must.ts";
import { until } from "../../support/e2e/wait.ts";

const module = join(import.meta.dir, "../../../scripts/release/must.ts");

test("a command that fails is an error with its last words", async () => {
  expect(await must(["echo", "made"])).toBe("made\n");
  await expect(must(["sh", "-c", "echo no space >&2; exit 3"])).rejects.toThrow(/failed \(status 3\):\nno space$/);
});

test.each([
  ["told to stop", "SIGTERM", 143, false],
  ["killed", "SIGKILL", 137, true],
] as const)(
  "a release that is %s leaves no process, and no files if it can",
  async (_, signal, status, leavesFiles) => {
    const folder = mkdtempSync(join(tmpdir(), "srs-must-"));
    const [pid, left] = [join(folder, "pid"), join(folder, "left")];
    writeFileSync(left, "half an archive");
    // The shell's child stands for xz, which packs for minutes.
    const packing = `sh -c 'echo $$ > ${pid}; while :; do sleep 0.1; done' < /dev/null | cat`;
    const script = `import { endOnSignal, must } from ${JSON.stringify(module)};
    import { rmSync } from "node:fs";
    endOnSignal(() => rmSync(${JSON.stringify(left)}));
    await must(["sh", "-c", ${JSON.stringify(packing)}]);`;
    writeFileSync(join(folder, "release.ts"), script);
    try {
      const release = Bun.spawn([process.execPath, join(folder, "release.ts")]);
      await until("it packs", () => existsSync(pid) && readFileSync(pid, "utf8") !== "");
      release.kill(signal);
      expect(await release.exited).toBe(status);
      await until("nothing packs any more", () => !isRunning(Number(readFileSync(pid, "utf8"))));
      expect(existsSync(left)).toBe(leavesFiles);
    } finally {
      rmSync(folder, { recursive: true });
    }
  },
);

function isRunning(pid: number): boolean {
  try {
    // A zombie has ended; it waits for its parent.
    return !/\) Z /.test(readFileSync(`/proc/${pid}/stat`, "utf8"));
  } catch {
    return false;
  }
}
