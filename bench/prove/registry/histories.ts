import { availableParallelism } from "node:os";
import { join } from "node:path";
import type { HistoryForm } from "../../../tests/support/simulation/registry-scope.ts";
import { owned } from "../../command.ts";
import type { Finding, Proof, ProofContext } from "../proof.ts";

/** Maximum number of failures before the run stops; each can be repeated by its seed. */
const MAX_SHOWN = 10;
const PROGRESS_MS = 30_000;

/** A history in which something is wrong, and what had happened in it. */
export interface Failed {
  readonly seed: number;
  readonly wrong: string;
  readonly events: readonly string[];
}

/** A worker's report. */
export interface WorkerNews {
  /** The worker's next seed; it has run all of its seeds below. */
  readonly next: number;
  /** Histories that have failed since the last report. */
  readonly failed: readonly Failed[];
  /** Memory of the worker, bytes. */
  readonly rss: number;
}

/** Histories whose nodes talk to each other by calls instead of RTMP: short ones, so that there are many. */
export const shortHistories: Proof["run"] = (context) => histories("direct", context);

/** Histories of a minute, whose nodes talk to each other by RTMP. */
export const rtmpHistories: Proof["run"] = (context) => histories("rtmp", context);

/**
 * Runs histories of a cluster with a registry, one for each seed: for a range of seeds, or for as many as `minutes` allows. Its progress
 * lines name the seed to continue with, and so does the last one when it is interrupted.
 */
async function histories(form: HistoryForm, context: ProofContext): Promise<readonly Finding[]> {
  const { minutes, from, to } = context;
  const beganAt = performance.now();
  const count = context.processes ?? availableParallelism();
  const failed: string[] = [];
  const next = Array.from({ length: count }, (_, at) => from + at);
  const rss = next.map(() => 0);
  const workers = next.map((first, at) => {
    const argv = [process.execPath, join(import.meta.dir, "history-worker.ts"), form, first, count, to];
    // Workers use all processors, so that none is free for a concurrent garbage collection.
    const env = { ...process.env, BUN_JSC_useConcurrentGC: "0" };
    const child = owned(Bun.spawn(argv.map(String), { env, stdio: ["ignore", "pipe", "inherit"] }));
    const told = follow(child.stdout, (news) => {
      next[at] = news.next;
      rss[at] = news.rss;
      for (const { seed, wrong, events } of news.failed) {
        console.log([`seed ${seed}: ${wrong}`, ...events].join("\n    "));
        failed.push(`seed ${seed}: ${wrong}`);
      }
      if (failed.length >= MAX_SHOWN) stop();
    });
    return { child, told };
  });
  let isStopped = false;
  const stop = () => {
    isStopped = true;
    for (const { child } of workers) child.kill("SIGKILL");
  };
  // All seeds below this one have been run.
  const reached = () => Math.min(...next, to + 1);
  const ran = () => next.reduce((sum, seed, at) => sum + (seed - from - at) / count, 0);
  const tell = () => {
    const rate = ran() / ((performance.now() - beganAt) / 1000);
    const left = Number.isFinite(to) ? `, ${Math.ceil((to - reached() + 1) / rate / 60)} min left` : "";
    const memory = `${Math.round(Math.max(...rss) / 2 ** 20)} MiB each`;
    console.log(
      `${ran()} histories, ${rate.toFixed(1)} a second, ${memory}${left}; --from ${reached()} goes on from here`,
    );
  };
  const progress = setInterval(tell, PROGRESS_MS);
  process.once("exit", tell);
  const limit = Number.isFinite(to) ? undefined : setTimeout(stop, minutes * 60_000);
  await Promise.all(workers.map(({ told }) => told));
  for (const [at, { child }] of workers.entries())
    if ((await child.exited) !== 0 && !isStopped) failed.push(`seed ${next[at]} or one after it: the process ended`);
  clearInterval(progress);
  clearTimeout(limit);
  process.off("exit", tell);
  tell();
  const seen = [`${ran()}, seeds ${from} to ${reached() - 1}`, ...failed].join("\n       ");
  return [{ what: "viewers play, streams have one owner, nothing stays", ok: failed.length === 0 && ran() > 0, seen }];
}

async function follow(output: ReadableStream<Uint8Array>, told: (news: WorkerNews) => void): Promise<void> {
  const decoder = new TextDecoder();
  let rest = "";
  for await (const bytes of output) {
    const lines = (rest + decoder.decode(bytes, { stream: true })).split("\n");
    rest = lines.pop() ?? "";
    for (const line of lines) told(JSON.parse(line) as WorkerNews);
  }
}
