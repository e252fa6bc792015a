// The one gate: lint, types, dead code, architecture, the executable, every test. `--install` first gets the programs
// that the tests talk to. One line a step; a failed step shows its output, and the last line holds the totals.
import { join } from "node:path";
import { messageOf } from "../src/base/errors.ts";
import { installPrerequisites } from "./prerequisites.ts";
import { killAll, root, run } from "./run.ts";
import { smoke } from "./smoke.ts";
import { readTotals, showTotals, type Totals } from "./totals.ts";

const bun = process.execPath;
const bin = (name: string): string => join(root, "node_modules/.bin", name);
/** Of a failed step's output, this many lines are shown; its log file has them all. */
const shownLines = 300;

const totals: Totals = { passed: 0, failed: 0, skipped: 0 };

function report(name: string, result: string, seconds: number): void {
  console.log(`${name.padEnd(14)}${result.padEnd(40)}${seconds.toFixed(1).padStart(6)} s`);
}

function showFailure(name: string, output: string): void {
  const lines = output.trimEnd().split("\n");
  if (lines.length > shownLines) console.log(`(the last ${shownLines} lines; all are in dist/check/${name}.log)`);
  console.log(`${lines.slice(-shownLines).join("\n")}\n`);
}

/** A step that passes or fails as a whole. Only its failure counts in the totals. */
async function step(name: string, command: readonly string[]): Promise<void> {
  const { exitCode, output, seconds } = await run(name, command);
  report(name, exitCode === 0 ? "ok" : "FAILED", seconds);
  if (exitCode === 0) return;
  totals.failed++;
  showFailure(name, output);
}

/** The tests of one file or folder, in a `bun test` of their own. */
async function tests(name: string, path: string): Promise<void> {
  const command = [bun, "test", path, "--only-failures", "--timeout", "60000"];
  const { exitCode, output, seconds } = await run(name, command);
  const found = readTotals(output, exitCode);
  totals.passed += found.passed;
  totals.failed += found.failed;
  totals.skipped += found.skipped;
  report(name, found.complete ? showTotals(found) : "FAILED: ended without its closing lines", seconds);
  if (found.failed > 0) showFailure(name, output);
  else for (const line of output.split("\n")) if (/^skipped: /i.test(line)) console.log(`  ${line}`);
}

async function compile(): Promise<void> {
  const began = performance.now();
  const built = await run("compile", [bun, "run", "build.ts"]);
  const wrong = built.exitCode === 0 ? await smoke(join(root, "dist/srs")).catch(messageOf) : built.output;
  report("compile", wrong === undefined ? "ok" : "FAILED", (performance.now() - began) / 1000);
  if (wrong === undefined) return;
  totals.failed++;
  showFailure("compile", wrong);
}

/** The folders of `tests/` that hold tests, quickest first. */
async function testFolders(): Promise<string[]> {
  const folders = new Set<string>();
  for await (const file of new Bun.Glob("*/**/*.test.ts").scan(join(root, "tests"))) {
    folders.add(file.slice(0, file.indexOf("/")));
  }
  const order = ["unit", "fuzz", "integration", "e2e"];
  const rank = (folder: string): number => (order.includes(folder) ? order.indexOf(folder) : order.length);
  return [...folders].sort((a, b) => rank(a) - rank(b) || a.localeCompare(b));
}

for (const signal of ["SIGINT", "SIGTERM", "SIGHUP"] as const) {
  process.on(signal, () => {
    killAll();
    process.exit(1);
  });
}

if (process.argv.includes("--install")) {
  for (const line of await installPrerequisites()) console.log(line);
}
await step("lint", [bin("biome"), "check", "--error-on-warnings", "."]);
await step("types", [bin("tsc"), "--noEmit"]);
await step("knip", [bun, "node_modules/knip/bin/knip.js"]);
await tests("architecture", "./tests/architecture.test.ts");
await compile();
for (const folder of await testFolders()) await tests(folder, `./tests/${folder}/`);

console.log(showTotals(totals));
process.exit(totals.failed === 0 && totals.passed > 0 ? 0 : 1);
