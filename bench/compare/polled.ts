import { owned } from "../command.ts";
import type { Case, Row, Stage } from "./cases.ts";
import { cpu, FANOUT_HEAD, fanoutRow, ms } from "./cells.ts";
import { measure } from "./load.ts";
import { hasNginx, type Server, startNginxWithStat, startSrsWithApi } from "./servers.ts";
import { cpuOf } from "./usage.ts";

type ApiServer = Server & { readonly http: number };

const STREAMS = 100;
/** The players watch this many of the streams, with one process for each. */
const WATCHED = 5;
const PLAYERS = 3000;
const LISTED = 10_000;
const EVERY_MS = 1000;
/** Wait until all are connected and the runtime has compiled the hot paths. */
const WARM_UP_MS = 20_000;
/** Duration of one stretch with or without requests. */
const STRETCH_MS = 5000;

/** What tools and scrapers request each second, with pages of the largest lists. */
const CALLS = ["/metrics", "/api/v1/summaries", "/api/v1/streams?count=100", "/api/v1/clients?count=100"];

/** Requests paths once a second, and notes how long each answer took, ms. */
class Poller {
  readonly times: number[] = [];
  readonly #timer: ReturnType<typeof setInterval>;
  readonly #asked: Promise<void>[] = [];

  constructor({ http }: ApiServer, paths: readonly string[]) {
    this.#timer = setInterval(() => {
      for (const path of paths) this.#asked.push(this.#ask(`http://127.0.0.1:${http}${path}`));
    }, EVERY_MS);
  }

  /** Ends the requests. Throws if one has failed. */
  async stop(): Promise<void> {
    clearInterval(this.#timer);
    await Promise.all(this.#asked);
  }

  async #ask(url: string): Promise<void> {
    const from = performance.now();
    const answer = await fetch(url);
    await answer.arrayBuffer();
    if (!answer.ok) throw new Error(`${url} is answered with ${answer.status}`);
    this.times.push(performance.now() - from);
  }
}

/** A server's CPU usage with and without requests each second, in turn, under the same load. */
async function polled({ executable, folder, seconds }: Stage): Promise<Row[]> {
  const kinds: { readonly begin: () => Promise<ApiServer>; readonly paths: readonly string[] }[] = [
    { begin: () => startSrsWithApi(executable, folder, "mw_latency = 350"), paths: CALLS },
  ];
  if (hasNginx()) kinds.push({ begin: () => startNginxWithStat(folder), paths: ["/stat"] });
  const rows: Row[] = [];
  for (const { begin, paths } of kinds) {
    const server = await begin();
    const url = `rtmp://127.0.0.1:${server.port}/live`;
    const bench = (...args: string[]) =>
      owned(Bun.spawn([executable, "bench", ...args, "--seconds", "600"], { stdio: ["ignore", "ignore", "ignore"] }));
    const loads = [bench("publish", `${url}/s{}`, "-n", `${STREAMS}`, "--kbps", "100")];
    try {
      await Bun.sleep(2000);
      for (let at = 1; at <= WATCHED; at++) loads.push(bench("play", `${url}/s${at}`, "-n", `${PLAYERS / WATCHED}`));
      await Bun.sleep(WARM_UP_MS);
      const used = { alone: 0, asked: 0 };
      const times: number[] = [];
      const turns = Math.max(1, Math.round((seconds * 1000) / STRETCH_MS));
      for (let turn = 0; turn < turns; turn++) {
        used.alone += await cpuIn(server, STRETCH_MS);
        const poller = new Poller(server, paths);
        used.asked += await cpuIn(server, STRETCH_MS);
        await poller.stop();
        times.push(...poller.times);
      }
      const share = (cpuSeconds: number) => cpu((100_000 * cpuSeconds) / (turns * STRETCH_MS));
      times.sort((a, b) => a - b);
      rows.push([
        ...[server.name, share(used.alone), share(used.asked), share(used.asked - used.alone)],
        ...[ms(times[times.length >> 1] ?? 0), ms(times.at(-1) ?? 0)],
      ]);
    } finally {
      for (const load of loads) load.kill("SIGINT");
      await Promise.all(loads.map(({ exited }) => exited));
      await server.stop();
    }
  }
  return rows;
}

async function cpuIn({ pid }: Server, stretchMs: number): Promise<number> {
  const before = cpuOf(pid);
  await Bun.sleep(stretchMs);
  return cpuOf(pid) - before;
}

/** The same players without requests, and listed each second. */
async function listed({ executable, folder, seconds }: Stage): Promise<Row[]> {
  const rows: Row[] = [];
  for (const isListed of [false, true]) {
    const server = await startSrsWithApi(executable, folder, "mw_latency = 350");
    const poller = isListed ? new Poller(server, [`/api/v1/clients?count=${LISTED}`]) : undefined;
    try {
      const run = ["-n", `${LISTED}`, "--kbps", "50", "--seconds", `${seconds}`, "--rate", "300"];
      const row = fanoutRow(
        await measure(executable, [server], [["both", `rtmp://127.0.0.1:${server.port}/live/bench`, ...run]]),
      );
      await poller?.stop();
      const longest = poller === undefined ? "" : ms(Math.max(...poller.times));
      rows.push([isListed ? "all listed each second" : "nobody asks", ...row.slice(1), longest]);
    } finally {
      await poller?.stop();
      await server.stop();
    }
  }
  return rows;
}

/** The cost of requests to the API. */
export const polledCases: readonly Case[] = [
  {
    title: "Asked each second: 100 streams, 3,000 players",
    text: `Every second ${CALLS.map((path) => `\`${path}\``).join(", ")}; of nginx-rtmp its one page, \`/stat\`. Stretches of 5 s with and without that, in turn.`,
    head: ["server", "CPU alone", "CPU asked", "difference", "answer p50", "longest"],
    run: polled,
  },
  {
    title: "All clients listed each second: 10,000 players × 50 kbps",
    text: "`mw_latency = 350`; one answer has all of them. They come slowly, as it is not their coming that is measured.",
    head: [...FANOUT_HEAD, "longest answer"],
    run: listed,
  },
];
