import { readdirSync, readFileSync, statSync } from "node:fs";
import { cpus, freemem, loadavg, networkInterfaces, totalmem, uptime } from "node:os";
import { isPublicIp } from "../../base/address-scope.ts";

/** Read once, as it costs several files for each processor. */
const CPUS = cpus().length;
/** Addresses of network interfaces are asked for at most this often, ms: it costs as much as all files do. */
const ADDRESSES_FRESH_MS = 60_000;
/** A line of /proc/net/dev: the name, the bytes received, seven other numbers, the bytes sent. */
const INTERFACE = /^\s*([^\s:]+):\s*(\d+)(?:\s+\d+){7}\s+(\d+)/gm;
/** A line of /proc/diskstats: two numbers, the name, nine other numbers, the busy time (ms). */
const DISK = /^\s*\d+\s+\d+\s+(\S+)(?:\s+\d+){9}\s+(\d+)/gm;

/** The load of this process and its machine. Times are in seconds; what the system does not report is 0. */
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
    readonly swapBytes: number;
    readonly swapFreeBytes: number;
    readonly cpus: number;
    readonly uptime: number;
    readonly load: readonly [number, number, number];
    /** Time that all processors together have worked, and have had, since the machine's start, in clock ticks. */
    readonly busyTicks: number;
    readonly allTicks: number;
    readonly idleSeconds: number;
    /** Bytes of network interfaces with a public address. */
    readonly netReceived: number;
    readonly netSent: number;
    /** Bytes of the other interfaces, the loopback among them. */
    readonly innerReceived: number;
    readonly innerSent: number;
    readonly sockets: Sockets;
    readonly disks: Disks;
  };
}

/** The sockets of the machine; of IPv4 alone where the system counts IPv6 apart. */
interface Sockets {
  /** All TCP sockets, those in TIME-WAIT included. */
  readonly tcp: number;
  readonly established: number;
  readonly timeWait: number;
  readonly udp: number;
}

/** The work of the machine's disks since its start. */
interface Disks {
  readonly readBytes: number;
  readonly writtenBytes: number;
  /** Time that each disk was busy, ms, by name. */
  readonly busyMs: ReadonlyMap<string, number>;
}

/** Reads the load anew; costs a few small files of /proc. */
export function systemLoad(): SystemLoad {
  const { user, system } = process.cpuUsage();
  const [load1 = 0, load5 = 0, load15 = 0] = loadavg();
  const memory = textOf("/proc/meminfo");
  return {
    process: {
      cpuSeconds: (user + system) / 1e6,
      residentBytes: process.memoryUsage.rss(),
      virtualBytes: 1024 * numberIn(textOf("/proc/self/status"), /^VmSize:\s+(\d+)/m),
      openFiles: openFiles(),
      maxFiles: numberIn(textOf("/proc/self/limits"), /^Max open files\s+(\d+)/m),
      uptime: process.uptime(),
    },
    system: {
      memoryBytes: totalmem(),
      freeBytes: 1024 * numberIn(memory, /^MemAvailable:\s+(\d+)/m) || freemem(),
      swapBytes: 1024 * numberIn(memory, /^SwapTotal:\s+(\d+)/m),
      swapFreeBytes: 1024 * numberIn(memory, /^SwapFree:\s+(\d+)/m),
      cpus: CPUS,
      uptime: uptime(),
      load: [load1, load5, load15],
      ...processorTicks(),
      idleSeconds: numberIn(textOf("/proc/uptime"), /^\S+ (\d+)/),
      ...networkBytes(),
      sockets: sockets(),
      disks: disks(),
    },
  };
}

function processorTicks(): { busyTicks: number; allTicks: number } {
  const fields = (/^cpu\s+(.*)$/m.exec(textOf("/proc/stat"))?.[1] ?? "").split(" ").map(Number);
  const allTicks = fields.slice(0, 8).reduce((sum, ticks) => sum + ticks, 0);
  return { allTicks, busyTicks: allTicks - (fields[3] ?? 0) - (fields[4] ?? 0) };
}

/** The network interfaces with a public address, and when they were asked for, ms. */
let outer: { readonly names: ReadonlySet<string>; readonly askedAt: number } | undefined;

function outerInterfaces(): ReadonlySet<string> {
  const now = performance.now();
  if (outer === undefined || now - outer.askedAt >= ADDRESSES_FRESH_MS) {
    const names = new Set<string>();
    for (const [name, addresses = []] of Object.entries(networkInterfaces()))
      if (addresses.some(({ address }) => isPublicIp(address))) names.add(name);
    outer = { names, askedAt: now };
  }
  return outer.names;
}

function networkBytes() {
  let [netReceived, netSent, innerReceived, innerSent] = [0, 0, 0, 0];
  const names = outerInterfaces();
  for (const [, name = "", received, sent] of textOf("/proc/net/dev").matchAll(INTERFACE)) {
    if (names.has(name)) {
      netReceived += Number(received);
      netSent += Number(sent);
    } else {
      innerReceived += Number(received);
      innerSent += Number(sent);
    }
  }
  return { netReceived, netSent, innerReceived, innerSent };
}

function sockets(): Sockets {
  const text = textOf("/proc/net/sockstat");
  const timeWait = numberIn(text, /^TCP:.* tw (\d+)/m);
  return {
    tcp: numberIn(text, /^TCP:.* alloc (\d+)/m) + timeWait,
    established: numberIn(textOf("/proc/net/snmp"), /^Tcp:(?: \S+){8} (\d+)/m),
    timeWait,
    udp: numberIn(text, /^UDP: inuse (\d+)/m),
  };
}

function disks(): Disks {
  const text = textOf("/proc/vmstat");
  const busyMs = new Map<string, number>();
  for (const [, name = "", ms] of textOf("/proc/diskstats").matchAll(DISK)) {
    if (ms !== "0") busyMs.set(name, Number(ms));
  }
  return {
    readBytes: 1024 * numberIn(text, /^pgpgin (\d+)/m),
    writtenBytes: 1024 * numberIn(text, /^pgpgout (\d+)/m),
    busyMs,
  };
}

/** Linux gives their number as the folder's size since 6.2; older versions need a listing. */
function openFiles(): number {
  try {
    return statSync("/proc/self/fd").size || readdirSync("/proc/self/fd").length;
  } catch {
    return 0;
  }
}

function numberIn(text: string, pattern: RegExp): number {
  return Number(pattern.exec(text)?.[1] ?? 0);
}

function textOf(path: string): string {
  try {
    return readFileSync(path, "utf8");
  } catch {
    return "";
  }
}
