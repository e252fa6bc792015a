import { UserError } from "../base/errors.ts";
import { readFileStart } from "../io/files/file.ts";
import { Tcp } from "../io/net/tcp.ts";
import { systemClock } from "../io/os/clock.ts";
import { cpuSeconds, fillRandom, openFilesProblem } from "../io/os/process.ts";
import { Trust } from "../io/tls/trust.ts";
import { defaultLimits } from "../rtmp/limits.ts";
import { Bench } from "./bench.ts";
import { type Recording, readRecording } from "./file-source.ts";
import type { BenchPlan } from "./plan.ts";
import type { Progress } from "./progress.ts";
import { WallTime } from "./wall-time.ts";

/** Maximum bytes of a file that are kept in memory; the rest of a longer file is not published. */
const MAX_FILE_BYTES = 256 * 1024 * 1024;

/** Prepares a run over this machine's network, started by `run`. Throws UserError when the machine does not allow it. */
export function makeBench(plan: BenchPlan, progress: (progress: Progress) => void): Bench {
  const problem = openFilesProblem((plan.play?.count ?? 0) + (plan.publish?.count ?? 0), "-n");
  if (problem !== undefined) throw new UserError(problem);
  // Certificates are not checked: a server under test may have any.
  const tcp = new Tcp(systemClock, undefined, undefined, new Trust(true));
  // Thousands of players with half a frame each are normal here, not an attack.
  tcp.memory.limit = Number.POSITIVE_INFINITY;
  const context = {
    clock: systemClock,
    wall: new WallTime(systemClock),
    dial: tcp.dial,
    random: fillRandom,
    limits: defaultLimits,
  };
  return new Bench(context, plan, { cpuSeconds, progress });
}

/** Reads an FLV file to publish. Throws UserError. */
export function loadRecording(path: string): Recording {
  return readRecording(path, readFileStart(path, MAX_FILE_BYTES));
}
