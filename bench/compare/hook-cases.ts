import { join } from "node:path";
import type { BenchReport } from "../../src/loadgen/report.ts";
import { owned } from "../command.ts";
import type { Case, Row, Stage } from "./cases.ts";
import { cpu, ms } from "./cells.ts";
import { runBench } from "./load.ts";
import { startSrs } from "./servers.ts";
import { Watch } from "./usage.ts";

/** Players that connect, and players of another stream, in a process of their own, that watch meanwhile. */
const STORM = { players: 10_000, rate: 2000, seconds: 8, watchers: 20 };
/** Storms of each kind, in turn, so that other load on the machine can be told from the cost of hooks. */
const ROUNDS = 3;
const EVENTS = ["on_connect", "on_play", "on_stop", "on_close"] as const;

/** A kind of back end for the storm's calls. */
interface Kind {
  readonly name: string;
  /** The argument of the back end; undefined: there are no hooks. */
  readonly backEnd: "answers" | "hangs" | undefined;
}

const KINDS: readonly Kind[] = [
  { name: "no hooks", backEnd: undefined },
  { name: "hooks", backEnd: "answers" },
  { name: "hooks, a back end that hangs", backEnd: "hangs" },
];

/** The result of one storm. */
interface Outcome {
  readonly kind: Kind;
  readonly cpu: number;
  readonly come: BenchReport;
  readonly honest: BenchReport;
}

/** Runs a storm on a vhost with hooks, while another vhost has the watched stream. */
async function storm({ executable, folder }: Stage, kind: Kind): Promise<Outcome> {
  const arg = kind.backEnd;
  const backEnd = arg === undefined ? undefined : await startBackEnd(arg);
  const urls = EVENTS.map((event) => `${event} = "http://127.0.0.1:${backEnd?.port}/hooks"`);
  const hooks = backEnd === undefined ? [] : [`[vhost."storm.example".http_hooks]`, ...urls];
  const server = await startSrs(executable, folder, [`[vhost."storm.example"]`, ...hooks].join("\n"));
  const base = `rtmp://127.0.0.1:${server.port}/live`;
  const publish = async (url: string, ...more: string[]) => {
    const args = ["publish", url, "-n", "1", ...more, "--seconds", "60"];
    return owned(Bun.spawn([executable, "bench", ...args], { stdio: ["ignore", "ignore", "ignore"] }));
  };
  const play = (url: string, players: number, rate: number, seconds: number) =>
    runBench(executable, ["play", url, "-n", `${players}`, "--rate", `${rate}`, "--seconds", `${seconds}`]);
  const publishing = await publish(`${base}/watched`, "--kbps", "200");
  try {
    await Bun.sleep(1500);
    const honest = play(`${base}/watched`, STORM.watchers, 200, 2 + STORM.players / STORM.rate + STORM.seconds);
    await Bun.sleep(1500);
    const usage = new Watch([server.pid]);
    const from = performance.now();
    const come = play(`${base}/storm?vhost=storm.example`, STORM.players, STORM.rate, STORM.seconds);
    await Bun.sleep((1000 * STORM.players) / STORM.rate);
    const used = usage.stop(from, performance.now());
    return { kind, cpu: used.cpu, come: await come, honest: await honest };
  } finally {
    publishing.kill("SIGINT");
    await publishing.exited;
    await server.stop();
    backEnd?.child.kill();
  }
}
async function startBackEnd(arg: string) {
  const argv = [process.execPath, join(import.meta.dir, "back-end.ts"), arg];
  const child = owned(Bun.spawn(argv, { stdio: ["ignore", "pipe", "inherit"] }));
  const reader = child.stdout.getReader();
  const { value } = await reader.read();
  return { child, port: Number(new TextDecoder().decode(value)) };
}

async function storms(stage: Stage): Promise<Row[]> {
  const outcomes: Outcome[] = [];
  for (let round = 0; round < ROUNDS; round++) for (const kind of KINDS) outcomes.push(await storm(stage, kind));
  return KINDS.map((kind) => {
    const own = outcomes.filter((outcome) => outcome.kind === kind);
    const each = (of: (outcome: Outcome) => string) => own.map(of).join(", ");
    return [
      kind.name,
      each((outcome) => cpu(outcome.cpu)),
      each(({ come }) => `${come.players?.connected ?? 0}`),
      each(({ come }) => ms(come.players?.connect_ms?.p50 ?? 0)),
      each(({ honest }) => ms(honest.players?.longest_gap_ms ?? 0)),
      each(({ honest }) => ms(honest.players?.delay_ms?.p99 ?? 0)),
    ];
  });
}

/** What hooks cost clients that they don't concern. */
export const hookCases: readonly Case[] = [
  {
    title: "A storm with hooks: 10,000 players come at 2,000 a second",
    text: "`srs bench` has them come to a vhost with `on_connect`, `on_play`, `on_stop` and `on_close`, while 20 players watch another stream of the server. Three storms of each kind, in turn; CPU is that of the five seconds in which they come.",
    head: ["storm", "CPU", "connected", "connect p50", "longest gap of the 20", "delay p99 of the 20"],
    run: storms,
  },
];
