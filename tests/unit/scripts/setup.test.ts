import { afterAll, beforeAll, expect, test } from "bun:test";
import { mkdirSync, mkdtempSync, readdirSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { root } from "../../../scripts/run.ts";

let outside: string;
let file: string;

beforeAll(() => {
  outside = mkdtempSync(join(tmpdir(), "srs-setup-"));
  mkdirSync(join(outside, "temporary"));
  file = join(outside, "leaves.test.ts");
  writeFileSync(
    file,
    `import { test } from "bun:test";
import { mkdtempSync } from "node:fs";
import { tmpdir } from "node:os";
test("leaves a folder behind", () => {
  mkdtempSync(tmpdir() + "/left-");
});
test("never ends", async () => {
  if (process.env.NEVER_ENDS === undefined) return;
  console.log("waits");
  await new Promise(() => {});
});
`,
  );
});
afterAll(() => rmSync(outside, { recursive: true, force: true }));

/** Runs the file with this project's setup, in a temporary folder of its own. */
function start(env: Readonly<Record<string, string>> = {}) {
  const command = [process.execPath, "test", "--preload", join(root, "tests/support/setup.ts"), file];
  const temporary = { TMPDIR: join(outside, "temporary") };
  return Bun.spawn(command, {
    cwd: outside,
    env: { ...process.env, ...temporary, ...env },
    stdout: "pipe",
    stderr: "ignore",
  });
}

const left = (): string[] => readdirSync(join(outside, "temporary"));

test("a run leaves nothing behind in the folder for temporary files", async () => {
  expect(await start().exited).toBe(0);
  expect(left()).toEqual([]);
});

test("a run that is interrupted leaves nothing behind either", async () => {
  const run = start({ NEVER_ENDS: "1" });
  const decoder = new TextDecoder();
  let said = "";
  for await (const bytes of run.stdout) {
    said += decoder.decode(bytes);
    if (said.includes("waits")) run.kill("SIGTERM");
  }
  expect(await run.exited).toBe(1);
  expect(left()).toEqual([]);
});
