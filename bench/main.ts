// `npm run bench`: the cost of the hot paths. Each benchmark runs in a process of its own, so that the compiler's knowledge of one
// does not affect another.
import { parseArgs } from "node:util";
import { messageOf } from "../src/base/errors.ts";
import { type Benchmark, measure, type Plan, type Result } from "./harness.ts";
import { benchmarks } from "./list.ts";
import { table } from "./report.ts";

const USAGE = `npm run bench -- [--filter TEXT]... [--rounds N] [--json]

  --filter TEXT  only benchmarks whose name contains TEXT
  --rounds N     rounds of 50 ms for each, 21 unless given
  --json         one array of results
  --here         all in this process: for a profiler

± is the middle half of the rounds as a share of the median. Figures of two runs are comparable on one quiet machine only.`;

const WARM_UP_MS = 300;
const ROUND_MS = 50;

interface Options {
  readonly chosen: readonly Benchmark[];
  readonly rounds: number;
  readonly json: boolean;
  readonly here: boolean;
}

function readOptions(): Options {
  const { values } = parseArgs({
    options: {
      filter: { type: "string", multiple: true, default: [""] },
      rounds: { type: "string", default: "21" },
      json: { type: "boolean", default: false },
      here: { type: "boolean", default: false },
      help: { type: "boolean", short: "h", default: false },
    },
  });
  if (values.help) {
    console.log(USAGE);
    process.exit(0);
  }
  const rounds = Number(values.rounds);
  if (!Number.isInteger(rounds) || rounds < 1)
    throw new Error(`--rounds ${values.rounds} is not a whole number from 1`);
  const chosen = benchmarks.filter(({ name }) => values.filter.some((text) => name.includes(text)));
  if (chosen.length === 0) throw new Error(`no benchmark's name contains ${values.filter.join(" or ")}`);
  return { chosen, rounds, json: values.json, here: values.here };
}

function measureHere(benchmark: Benchmark, rounds: number): Result {
  const plan: Plan = { warmUpMs: WARM_UP_MS, roundMs: ROUND_MS, rounds };
  return measure(benchmark, plan, () => performance.now());
}

function measureApart({ name }: Benchmark, rounds: number): Result {
  const command = [process.execPath, import.meta.path, "--here", "--json", "--filter", name, "--rounds", `${rounds}`];
  const child = Bun.spawnSync(command, { stdout: "pipe", stderr: "inherit" });
  if (child.exitCode !== 0) throw new Error(`${name} ended with status ${child.exitCode}`);
  const results = JSON.parse(child.stdout.toString()) as Result[];
  const result = results.find((one) => one.name === name);
  if (result === undefined) throw new Error(`${name} gave no result`);
  return result;
}

try {
  const { chosen, rounds, json, here } = readOptions();
  const results: Result[] = [];
  for (const benchmark of chosen) {
    if (process.stderr.isTTY) process.stderr.write(`\r\x1b[K${benchmark.name}`);
    results.push(here ? measureHere(benchmark, rounds) : measureApart(benchmark, rounds));
  }
  if (process.stderr.isTTY) process.stderr.write("\r\x1b[K");
  console.log(json ? JSON.stringify(results, undefined, 2) : table(results).join("\n"));
} catch (error) {
  console.error(messageOf(error));
  process.exit(1);
}
