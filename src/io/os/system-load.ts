import { readdirSync, readFileSync } from "node:fs";
import { cpus, freemem, loadavg, totalmem, uptime } from "node:os";

/** The load of this process and its machine. Times are in seconds; what the system does not tell is 0. */
export interface SystemLoad {
  readonly process: {
    /** Processor time so far, user and system. */
    readonly cpuSeconds: number;
    readonly residentBytes: number;
    readonly virtualBytes: number;
    readonly openFiles: number;
    readonly maxFiles: number;
    readonly uptime: number;
  };
  readonly system: {
    readonly memoryBytes: number;
    readonly freeBytes: number;
    readonly cpus: number;
    readonly uptime: number;
    readonly load: readonly [number, number, number];
    /** Share of all processors' time that was used since the start of the machine: in clock ticks. */
    readonly busyTicks: number;
    readonly allTicks: number;
    readonly idleSeconds: number;
    readonly netReceived: number;
    readonly netSent: number;
  };
}

/** Reads it anew; costs a few small files of /proc. */
export function systemLoad(): SystemLoad {
  const { user, system } = process.cpuUsage();
  const [load1 = 0, load5 = 0, load15 = 0] = loadavg();
  const net = networkBytes();
  const ticks = processorTicks();
  return {
    process: {
      cpuSeconds: (user + system) / 1e6,
      residentBytes: process.memoryUsage.rss(),
      virtualBytes: 1024 * numberIn("/proc/self/status", /^VmSize:\s+(\d+)/m),
      openFiles: openFiles(),
      maxFiles: numberIn("/proc/self/limits", /^Max open files\s+(\d+)/m),
      uptime: process.uptime(),
    },
    system: {
      memoryBytes: totalmem(),
      freeBytes: 1024 * numberIn("/proc/meminfo", /^MemAvailable:\s+(\d+)/m) || freemem(),
      cpus: cpus().length,
      uptime: uptime(),
      load: [load1, load5, load15],
      ...ticks,
      idleSeconds: numberIn("/proc/uptime", /^\S+ (\d+)/),
      ...net,
    },
  };
}

function processorTicks(): { busyTicks: number; allTicks: number } {
  const fields = (/^cpu\s+(.*)$/m.exec(textOf("/proc/stat"))?.[1] ?? "").split(" ").map(Number);
  const allTicks = fields.slice(0, 8).reduce((sum, ticks) => sum + ticks, 0);
  return { allTicks, busyTicks: allTicks - (fields[3] ?? 0) - (fields[4] ?? 0) };
}

function networkBytes(): { netReceived: number; netSent: number } {
  let [netReceived, netSent] = [0, 0];
  for (const [, name, rest = ""] of textOf("/proc/net/dev").matchAll(/^\s*([^\s:]+):\s*(.*)$/gm)) {
    if (name === "lo") continue;
    const fields = rest.split(/\s+/).map(Number);
    netReceived += fields[0] ?? 0;
    netSent += fields[8] ?? 0;
  }
  return { netReceived, netSent };
}

function openFiles(): number {
  try {
    return readdirSync("/proc/self/fd").length;
  } catch {
    return 0;
  }
}

function numberIn(path: string, pattern: RegExp): number {
  return Number(pattern.exec(textOf(path))?.[1] ?? 0);
}

function textOf(path: string): string {
  try {
    return readFileSync(path, "utf8");
  } catch {
    return "";
  }
}
