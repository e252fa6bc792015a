/** A prepared benchmark, with its inputs; `run` does the same work at each call. */
export interface Prepared {
  /** Operations that one call of `run` does, enough that the cost of the call itself is negligible. */
  readonly ops: number;
  /** Payload bytes that one call of `run` processes; 0 if bytes are no measure of the work. */
  readonly bytes: number;
  run(): void;
}

/** One thing to measure. */
export interface Benchmark {
  /** `subject/case`, unique. */
  readonly name: string;
  /** What one operation is, in the singular. */
  readonly op: string;
  /** Builds the inputs, the same ones every time. */
  prepare(): Prepared;
}

/** How long to measure. */
export interface Plan {
  /** Time for the compiler before the measurement starts. */
  readonly warmUpMs: number;
  /** The number of calls in a round is chosen so that it takes about this long. */
  readonly roundMs: number;
  readonly rounds: number;
}

/** What one benchmark cost. */
export interface Result {
  readonly name: string;
  readonly op: string;
  /** Nanoseconds of wall time for one operation: the median round. */
  readonly nsPerOp: number;
  /** The same in the fastest round, the better figure to compare on a busy machine. */
  readonly bestNsPerOp: number;
  /** Distance between the first and the third quartile of the rounds, as a share of the median. */
  readonly spread: number;
  /** 10^6 payload bytes a second in the median round; undefined if bytes are no measure. */
  readonly mbPerSecond: number | undefined;
  readonly rounds: number;
}

/** Minimum duration of a round, below any clock's resolution, to avoid a division by 0. */
const LEAST_MS = 1e-6;

/** Measures one benchmark; `now` gives monotonic milliseconds, with fractions. */
export function measure(benchmark: Benchmark, plan: Plan, now: () => number): Result {
  const { name, op } = benchmark;
  const prepared = benchmark.prepare();
  const calls = calibrate(prepared, plan, now);
  const nsPerOp: number[] = [];
  for (let round = 0; round < plan.rounds; round++) {
    nsPerOp.push((time(prepared, calls, now) * 1e6) / (calls * prepared.ops));
  }
  nsPerOp.sort((a, b) => a - b);
  const median = quantile(nsPerOp, 0.5);
  return {
    name,
    op,
    nsPerOp: median,
    bestNsPerOp: quantile(nsPerOp, 0),
    spread: (quantile(nsPerOp, 0.75) - quantile(nsPerOp, 0.25)) / median,
    mbPerSecond: prepared.bytes === 0 ? undefined : (prepared.bytes / prepared.ops / median) * 1e3,
    rounds: plan.rounds,
  };
}

/** Warms up, and returns the number of calls in a round. */
function calibrate(prepared: Prepared, plan: Plan, now: () => number): number {
  let spent = 0;
  for (let calls = 1; ; calls *= 2) {
    const tookMs = time(prepared, calls, now);
    spent += tookMs;
    // Half a round is long enough to compute the calls in a round.
    if (tookMs * 2 < plan.roundMs) continue;
    while (spent < plan.warmUpMs) spent += time(prepared, calls, now);
    return Math.max(1, Math.round((calls * plan.roundMs) / time(prepared, calls, now)));
  }
}

/** Milliseconds that `calls` calls take. */
function time(prepared: Prepared, calls: number, now: () => number): number {
  const began = now();
  for (let call = 0; call < calls; call++) prepared.run();
  return Math.max(now() - began, LEAST_MS);
}

/** The value below which `share` of the sorted values lie, interpolated; 0 if there are none. */
export function quantile(sorted: readonly number[], share: number): number {
  const at = (sorted.length - 1) * share;
  const low = sorted[Math.floor(at)] ?? 0;
  const high = sorted[Math.ceil(at)] ?? low;
  return low + (high - low) * (at - Math.floor(at));
}

let kept = 0;

/** Uses a result, so that the compiler can't remove the work that made it. */
export function keep(value: number): void {
  kept = (kept + value) | 0;
}
