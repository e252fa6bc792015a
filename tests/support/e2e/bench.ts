import type { BenchReport } from "../../../src/loadgen/report.ts";
import { executable } from "./executable.ts";
import type { Program } from "./program.ts";
import type { Stage } from "./stage.ts";

/** What players of HLS in MPEG-TS find where nothing is wrong; whether playback stalls depends on the machine. */
export const faultless = {
  protocol: "hls",
  failed: 0,
  synthetic: true,
  corrupt: 0,
  dirty: 0,
  disordered: 0,
  lost: { video: 0, audio: 0 },
  continuity_errors: 0,
  hls: { missed: 0, errors: {}, sequence_back: 0, wrong_durations: 0 },
};

const { continuity_errors: _, ...withoutTs } = faultless;

/** The same in fragmented MP4. */
export const faultlessMp4 = withoutTs;

/** The report of a bench that was started with `--json`, once it has ended. */
export async function reportOf(run: Program): Promise<BenchReport> {
  await run.ended();
  const line = run.lines.find((text) => text.startsWith("{"));
  if (line === undefined) throw new Error(`no report\n${run.tail()}`);
  return JSON.parse(line) as BenchReport;
}

/** Runs `srs bench` to its end. */
export function bench(stage: Stage, name: string, ...words: readonly string[]): Promise<BenchReport> {
  return reportOf(stage.start(name, [executable(), "bench", ...words, "--json"]));
}
