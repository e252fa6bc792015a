import { expect, test } from "bun:test";
import { join } from "node:path";
import { builtExecutable } from "../../../bench/command.ts";

const root = join(import.meta.dir, "../../..");

/** What a command of `bench/` says to arguments that it can't work with, and its exit status. */
function complaint(script: string, ...args: readonly string[]): [string, number] {
  const { stdout, stderr, exitCode } = Bun.spawnSync([process.execPath, join(root, "bench", script), ...args]);
  return [`${stdout}${stderr}`, exitCode];
}

test.each([
  ["soak.ts", ["--minutes", "abc"], '--minutes takes a number above 0, not "abc"\n'],
  ["soak.ts", ["--hours", "1"], "Unknown option '--hours'\n"],
  ["compare/main.ts", ["--seconds", "0"], '--seconds takes a number above 0, not "0"\n'],
  ["compare/main.ts", ["--only", "nothing"], `no case's title contains "nothing"; --help lists them\n`],
  ["compare/main.ts", ["--once"], "Unknown option '--once'\n"],
  ["prove/main.ts", ["nothing"], 'there is no topic "nothing"; --help lists them\n'],
  ["prove/main.ts", ["http", "--only", "nothing"], `no proof's name contains "nothing"; --help lists them\n`],
  ["prove/main.ts", ["http", "--minutes", "0"], '--minutes takes a number above 0, not "0"\n'],
  ["main.ts", ["--filter", "nothing"], "no benchmark's name contains nothing\n"],
])("%s %j is answered with one line", (script, args, line) => {
  expect(complaint(script, ...args)).toEqual([line, 1]);
});

test("a missing executable is reported with the command that builds it", () => {
  expect(() => builtExecutable("/nowhere/srs")).toThrow("there is no /nowhere/srs to measure: npm run build makes it");
});
