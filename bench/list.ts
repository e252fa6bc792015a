import type { Benchmark } from "./harness.ts";
import { amfBenchmarks } from "./suites/amf.ts";
import { chunkBenchmarks } from "./suites/chunks.ts";
import { formatBenchmarks } from "./suites/formats.ts";
import { httpBenchmarks } from "./suites/http.ts";
import { liveBenchmarks } from "./suites/live.ts";
import { mediaBenchmarks } from "./suites/media.ts";
import { mp4Benchmarks } from "./suites/mp4.ts";
import { tsBenchmarks } from "./suites/ts.ts";

/** All benchmarks, in the order in which a packet passes the measured code. */
export const benchmarks: readonly Benchmark[] = [
  ...chunkBenchmarks,
  ...mediaBenchmarks,
  ...formatBenchmarks,
  ...tsBenchmarks,
  ...mp4Benchmarks,
  ...liveBenchmarks,
  ...amfBenchmarks,
  ...httpBenchmarks,
];
