import type { BenchReport } from "../../../src/loadgen/report.ts";
import { executable } from "../../../tests/support/e2e/executable.ts";
import { type ConsolePage, consolePages } from "../../../tests/support/e2e/page/console-page.ts";
import { httpPort } from "../../../tests/support/e2e/raw-http.ts";
import { ReloadServer } from "../../../tests/support/e2e/reload/server.ts";
import { Stage } from "../../../tests/support/e2e/stage.ts";
import { until } from "../../../tests/support/e2e/wait.ts";
import { runBench } from "../../compare/load.ts";
import type { Finding, ProofContext } from "../proof.ts";
import { cpuIn, grownOf, openConsole, use, within, withoutErrors } from "./consoles.ts";

const STREAMS = 1000;
const CLIENTS = 10_000;
/** The players watch this many of the streams, with one process for each. */
const WATCHED = 5;
const CONSOLES = 5;
/** Maximum wait until all streams and players are connected, ms. */
const SETTLE_LIMIT_MS = 240_000;
/** How long a console stays at one page, ms. */
const PAGE_MS = 10_000;
/** Players whose gaps are measured; they watch a stream of their own. */
const WITNESSES = 20;
/** Maximum wait of these players for a packet, ms: twice their wait without consoles on a machine that browsers and players fill. */
const GAP_LIMIT_MS = 300;
/** Wait until the runtime has compiled the hot paths. */
const WARM_UP_MS = 20_000;
/** Maximum time to open a page, ms: the server and five browsers share the machine. */
const OPEN_LIMIT_MS = 3000;
/** Maximum time for an answer, ms. */
const ANSWER_LIMIT_MS = 1000;
/** Maximum bytes of an answer: a list has 26 items, and the first answer of the log 500 lines. */
const ANSWER_LIMIT_BYTES = 128 * 1024;

/** Selectors of the first element on each page, for a server with streams and clients. */
const firstOf: Readonly<Record<keyof typeof consolePages, string>> = {
  overview: ".box.node",
  streams: "tbody tr",
  clients: "tbody tr",
  relays: "main h1",
  health: "main h1",
  config: ".toml",
  log: ".log div",
  actions: "main h1",
};
const pages = Object.keys(consolePages) as (keyof typeof consolePages)[];

/** A script that notes in the page how long answers, and tasks of its main thread, take. */
const WATCH = `{
  globalThis.seen = { answers: [], tasks: [] };
  const note = (type, add) => new PerformanceObserver((list) => { for (const each of list.getEntries()) add(each); }).observe({ type });
  note("resource", ({ name, duration, encodedBodySize }) => name.includes("/api/") && seen.answers.push([name.replace(/.*\\/api\\/v1\\//, "").replace(/\\?.*/, ""), duration, encodedBodySize]));
  note("longtask", ({ duration }) => seen.tasks.push(duration));
}`;

interface Seen {
  readonly answers: readonly (readonly [path: string, ms: number, bytes: number])[];
  readonly tasks: readonly number[];
}

/** Five consoles of a server with 1,000 streams and 10,000 clients go from page to page for `minutes`. */
export async function bigConsole({ minutes, folder }: ProofContext): Promise<readonly Finding[]> {
  await using stage = new Stage();
  const { server, url } = await crowded(stage, minutes * 60 + 240);
  await Bun.sleep(WARM_UP_MS);
  const alone = await cpuIn(server.program.pid, PAGE_MS);
  const witnesses = (seconds: number) =>
    runBench(executable(), ["play", server.url("live/s999"), "-n", `${WITNESSES}`, "--seconds", `${seconds}`]);
  const quiet = await witnesses(PAGE_MS / 1000);
  const opened: number[] = [];
  const consoles: ConsolePage[] = [];
  for (let at = 0; at < CONSOLES; at++) {
    const console = await openConsole(stage, url);
    await waitFor(console, ".box.node");
    opened.push(Math.round((await console.page.evaluate("performance.now()")) as number));
    await console.page.evaluate(WATCH);
    consoles.push(console);
  }
  const gaps = witnesses(minutes * 60);
  const samples = { server: [] as number[], heap: [] as number[], elements: [] as number[] };
  const costs: number[] = [];
  const shown: number[] = [];
  const end = performance.now() + minutes * 60_000;
  for (let round = 0; performance.now() < end; round++) {
    const go = async (console: ConsolePage, at: number) => {
      const name = pages[(round + at) % pages.length] ?? "overview";
      const from = performance.now();
      await console.go(name);
      await waitFor(console, firstOf[name]);
      shown.push(Math.round(performance.now() - from));
    };
    await Promise.all(consoles.map(go));
    costs.push(await cpuIn(server.program.pid, PAGE_MS));
    const used = await Promise.all(consoles.map(use));
    // `growthOf` takes one sample a second.
    for (let second = 0; second < PAGE_MS / 1000; second++) {
      samples.server.push(server.program.rss());
      samples.heap.push(used.reduce((sum, { heap }) => sum + heap, 0));
      samples.elements.push(used.reduce((sum, { elements }) => sum + elements, 0));
    }
    if (round < pages.length) await consoles[0]?.page.screenshot({ path: `${folder}/control-big-${pages[round]}.png` });
  }
  const seen = (await Promise.all(consoles.map(({ page }) => page.evaluate("globalThis.seen")))) as Seen[];
  const mean = costs.reduce((sum, cost) => sum + cost, 0) / costs.length;
  return [
    within("the first picture, from the page's address", opened, OPEN_LIMIT_MS),
    within("another page", shown, OPEN_LIMIT_MS),
    ...answersOf(seen.flatMap(({ answers }) => answers)),
    within(
      "tasks of the pages' main threads longer than 50 ms",
      [0, ...seen.flatMap(({ tasks }) => tasks.map(Math.round))],
      500,
    ),
    {
      what: "CPU of the server",
      ok: true,
      seen: `${alone.toFixed(1)} % without consoles, ${mean.toFixed(1)} % with them`,
    },
    gapOf(quiet, await gaps),
    grownOf("memory of the server, MiB", samples.server),
    grownOf("heaps of five consoles, MiB", samples.heap),
    grownOf("elements of five consoles", samples.elements),
    withoutErrors(consoles),
  ];
}

/** Waits for an element and releases its handle, which would otherwise hold memory and count as growth. */
async function waitFor({ page }: ConsolePage, query: string): Promise<void> {
  await (await page.waitForSelector(query))?.dispose();
}

/** Starts a server with 1,000 streams and 10,000 clients, for `seconds`. */
async function crowded(
  stage: Stage,
  seconds: number,
): Promise<{ readonly server: ReloadServer; readonly url: string }> {
  const listen = 'http_api.listen = "127.0.0.1:0"\nhttp_api.max_requests_per_minute = 100000\n';
  // With a latency of 100 ms, 9,000 players alone fill a core, and new players are not admitted within their 10 s.
  const vhost = "[vhost.__defaultVhost__]\nmw_latency = 350\n";
  const server = await ReloadServer.start(stage, `max_connections = 12000\n${listen}${vhost}`, "crowded");
  const bench = (name: string, ...words: readonly string[]) =>
    stage.start(name, [executable(), "bench", ...words, "--seconds", String(Math.ceil(seconds))]);
  bench("encoders", "publish", server.url("live/s{}"), "-n", `${STREAMS}`, ..."--kbps 50 --fps 5".split(" "));
  const api = `http://127.0.0.1:${await httpPort(server.program, "api")}`;
  const reaches = (what: string, count: number) =>
    until(
      `${count} ${what}`,
      async () => (await (await fetch(`${api}/metrics`)).text()).includes(`\nsrs_${what} ${count}\n`),
      SETTLE_LIMIT_MS,
    );
  await reaches("publishers", STREAMS);
  const each = (CLIENTS - STREAMS) / WATCHED;
  for (let at = 1; at <= WATCHED; at++)
    bench(`crowd${at}`, "play", server.url(`live/s${at}`), "-n", `${each}`, "--rate", "30", "--check", "1");
  await reaches("players", CLIENTS - STREAMS);
  return { server, url: `${api}/console/` };
}

/** Findings for each path: the time of answers, and their bytes. */
function answersOf(all: Seen["answers"]): Finding[] {
  return [...Map.groupBy(all, ([path]) => path.replace(/\/.*/, ""))].map(([path, answers]) => {
    const times = answers.map(([, ms]) => ms).toSorted((a, b) => a - b);
    const bytes = Math.max(...answers.map(([, , size]) => size));
    const [median = 0, p99 = 0, max = 0] = [0.5, 0.99, 1].map(
      (share) => times[Math.min(times.length - 1, Math.floor(times.length * share))],
    );
    const seen = `${times.length} answers, ${median.toFixed(0)} ms in the median, ${p99.toFixed(0)} ms at 99 %, ${max.toFixed(0)} ms at most; ${bytes} bytes at most`;
    return { what: `answers of ${path}`, ok: p99 <= ANSWER_LIMIT_MS && bytes <= ANSWER_LIMIT_BYTES, seen };
  });
}

function gapOf({ players: quiet }: BenchReport, { players }: BenchReport): Finding {
  const [before, gap] = [quiet?.longest_gap_ms ?? 0, players?.longest_gap_ms ?? Number.POSITIVE_INFINITY];
  const seen = `${gap.toFixed(0)} ms, and ${before.toFixed(0)} ms in ${PAGE_MS / 1000} s without consoles`;
  const ok = gap <= Math.max(GAP_LIMIT_MS, 2 * before) && players?.failed === 0;
  return { what: `the longest gap of ${WITNESSES} players`, ok, seen };
}
