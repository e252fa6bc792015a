// The one gate: lint, types, dead code, architecture, the executable, every test. `--install` first gets the programs
// that the tests talk to. Each step is announced, tells every five seconds how far it is, and ends with a line of its
// own; a failed one shows its output. The slowest files of tests are listed, and the last line holds the totals.
import { join } from "node:path";
import { messageOf } from "../src/base/errors.ts";
import { TEST_LIMIT_MS } from "../tests/support/limits.ts";
import { installPrerequisites } from "./prerequisites.ts";
import { showProgress, testProgress } from "./progress.ts";
import { killAll, outputOf, reportedBy, reportOf, root, run } from "./run.ts";
import { smoke } from "./smoke.ts";
import {
  addedUp,
  type FileTime,
  failuresIn,
  fileTimes,
  readTotals,
  showSlowest,
  showTotals,
  type Totals,
} from "./totals.ts";

const bun = process.execPath;
const bin = (name: string): string => join(root, "node_modules/.bin", name);
/** Of a failed step's output, this many lines are shown; its log file has them all. */
const shownLines = 300;
/** So many runs or files at once. A machine with fewer cores than two takes no longer for it. */
const AT_ONCE = 2;
/** So many of the slowest files of tests are listed. */
const SLOWEST = 12;

const totals: Totals = { passed: 0, failed: 0, skipped: 0 };
const times: FileTime[] = [];

/** One step of the gate: runs to its end and adds to the totals. */
interface Step {
  readonly name: string;
  run(): Promise<void>;
}

function report(name: string, result: string, seconds: number): void {
  console.log(`${name.padEnd(14)}${result.padEnd(40)}${seconds.toFixed(1).padStart(6)} s`);
}

function showFailure(name: string, output: string): void {
  const lines = output.trimEnd().split("\n");
  if (lines.length > shownLines) console.log(`(the last ${shownLines} lines; all are in dist/check/${name}.log)`);
  console.log(`${lines.slice(-shownLines).join("\n")}\n`);
}

/** A step that passes or fails as a whole. Only its failure counts in the totals. */
function command(name: string, words: readonly string[]): Step {
  return {
    name,
    async run() {
      const { exitCode, output, seconds } = await showProgress(name, run(name, words), () => "under way");
      report(name, exitCode === 0 ? "ok" : "FAILED", seconds);
      if (exitCode === 0) return;
      totals.failed++;
      showFailure(name, output);
    },
  };
}

/** How the files of a folder share the cores. */
type Sharing =
  /** All are one run, one after the other. */
  | "one run"
  /** Half of them are a run each: for many small files, since a process for each file costs more than they do. */
  | "shards"
  /** Each file is a process, and the next one begins when one ends: for few long files. */
  | "files";

/** Runs tests of one file or folder, or a share of them. */
function testCommand(
  path: string,
  { name, share }: { readonly name: string; readonly share: readonly string[] },
): string[] {
  const report = ["--reporter=junit", `--reporter-outfile=${reportOf(name)}`];
  return [bun, "test", path, "--timeout", String(TEST_LIMIT_MS), ...report, ...share];
}

/** The tests of one file or folder. */
function tests(name: string, path: string, files: number, sharing: Sharing = "one run"): Step {
  const parts =
    sharing === "shards"
      ? Array.from({ length: AT_ONCE }, (_, at) => ({
          name: `${name}-${at + 1}`,
          share: [`--shard=${at + 1}/${AT_ONCE}`],
        }))
      : [{ name, share: sharing === "files" ? [`--parallel=${AT_ONCE}`] : [] }];
  return {
    name,
    async run() {
      const began = performance.now();
      const work = Promise.all(parts.map((part) => run(part.name, testCommand(path, part))));
      const howFar = () =>
        testProgress(parts.map((part) => outputOf(part.name)).join("\n"), files, sharing === "one run" ? 1 : AT_ONCE);
      const ended = await showProgress(name, work, howFar);
      const found = ended.map(({ output, exitCode }) => readTotals(output, exitCode));
      const sum = addedUp(found);
      totals.passed += sum.passed;
      totals.failed += sum.failed;
      totals.skipped += sum.skipped;
      times.push(...parts.flatMap((part) => fileTimes(reportedBy(part.name))));
      const complete = found.every((part) => part.complete);
      const seconds = (performance.now() - began) / 1000;
      report(name, complete ? showTotals(sum) : "FAILED: ended without its closing lines", seconds);
      for (const [at, { output }] of ended.entries()) {
        if ((found[at]?.failed ?? 0) > 0) showFailure(parts[at]?.name ?? name, failuresIn(output));
        else for (const line of output.split("\n")) if (/^(?:skipped|warning): /i.test(line)) console.log(`  ${line}`);
      }
    },
  };
}

const compile: Step = {
  name: "compile",
  async run() {
    const began = performance.now();
    const wrong = await showProgress("compile", compiled(), () => "under way");
    report("compile", wrong === undefined ? "ok" : "FAILED", (performance.now() - began) / 1000);
    if (wrong === undefined) return;
    totals.failed++;
    showFailure("compile", wrong);
  },
};

/** Compiles the executable, starts and stops it; what is wrong with it. */
async function compiled(): Promise<string | undefined> {
  const built = await run("compile", [bun, "run", "build.ts"]);
  return built.exitCode === 0 ? await smoke(join(root, "dist/srs")).catch(messageOf) : built.output;
}

/** How each folder's files share the cores; those that are not here are one run. */
const sharingOf: ReadonlyMap<string, Sharing> = new Map([
  ["unit", "shards"],
  ["fuzz", "shards"],
  ["simulation", "shards"],
  ["e2e", "files"],
]);

/** A step for each folder of `tests/` that holds tests, quickest first. */
async function testFolders(): Promise<Step[]> {
  const files = new Map<string, number>();
  for await (const file of new Bun.Glob("*/**/*.test.ts").scan(join(root, "tests"))) {
    const folder = file.slice(0, file.indexOf("/"));
    files.set(folder, (files.get(folder) ?? 0) + 1);
  }
  const order = ["unit", "fuzz", "simulation", "integration", "e2e"];
  const rank = (folder: string): number => (order.includes(folder) ? order.indexOf(folder) : order.length);
  return [...files]
    .sort(([a], [b]) => rank(a) - rank(b) || a.localeCompare(b))
    .map(([folder, count]) => tests(folder, `./tests/${folder}/`, count, sharingOf.get(folder)));
}

for (const signal of ["SIGINT", "SIGTERM", "SIGHUP"] as const) {
  process.on(signal, () => {
    killAll();
    process.exit(1);
  });
}

if (process.argv.includes("--install")) await installPrerequisites(console.log);
const steps: readonly Step[] = [
  command("lint", [bin("biome"), "check", "--error-on-warnings", "."]),
  command("types", [bin("tsc"), "--noEmit"]),
  command("page types", [bin("tsc"), "--noEmit", "--project", "src/features/page/browser"]),
  command("console types", [bin("tsc"), "--noEmit", "--project", "src/features/console/browser"]),
  command("knip", [bun, "node_modules/knip/bin/knip.js"]),
  tests("architecture", "./tests/architecture.test.ts", 1),
  compile,
  ...(await testFolders()),
];
for (const [at, step] of steps.entries()) {
  console.log(`[${at + 1}/${steps.length}] ${step.name}`);
  await step.run();
}

console.log(`the slowest files of tests (all are in dist/check/*.xml):\n${showSlowest(times, SLOWEST)}`);
console.log(showTotals(totals));
process.exit(totals.failed === 0 && totals.passed > 0 ? 0 : 1);
