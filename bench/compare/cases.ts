import type { BenchReport } from "../../src/loadgen/report.ts";
import { owned } from "../command.ts";
import { cpu, FANOUT_HEAD, fanoutRow, mib, ms, playerCells } from "./cells.ts";
import { directorCases } from "./director-cases.ts";
import { hlsCases } from "./hls-cases.ts";
import { hookCases } from "./hook-cases.ts";
import { httpCases } from "./http-cases.ts";
import { almostIdle } from "./idle.ts";
import { type Measured, measure, runBench } from "./load.ts";
import { polledCases } from "./polled.ts";
import { Probe } from "./probe.ts";
import { hasNginx, type Server, startIdeal, startNginx, startSrs } from "./servers.ts";
import { secureServers } from "./tls.ts";
import { transcodeCases } from "./transcode-cases.ts";
import { Watch } from "./usage.ts";

/** What a comparison needs. */
export interface Stage {
  /** This project's executable, which is both the server and the load generator. */
  readonly executable: string;
  /** The compiled ideal sender; undefined without a C compiler. */
  readonly ideal: string | undefined;
  /** The compiled slow players; undefined without a C compiler. */
  readonly slow: string | undefined;
  /** The folder for configurations and logs. */
  readonly folder: string;
  readonly seconds: number;
}

/** A row of a case's table. */
export type Row = readonly (string | number)[];

/** One comparison: all its rows are measured in one run, one server at a time. */
export interface Case {
  readonly title: string;
  readonly text: string;
  readonly head: readonly string[];
  run(stage: Stage): Promise<Row[]>;
}

/** Share of chunk and message headers on top of the synthetic stream's `kbps`, which includes audio. */
const OVERHEAD = 1.02;

/** Players connect slowly in cases that don't measure connecting. */
const RAMP = ["--rate", "1000"];

/** All players watch one stream, on each server in turn. */
function fanout(
  players: number,
  kbps: number,
  batchMs: number | undefined,
  latency: string,
  nginx: boolean,
): Case["run"] {
  return async ({ executable, ideal, folder, seconds }) => {
    const args = ["-n", String(players), "--kbps", String(kbps), "--seconds", String(seconds), ...RAMP];
    const both = (server: Server) => [["both", url(server, "bench"), ...args]];
    const rows: Row[] = [];
    const add = async (starting: Promise<Server>, row: (measured: Measured) => Row, loads = both) => {
      const server = await starting;
      try {
        rows.push(row(await measure(executable, [server], loads(server))));
      } finally {
        await server.stop();
      }
    };
    await add(startSrs(executable, folder, `mw_latency = ${latency}`), fanoutRow);
    if (ideal !== undefined && batchMs !== undefined) {
      const play = (server: Server) => [
        ["play", url(server, "bench"), "-n", String(players), "--seconds", String(seconds), ...RAMP],
      ];
      const row = ({ server, usage }: Measured): Row => [server, cpu(usage.cpu), mib(usage.rssMib), "", "", "", "", ""];
      await add(startIdeal(ideal, folder, Math.round(kbps * OVERHEAD), batchMs), row, play);
    }
    if (nginx && hasNginx()) await add(startNginx(folder), fanoutRow);
    return rows;
  };
}

/** `mw_latency = "auto"` with enough players that flushes must merge, and a probe of the server's event loop. */
async function auto({ executable, folder, seconds }: Stage): Promise<Row[]> {
  const server = await startSrs(executable, folder, 'mw_latency = "auto"');
  const probe = new Probe(server.port, "bench");
  try {
    const run = ["-n", "10000", "--kbps", "200", "--seconds", String(seconds), ...RAMP];
    const row = fanoutRow(await measure(executable, [server], [["both", url(server, "bench"), ...run]]));
    // The end is left out, as all players leave then.
    const { writes, handshake } = await probe.stop(seconds * 1000, 3000);
    const period = `${writes.map((write) => write.toFixed(0)).join(", ")} ms`;
    return [[...row, period, ms(handshake.p50), ms(handshake.longest)]];
  } finally {
    await server.stop();
  }
}

/** Players that connect in the storm and leave again, and players in processes of their own that watch meanwhile. */
const STORM = { players: 10_000, rate: 2000, stayMs: 8000, watchers: 20 };

/** Thousands of players connect, play and leave while a few watch: from before the storm, from within it, and to after its end. */
async function storm({ executable, folder }: Stage): Promise<Row[]> {
  const server = await startSrs(executable, folder, 'mw_latency = "auto"');
  const at = url(server, "bench");
  const publish = ["publish", at, "-n", "1", "--kbps", "200", "--seconds", "60"];
  const publishing = owned(Bun.spawn([executable, "bench", ...publish], { stdio: ["ignore", "ignore", "ignore"] }));
  const play = (players: number, rate: number, seconds: number) =>
    runBench(executable, ["play", at, "-n", `${players}`, "--rate", `${rate}`, "--seconds", `${seconds}`]);
  const watch = (seconds: number) => play(STORM.watchers, 200, seconds);
  try {
    await Bun.sleep(2000);
    const before = watch(11);
    await Bun.sleep(2000);
    const usage = new Watch([server.pid]);
    const from = performance.now();
    const come = play(STORM.players, STORM.rate, STORM.stayMs / 1000);
    await Bun.sleep(2500);
    const amid = watch(6);
    await Bun.sleep(2500);
    const used = usage.stop(from, performance.now());
    await Bun.sleep(4500);
    const stay = watch(10);
    const first = [cpu(used.cpu), mib(used.rssMib)];
    return [
      ["those that come", ...first, ...stormCells(await come)],
      ["20 that played before", "", "", ...stormCells(await before)],
      ["20 that came amid it", "", "", ...stormCells(await amid)],
      ["20 that stay when the 10,000 leave", "", "", ...stormCells(await stay)],
    ];
  } finally {
    publishing.kill("SIGINT");
    await publishing.exited;
    await server.stop();
  }
}

function stormCells({ players }: BenchReport): Row {
  if (players === undefined) return [];
  const { connected, connect_ms: wait } = players;
  return [connected, ms(wait?.p50 ?? 0), ms(wait?.max ?? 0), ...playerCells([players])];
}

/** Seconds until the kernel's buffers for slow players, up to 2 MB each, are full. */
const SLOW_SECONDS = 75;
const SLOW_PLAYERS = 100;

/** 2,900 players alone, and beside slow players that read half of the stream. */
async function slowReaders({ executable, slow, folder }: Stage): Promise<Row[]> {
  const rows: Row[] = [];
  for (const count of slow === undefined ? [0] : [0, SLOW_PLAYERS]) {
    const server = await startSrs(executable, folder, 'mw_latency = "auto"\nqueue_length = 5');
    try {
      const run = ["-n", "2900", "--kbps", "600", "--seconds", String(SLOW_SECONDS), "--rate", "1000"];
      const measuring = measure(executable, [server], [["both", url(server, "bench"), ...run]]);
      await Bun.sleep(2000);
      const options = ["--port", String(server.port), "--stream", "bench", "--kbps", "300", "--count", String(count)];
      const readers =
        slow === undefined || count === 0
          ? undefined
          : owned(Bun.spawn([slow, ...options, "--seconds", String(SLOW_SECONDS + 6)], { stdout: "ignore" }));
      const row = fanoutRow(await measuring);
      await readers?.exited;
      await Bun.sleep(500);
      const losses = [...server.log().matchAll(/play ended .*lost=([1-9]\d*)/g)].map((match) => Number(match[1]));
      const lost = losses.reduce((sum, packets) => sum + packets, 0);
      const name = count === 0 ? "2,900 players" : `2,900 players beside ${count} slow ones`;
      rows.push([name, ...row.slice(1), `${lost} packets of ${losses.length}`]);
    } finally {
      await server.stop();
    }
  }
  return rows;
}

/** Fan-out with and without TLS. */
function secureFanout(players: number, kbps: number, latency: string): Case["run"] {
  return async ({ executable, folder, seconds }) => {
    const rows: Row[] = [];
    for (const begin of secureServers(executable, folder, `mw_latency = ${latency}`)) {
      const server = await begin();
      const args = ["-n", String(players), "--kbps", String(kbps), "--seconds", String(seconds), "--rate", "200"];
      try {
        rows.push(fanoutRow(await measure(executable, [server], [["both", url(server, "bench"), ...args]])));
      } finally {
        await server.stop();
      }
    }
    return rows;
  };
}

function fanIn(publishers: number, kbps: number, nginx: boolean): Case["run"] {
  return async ({ executable, folder, seconds }) => {
    const rows: Row[] = [];
    const starts = [() => startSrs(executable, folder, "gop_cache = true")];
    if (nginx && hasNginx()) starts.push(() => startNginx(folder));
    for (const begin of starts) {
      const server = await begin();
      const args = ["-n", String(publishers), "--kbps", String(kbps), "--seconds", String(seconds)];
      try {
        const { usage, reports } = await measure(executable, [server], [["publish", url(server, "in"), ...args]]);
        const found = reports[0]?.publishers;
        rows.push([server.name, cpu(usage.cpu), mib(usage.rssMib), found?.connected ?? 0, found?.failed ?? 0]);
      } finally {
        await server.stop();
      }
    }
    return rows;
  };
}

async function wholeCluster({ executable, folder, seconds }: Stage): Promise<Row[]> {
  const latency = "mw_latency = 350";
  const servers: Server[] = [];
  try {
    for (let edge = 0; edge < 4; edge++) servers.push(await startSrs(executable, folder, latency));
    const targets = servers.map(({ port }) => `"127.0.0.1:${port}"`).join(", ");
    const origin = await startSrs(executable, folder, `${latency}\nforward = [${targets}]`);
    servers.push(origin);
    const run = ["-n", "3000", "--seconds", String(seconds), "--rate", "500"];
    const loads = servers.slice(0, 4).map((edge) => ["play", url(edge, "bench"), ...run]);
    const publish = ["publish", url(origin, "bench"), "-n", "1", "--kbps", "200", "--seconds", String(seconds + 15)];
    const publishing = owned(Bun.spawn([executable, "bench", ...publish], { stdio: ["ignore", "ignore", "ignore"] }));
    await Bun.sleep(2000);
    const measured = await measure(executable, servers, loads);
    publishing.kill("SIGINT");
    await publishing.exited;
    return [["origin and 4 edges, together", ...fanoutRow(measured).slice(1)]];
  } finally {
    for (const server of servers) await server.stop();
  }
}

async function startUp({ executable, folder }: Stage): Promise<Row[]> {
  const rows: Row[] = [];
  for (let run = 1; run <= 5; run++) {
    const server = await startSrs(executable, folder, "");
    try {
      const args = ["both", url(server, "bench"), "-n", "10", "--seconds", "2", "--rate", "10"];
      const { reports } = await measure(executable, [server], [args]);
      const players = reports[0]?.players;
      const first = [players?.first_frame_after_play_ms, players?.first_frame_ms].flatMap((found) => [
        ms(found?.p50 ?? 0),
        ms(found?.max ?? 0),
      ]);
      rows.push([`run ${run}`, ms(server.readyMs), ...first]);
    } finally {
      await server.stop();
    }
  }
  return rows;
}

/** All comparisons, in the order in which they run. */
export const cases: readonly Case[] = [
  {
    title: "Fan-out, merged: 3,000 players × 200 kbps",
    text: "`mw_latency = 350`; the ideal sender sends a batch each 350 ms.",
    head: FANOUT_HEAD,
    run: fanout(3000, 200, 350, "350", true),
  },
  {
    title: "Fan-out, merged: 10,000 players × 600 kbps",
    text: "`mw_latency = 350`.",
    head: FANOUT_HEAD,
    run: fanout(10_000, 600, 350, "350", false),
  },
  {
    title: "Fan-out, at once: 1,000 players × 600 kbps",
    text: "`mw_latency = 0`; 25 video and 31 audio frames a second come at times of their own, and the ideal sender sends as often.",
    head: FANOUT_HEAD,
    run: fanout(1000, 600, 18, "0", true),
  },
  {
    title: "Fan-out over TLS, merged: 500 players × 600 kbps",
    text: "`mw_latency = 350`, TLS 1.3. Each player's bytes are encrypted for it alone; the load generator decrypts on the same machine.",
    head: FANOUT_HEAD,
    run: secureFanout(500, 600, "350"),
  },
  {
    title: "Fan-out over TLS, at once: 500 players × 600 kbps",
    text: "`mw_latency = 0`, as nginx-rtmp sends.",
    head: FANOUT_HEAD,
    run: secureFanout(500, 600, "0"),
  },
  ...['"auto"', "100", "350"].map((latency) => ({
    title: `Few players: 10 × 600 kbps, ${latency}`,
    text: `\`mw_latency = ${latency}\`.`,
    head: FANOUT_HEAD,
    run: fanout(10, 600, undefined, latency, latency === '"auto"'),
  })),
  {
    title: "Many players, `auto`: 10,000 × 200 kbps",
    text: '`mw_latency = "auto"`: the flushes merge as far as the load asks for. Meanwhile one more player notes the time from one write to the\nnext, and 20 newcomers a second how long their handshake takes, which is two turns of the event loop or three.',
    head: [...FANOUT_HEAD, "writes, p5, p50, p95", "handshake p50", "longest"],
    run: auto,
  },
  {
    title: "A storm: 10,000 players come at 2,000 a second",
    text: '`mw_latency = "auto"`, 200 kbps. CPU is that of the five seconds in which they come. Those that watch do so in processes of their\nown: delays and gaps of the 10,000 include the reading of their one process.',
    head: ["players", "CPU", "RSS", "connected", "connect p50", "longest connect", ...FANOUT_HEAD.slice(3)],
    run: storm,
  },
  {
    title: "Slow readers: 100 of 3,000 players",
    text: "They read half of 600 kbps (`bench/slow.c`). Delay, gap and loss are those of the 2,900 others.",
    head: [...FANOUT_HEAD, "what the server skipped for slow ones"],
    run: slowReaders,
  },
  ...httpCases,
  ...hlsCases,
  ...transcodeCases,
  ...polledCases,
  ...directorCases,
  ...hookCases,
  {
    title: "Fan-in: 500 publishers × 600 kbps",
    text: "With the GOP cache on; nginx-rtmp has none.",
    head: ["server", "CPU", "RSS", "connected", "failed"],
    run: fanIn(500, 600, true),
  },
  {
    title: "Fan-in: 1,000 publishers × 600 kbps",
    text: "With the GOP cache on.",
    head: ["server", "CPU", "RSS", "connected", "failed"],
    run: fanIn(1000, 600, false),
  },
  {
    title: "The whole cluster on one machine: 4 × 3,000 players × 200 kbps",
    text: "An origin forwards to four edges with `mw_latency = 350`; every process is the one executable. Four load generators beside them\nleave the machine's two cores no rest: the delay and the gap are theirs too.",
    head: FANOUT_HEAD,
    run: wholeCluster,
  },
  {
    title: "Start-up",
    text: "From the executable's start to its first accepted connection; and to the first frame of ten players that come one after the\nother, from their `play` and from their connect.",
    head: ["", "listens after", "from play, p50", "longest", "from connect, p50", "longest"],
    run: startUp,
  },
  {
    title: "Almost idle",
    text: "Nothing to do, one publisher of 600 kbps, and ten players besides: CPU, and wake-ups of all threads, after a warm-up of 40 s. All\nservers run at the same time.",
    head: ["server", "nothing", "wake-ups", "one publisher", "wake-ups", "and ten players", "wake-ups"],
    run: almostIdle,
  },
];

function url({ port, tls }: Server, stream: string): string {
  return `${tls ? "rtmps" : "rtmp"}://127.0.0.1:${port}/live/${stream}`;
}
