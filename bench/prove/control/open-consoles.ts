import { executable } from "../../../tests/support/e2e/executable.ts";
import { type ConsolePage, consolePages } from "../../../tests/support/e2e/page/console-page.ts";
import { httpPort } from "../../../tests/support/e2e/raw-http.ts";
import { ReloadServer } from "../../../tests/support/e2e/reload/server.ts";
import { Stage } from "../../../tests/support/e2e/stage.ts";
import type { Finding, ProofContext } from "../proof.ts";
import { cpuIn, grownOf, openConsole, use, withoutErrors } from "./consoles.ts";

const STREAMS = 100;
const CONSOLES = 5;
/** The players watch this many of the streams, with one process for each. */
const WATCHED = 5;
/** Wait until all are connected and the runtime has compiled the hot paths. */
const WARM_UP_MS = 20_000;
/** How long a console stays at one page. */
const PAGE_MS = 10_000;
/** Duration of one stretch with or without consoles. */
const STRETCH_MS = 6000;
/** Maximum cost of the consoles, percent of a core. */
const MAX_COST = 2;

const pages = Object.keys(consolePages) as (keyof typeof consolePages)[];

/** Five consoles go from page to page for `minutes`: neither their memory nor the server's grows. */
export async function consolesStay({ minutes }: ProofContext): Promise<readonly Finding[]> {
  await using stage = new Stage();
  const { server, url } = await loaded(stage, 300, minutes * 60);
  const consoles = await openAll(stage, url);
  const samples = { server: [] as number[], heap: [] as number[], elements: [] as number[], listeners: [] as number[] };
  const sampled = { heap: 0, elements: 0, listeners: 0 };
  const timer = setInterval(() => {
    samples.server.push(server.program.rss());
    if (sampled.heap === 0) return; // not looked at yet
    for (const what of ["heap", "elements", "listeners"] as const) samples[what].push(sampled[what]);
  }, 1000);
  const end = performance.now() + minutes * 60_000;
  for (let round = 0; performance.now() < end; round++) {
    await Promise.all(consoles.map((each, at) => each.go(pages[(round + at) % pages.length] ?? "overview")));
    await Bun.sleep(PAGE_MS);
    const seen = await Promise.all(consoles.map(use));
    // Each page is open at one of the consoles, so that the sums of one round are comparable with the next.
    for (const what of ["heap", "elements", "listeners"] as const)
      sampled[what] = seen.reduce((sum, each) => sum + each[what], 0);
  }
  clearInterval(timer);
  return [
    grownOf("memory of the server, MiB", samples.server),
    grownOf("heaps of five consoles, MiB", samples.heap),
    grownOf("elements of five consoles", samples.elements),
    grownOf("listeners of five consoles", samples.listeners),
    withoutErrors(consoles),
  ];
}

/** The cost of five consoles, each at another page, for a server with 100 streams and 3,000 players. */
export async function consolesCost({ seconds }: ProofContext): Promise<readonly Finding[]> {
  await using stage = new Stage();
  const { server, url } = await loaded(stage, 3000, 2 * seconds + 120);
  const consoles = await openAll(stage, url);
  await Bun.sleep(WARM_UP_MS);
  const costs: number[] = [];
  for (let turn = 0; turn * STRETCH_MS < seconds * 1000; turn++) {
    await Promise.all(consoles.map(({ page }) => page.goto("about:blank")));
    const alone = await cpuIn(server.program.pid, STRETCH_MS);
    await Promise.all(
      consoles.map(({ page }, at) => page.goto(`${url}#/${pages[at]}`, { waitUntil: "domcontentloaded" })),
    );
    await Bun.sleep(1000);
    costs.push((await cpuIn(server.program.pid, STRETCH_MS)) - alone);
  }
  const mean = costs.reduce((sum, cost) => sum + cost, 0) / costs.length;
  const each = costs.map((cost) => cost.toFixed(1)).join(", ");
  const seen = `${mean.toFixed(2)} % of a core (limit ${MAX_COST} %); by stretches ${each}`;
  return [{ what: `at ${pages.slice(0, CONSOLES).join(", ")}`, ok: mean <= MAX_COST, seen }, withoutErrors(consoles)];
}

/** Starts a server with 100 streams and `players` players, for `seconds`. */
async function loaded(
  stage: Stage,
  players: number,
  seconds: number,
): Promise<{ readonly server: ReloadServer; readonly url: string }> {
  const api = 'http_api.listen = "127.0.0.1:0"\nhttp_api.max_requests_per_minute = 100000\n';
  const target = await ReloadServer.start(stage, "max_connections = 1000\n", "target");
  const forward = `[vhost.__defaultVhost__]\nforward = "127.0.0.1:${target.port}"\n`;
  const server = await ReloadServer.start(stage, `max_connections = 5000\n${api}${forward}`, "crowded");
  const bench = (name: string, ...words: readonly string[]) =>
    stage.start(name, [executable(), "bench", ...words, "--seconds", String(Math.ceil(seconds))]);
  bench("encoders", "publish", server.url("live/s{}"), ..."-n 100 --kbps 50 --fps 5".split(" "));
  await server.program.line(new RegExp(`publish started.*/live/s${STREAMS - 1}\\b|publish started.*s${STREAMS}\\b`));
  for (let at = 1; at <= WATCHED; at++)
    bench(`crowd${at}`, "play", server.url(`live/s${at}`), "-n", String(players / WATCHED), "--check", "1");
  return { server, url: `http://127.0.0.1:${await httpPort(server.program, "api")}/console/` };
}

function openAll(stage: Stage, url: string): Promise<ConsolePage[]> {
  return Promise.all(Array.from({ length: CONSOLES }, () => openConsole(stage, url)));
}
