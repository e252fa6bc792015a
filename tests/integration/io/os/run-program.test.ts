import { expect, test } from "bun:test";
import { chmodSync, mkdtempSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { runProgram } from "../../../../src/io/os/run-program.ts";

const directory = mkdtempSync(join(tmpdir(), "srs-run-"));

function script(name: string, text: string, mode = 0o755): string {
  const path = join(directory, name);
  writeFileSync(path, `#!/bin/sh\n${text}\n`);
  chmodSync(path, mode);
  return path;
}

const LONG_MS = 60_000;

test.each([
  ["/no/such/program", "it does not exist"],
  ["no-such-program", "there is no such program in PATH"],
  [script("plain", "", 0o644), "it is not executable"],
  [directory, "it is not executable"],
])("%s is told to be unusable", async (path, error) => {
  expect(await runProgram([path, "-version"], LONG_MS)).toEqual({ ok: false, output: "", error });
});

test("what a program writes is kept, with the reason of its end where it gives none", async () => {
  const [said, silent] = await Promise.all([
    runProgram([script("said", "echo out; echo err >&2")], LONG_MS),
    runProgram([script("silent", "exit 3")], LONG_MS),
  ]);
  expect(said).toEqual({ ok: true, output: "out\n", error: "err\n" });
  expect(silent).toEqual({ ok: false, output: "", error: "it ended with code 3" });
});

test("a program whose child holds its outputs ends with its time", async () => {
  const { ok, error } = await runProgram([script("wrapper", "sleep 1000; true")], 200);
  expect(ok).toBe(false);
  expect(error).toContain("it did not end within 0.2 s");
});
