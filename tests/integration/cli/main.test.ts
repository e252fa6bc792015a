import { expect, test } from "bun:test";
import { existsSync } from "node:fs";
import { join } from "node:path";

const main = join(import.meta.dir, "../../../src/cli/main.ts");

function srs(...argv: string[]) {
  const { exitCode, stdout, stderr } = Bun.spawnSync([process.execPath, main, ...argv]);
  return { exitCode, stdout: stdout.toString(), stderr: stderr.toString() };
}

test("the requested text goes to standard output", () => {
  const { exitCode, stdout, stderr } = srs("check", "--conf", "/dev/null");
  expect({ exitCode, stderr }).toEqual({ exitCode: 0, stderr: "" });
  expect(stdout).toStartWith("listen = 1935  # default\n");
  expect(stdout).toEndWith("  # default\n");
});

test("an error goes to standard error, without a stack", () => {
  const stderr = "srs: cannot read /nowhere/srs.toml: no such file\n";
  expect(srs("--conf", "/nowhere/srs.toml")).toEqual({ exitCode: 1, stdout: "", stderr });
});

test("--conf - reads standard input", () => {
  const { exitCode, stdout, stderr } = Bun.spawnSync([process.execPath, main, "check", "--conf", "-"], {
    stdin: new TextEncoder().encode("listen = 1936\n"),
  });
  expect({ exitCode, stderr: stderr.toString() }).toEqual({ exitCode: 0, stderr: "" });
  expect(stdout.toString()).toStartWith("listen = 1936  # standard input:1\n");
});

test.skipIf(!existsSync("/dev/full"))("output that could not be written is an error", () => {
  const { exitCode, stderr } = Bun.spawnSync(["sh", "-c", '"$0" "$1" --help >/dev/full', process.execPath, main]);
  expect({ exitCode, stderr: stderr.toString() }).toEqual({
    exitCode: 1,
    stderr: "srs: cannot write the output: no space left on the disk\n",
  });
});
