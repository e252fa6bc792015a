import { afterEach, beforeEach, expect, test } from "bun:test";
import { chmodSync, copyFileSync, mkdirSync, mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";

const script = join(import.meta.dir, "../../../.ci/run");
let folder: string;

beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), "srs-ci-"));
  mkdirSync(join(folder, ".ci"));
  copyFileSync(script, join(folder, ".ci/run"));
  writeFileSync(
    join(folder, "package.json"),
    '{ "dependencies": { "a": "1.0.0" }, "devDependencies": { "b": "2.0.0" } }',
  );
});
afterEach(() => rmSync(folder, { recursive: true, force: true }));

/** The lines of a run whose `npm ci` and `npm test` are these, and its exit status. */
function runWith(ci: string, gate: string): { lines: string[]; exitCode: number } {
  mkdirSync(join(folder, "bin"));
  const npm = join(folder, "bin/npm");
  writeFileSync(npm, `#!/bin/sh\nif [ "$1" = ci ]; then ${ci}; else ${gate}; fi\n`);
  chmodSync(npm, 0o755);
  const env = { ...process.env, PATH: `${join(folder, "bin")}:${process.env.PATH}` };
  const { stdout, exitCode } = Bun.spawnSync(["bash", join(folder, ".ci/run")], { env });
  return { lines: stdout.toString().trimEnd().split("\n"), exitCode };
}

const installing = "installing with npm ci: a 1.0.0, b 2.0.0, and what they need";

test("the packages are named before they are installed, and the totals of the gate are the last line", () => {
  const { lines, exitCode } = runWith("echo added 2 packages", "echo [1/1] unit; echo 3 passed, 0 failed, 1 skipped");
  expect(lines).toEqual([installing, "[1/1] unit", "3 passed, 0 failed, 1 skipped"]);
  expect(exitCode).toBe(0);
});

test("packages that can't be installed are one failed, with what npm says", () => {
  const { lines, exitCode } = runWith("echo no network; exit 1", "echo 3 passed, 0 failed");
  expect(lines).toEqual([installing, "no network", "0 passed, 1 failed"]);
  expect(exitCode).toBe(1);
});

test.each([
  ["breaks off", "echo [1/2] lint", "0 passed, 1 failed"],
  ["fails", "echo 3 passed, 2 failed", "3 passed, 2 failed"],
  ["ends badly behind its totals", "echo 3 passed, 0 failed; exit 3", "3 passed, 1 failed"],
  ["says something behind its totals", "echo 3 passed, 1 failed; echo bye", "3 passed, 1 failed"],
])("a gate that %s counts as failed", (_how, gate, last) => {
  const { lines, exitCode } = runWith("true", gate);
  expect(lines.at(-1)).toBe(last);
  expect(exitCode).not.toBe(0);
});
