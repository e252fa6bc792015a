import type { BenchReport } from "../../src/loadgen/report.ts";
import { owned } from "../command.ts";
import type { Server } from "./servers.ts";
import { type Usage, Watch } from "./usage.ts";

/** The result of one measurement. */
export interface Measured {
  readonly server: string;
  readonly usage: Usage;
  readonly reports: readonly BenchReport[];
  /** CPU usage of the load generators, percent of a core. */
  readonly loadCpu: number;
}

/** A load: the arguments of `srs bench` after the command's name, with URL in place of the server's URL. */
export type Load = (url: string) => readonly string[];

/** Time left out at both ends of the measurement, ms, as connections come and go there. */
const EDGE_MS = 500;

/** Runs `srs bench` with these arguments and returns its report. */
export async function runBench(executable: string, args: readonly string[]): Promise<BenchReport> {
  const bench = owned(
    Bun.spawn([executable, "bench", ...args, "--json"], { stdin: "ignore", stdout: "pipe", stderr: "pipe" }),
  );
  const [text, complaint] = await Promise.all([new Response(bench.stdout).text(), new Response(bench.stderr).text()]);
  await bench.exited;
  if (text === "") throw new Error(complaint.trim() || `srs bench ${args.join(" ")} ended without a report`);
  return JSON.parse(text) as BenchReport;
}

/** Puts loads on servers at the same time and measures what the servers use while all of them run. */
export async function measure(
  executable: string,
  servers: readonly Server[],
  loads: readonly string[][],
): Promise<Measured> {
  const watch = new Watch(servers.map(({ pid }) => pid));
  const reports = await Promise.all(
    loads.map(async (args) => ({ report: await runBench(executable, args), ended: performance.now() })),
  );
  const from = Math.max(...reports.map(({ report, ended }) => ended - report.seconds * 1000));
  const to = Math.min(...reports.map(({ ended }) => ended));
  return {
    server: servers.map(({ name }) => name).join(" + "),
    usage: watch.stop(from + EDGE_MS, to - EDGE_MS),
    reports: reports.map(({ report }) => report),
    loadCpu: reports.reduce((sum, { report }) => sum + report.cpu_percent, 0),
  };
}
