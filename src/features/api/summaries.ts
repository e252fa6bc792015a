import type { ApiContext, LimitState } from "./context.ts";
import type { Load } from "./load.ts";
import type { Operation } from "./operation.ts";
import type { ReportCache } from "./report-cache.ts";
import { boolean, listOf, number, object, string, whole } from "./schema.ts";

/** A limit counts as near from this share of use on. */
const NEAR = 0.8;

const self = object({
  version: string,
  pid: whole,
  ppid: whole,
  argv: string,
  cwd: string,
  mem_kbyte: whole,
  mem_percent: number,
  cpu_percent: number,
  srs_uptime: whole,
});

const system = object({
  cpu_percent: number,
  disk_read_KBps: whole,
  disk_write_KBps: whole,
  disk_busy_percent: number,
  mem_ram_kbyte: whole,
  mem_ram_percent: number,
  mem_swap_kbyte: whole,
  mem_swap_percent: number,
  cpus: whole,
  cpus_online: whole,
  uptime: number,
  // SRS spells it so.
  ilde_time: number,
  load_1m: number,
  load_5m: number,
  load_15m: number,
  net_sample_time: whole,
  net_recv_bytes: whole,
  net_send_bytes: whole,
  net_recvi_bytes: whole,
  net_sendi_bytes: whole,
  srs_sample_time: whole,
  srs_recv_bytes: whole,
  srs_send_bytes: whole,
  conn_sys: whole,
  conn_sys_et: whole,
  conn_sys_tw: whole,
  conn_sys_udp: whole,
  conn_srs: whole,
});

/** Operations on the program: its version, load and limits. */
export function summaryOperations(context: ApiContext, load: Load, reports: ReportCache): readonly Operation[] {
  return [
    {
      method: "GET",
      path: "/api/v1/versions",
      role: "read",
      summary: "The program's version.",
      answer: { data: object({ major: whole, minor: whole, revision: whole, version: string }) },
      run: () => ({ data: versionOf(context.version) }),
    },
    {
      method: "GET",
      path: "/api/v1/summaries",
      role: "read",
      summary: "The load of the process and its machine. Shares are fractions of one.",
      answer: { data: object({ ok: boolean, now_ms: whole, self, system }) },
      run: () => ({ data: summaryOf(context, load, reports) }),
    },
    {
      method: "GET",
      path: "/api/v1/features",
      role: "read",
      summary: "What the program was built with.",
      answer: { data: object({ options: string, options2: string, build: string, build2: string }) },
      run: () => ({ data: { options: "", options2: "", build: context.version, build2: context.version } }),
    },
    {
      method: "GET",
      path: "/api/v1/limits",
      role: "read",
      summary: "What is near a limit, and who was refused by which rule since the start.",
      answer: {
        limits: object({
          connections: object({ now: whole, max: whole }),
          files: object({ now: whole, max: whole }),
        }),
        near: listOf(object({ limit: string, of: string, now: whole, max: whole })),
        refused: { type: "object", description: "Numbers of refusals by rule." },
      },
      run: () => {
        const { openFiles, maxFiles } = load.current.process;
        const limits = {
          connections: { now: context.connections(), max: context.maxConnections() },
          files: { now: openFiles, max: maxFiles },
        };
        return {
          limits,
          near: nearOf([
            ...Object.entries(limits).map(([limit, use]) => ({ limit, of: "", ...use })),
            ...context.limitUses(),
          ]),
          refused: Object.fromEntries(context.refusals.totals),
        };
      },
    },
  ];
}

/** The limits that are near, those with most use first. */
function nearOf(uses: readonly LimitState[]): LimitState[] {
  const share = ({ now, max }: LimitState) => now / max;
  return uses.filter((use) => use.max > 0 && share(use) >= NEAR).sort((a, b) => share(b) - share(a));
}

function versionOf(version: string): object {
  const [major = 0, minor = 0, revision = 0] = (/^(\d+)\.(\d+)\.(\d+)/.exec(version)?.slice(1) ?? []).map(Number);
  return { major, minor, revision, version };
}

function summaryOf(context: ApiContext, load: Load, reports: ReportCache): object {
  const now_ms = Math.round(context.clock.wall());
  const { process, system: machine } = load.current;
  const { sockets, swapBytes } = machine;
  const { received, sent } = reports.current;
  const ageOf = (at: number) => Math.round(context.clock.now() - at);
  const { read, written, busyShare } = load.disks;
  const [load_1m, load_5m, load_15m] = machine.load;
  return {
    ok: true,
    now_ms,
    self: {
      version: context.version,
      ...context.process,
      mem_kbyte: Math.round(process.residentBytes / 1024),
      mem_percent: round(process.residentBytes / machine.memoryBytes),
      cpu_percent: round(load.processShare),
      srs_uptime: Math.round(process.uptime),
    },
    system: {
      cpu_percent: round(load.systemShare),
      disk_read_KBps: Math.round(read / 1024),
      disk_write_KBps: Math.round(written / 1024),
      disk_busy_percent: round(busyShare),
      mem_ram_kbyte: Math.round(machine.memoryBytes / 1024),
      mem_ram_percent: round(1 - machine.freeBytes / machine.memoryBytes),
      mem_swap_kbyte: Math.round(swapBytes / 1024),
      mem_swap_percent: swapBytes === 0 ? 0 : round(1 - machine.swapFreeBytes / swapBytes),
      cpus: machine.cpus,
      cpus_online: machine.cpus,
      uptime: machine.uptime,
      ilde_time: machine.idleSeconds,
      load_1m,
      load_5m,
      load_15m,
      net_sample_time: now_ms - ageOf(load.readAt),
      net_recv_bytes: machine.netReceived,
      net_send_bytes: machine.netSent,
      net_recvi_bytes: machine.innerReceived,
      net_sendi_bytes: machine.innerSent,
      srs_sample_time: now_ms - ageOf(reports.madeAt),
      srs_recv_bytes: received,
      srs_send_bytes: sent,
      conn_sys: sockets.tcp,
      conn_sys_et: sockets.established,
      conn_sys_tw: sockets.timeWait,
      conn_sys_udp: sockets.udp,
      conn_srs: context.connections(),
    },
  };
}

function round(share: number): number {
  return Math.round(share * 10_000) / 10_000;
}
