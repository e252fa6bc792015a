import { readdirSync, readFileSync } from "node:fs";

/** Clock ticks in a second, as /proc counts CPU time on Linux. */
const TICKS = 100;
const PERIOD_MS = 200;

/** CPU and memory that processes used in a period. */
export interface Usage {
  /** Percent of one core. */
  readonly cpu: number;
  /** Resident memory at the end, MiB. */
  readonly rssMib: number;
}

interface Sample {
  readonly at: number;
  readonly cpuSeconds: number;
  readonly rssMib: number;
}

/** Samples processes by /proc, so that the usage in a period can be read that is known only afterwards. */
export class Watch {
  readonly #pids: readonly number[];
  readonly #samples: Sample[] = [];
  readonly #timer: ReturnType<typeof setInterval>;

  constructor(pids: readonly number[]) {
    this.#pids = pids;
    this.#timer = setInterval(() => this.#take(), PERIOD_MS);
  }

  /** Ends the samples; returns the usage from `from` to `to` (ms of performance.now), as exactly as the samples allow. */
  stop(from: number, to: number): Usage {
    clearInterval(this.#timer);
    const inside = this.#samples.filter(({ at }) => at >= from && at <= to);
    const first = inside[0];
    const last = inside.at(-1);
    if (first === undefined || last === undefined || first === last) throw new Error("too short to measure");
    const cpu = (100 * (last.cpuSeconds - first.cpuSeconds)) / ((last.at - first.at) / 1000);
    return { cpu, rssMib: last.rssMib };
  }

  #take(): void {
    const at = performance.now();
    let [cpuSeconds, rssMib] = [0, 0];
    for (const pid of this.#pids.flatMap(withChildren)) {
      cpuSeconds += cpuOf(pid);
      rssMib += rssOf(pid);
    }
    this.#samples.push({ at, cpuSeconds, rssMib });
  }
}

function withChildren(pid: number): number[] {
  return [pid, ...descendantsOf(pid)];
}

/** The running child processes of a process, and theirs. */
export function descendantsOf(pid: number): number[] {
  const children = tasksOf(pid).flatMap((task) =>
    read(`/proc/${pid}/task/${task}/children`).split(" ").filter(Boolean).map(Number),
  );
  return children.flatMap(withChildren);
}

function tasksOf(pid: number): string[] {
  try {
    return readdirSync(`/proc/${pid}/task`);
  } catch {
    return []; // it has just ended
  }
}

/** How often each thread of a process has blocked so far, by thread id. */
export function waitsOf(pid: number): ReadonlyMap<string, number> {
  const tasks = readdirSync(`/proc/${pid}/task`);
  return new Map(
    tasks.map((task) => {
      const waits = /^voluntary_ctxt_switches:\s+(\d+)/m.exec(read(`/proc/${pid}/task/${task}/status`));
      return [task, Number(waits?.[1] ?? 0)];
    }),
  );
}

/** CPU time of a process so far, s. */
export function cpuOf(pid: number): number {
  const fields = read(`/proc/${pid}/stat`).replace(/^.*\)/s, "").trim().split(" ");
  return (Number(fields[11]) + Number(fields[12])) / TICKS;
}

/** Resident memory of a process, MiB; 0 when it has ended. */
export function rssOf(pid: number): number {
  return Number(/^VmRSS:\s+(\d+)/m.exec(read(`/proc/${pid}/status`))?.[1] ?? 0) / 1024;
}

function read(path: string): string {
  try {
    return readFileSync(path, "utf8");
  } catch {
    return ""; // it has just ended
  }
}
