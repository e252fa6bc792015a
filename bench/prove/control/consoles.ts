import type { Browser } from "puppeteer-core";
import { openBrowser } from "../../../tests/support/e2e/page/browser.ts";
import { ConsolePage } from "../../../tests/support/e2e/page/console-page.ts";
import type { Stage } from "../../../tests/support/e2e/stage.ts";
import { cpuOf } from "../../compare/usage.ts";
import { growthOf } from "../../growth.ts";
import type { Finding } from "../proof.ts";

/** Opens a console in a browser of its own, as browsers slow down pages in the background. */
export async function openConsole(stage: Stage, url: string): Promise<ConsolePage> {
  const browser: Browser = await openBrowser();
  stage.defer(() => browser.close());
  return ConsolePage.open(browser, url);
}

/** How long an asynchronous call takes, ms. */
export async function timeOf(run: () => Promise<unknown>): Promise<number> {
  const from = performance.now();
  await run();
  return Math.round(performance.now() - from);
}

/** The finding that times are within a limit, ms. */
export function within(what: string, times: readonly number[], limitMs: number): Finding {
  const sorted = times.toSorted((a, b) => a - b);
  const [median = 0, max = Number.POSITIVE_INFINITY] = [sorted[sorted.length >> 1], sorted.at(-1)];
  const seen = `${times.length} times, ${median} ms in the median, ${max} ms at most (limit ${limitMs} ms)`;
  return { what, ok: max <= limitMs, seen };
}

/** The finding that pages had no errors. */
export function withoutErrors(pages: readonly ConsolePage[]): Finding {
  const errors = pages.flatMap((page) => page.errors);
  return {
    what: "errors in the page",
    ok: errors.length === 0,
    seen: errors.length === 0 ? "none" : errors.join("; "),
  };
}

/** A page's memory, elements and listeners, after a garbage collection. */
export async function use({ page }: ConsolePage): Promise<{ heap: number; elements: number; listeners: number }> {
  const client = await page.createCDPSession();
  await client.send("HeapProfiler.collectGarbage");
  await client.detach();
  const { JSHeapUsedSize = 0, Nodes = 0, JSEventListeners = 0 } = await page.metrics();
  return { heap: JSHeapUsedSize / 2 ** 20, elements: Nodes, listeners: JSEventListeners };
}

/** The finding that a value has not grown; `samples` has one value a second. */
export function grownOf(what: string, samples: readonly number[]): Finding {
  const growth = growthOf(samples);
  if (growth === undefined) return { what, ok: false, seen: "too short to tell" };
  const { earlyMib, lateMib, grown } = growth;
  const told = grown === undefined ? " (the run is too short to tell growth)" : "";
  return { what, ok: grown !== true, seen: `${earlyMib.toFixed(1)}, at the end ${lateMib.toFixed(1)}${told}` };
}

/** CPU usage of a process in the next `ms`, percent of a core. */
export async function cpuIn(pid: number, ms: number): Promise<number> {
  const [from, before] = [performance.now(), cpuOf(pid)];
  await Bun.sleep(ms);
  return (100_000 * (cpuOf(pid) - before)) / (performance.now() - from);
}
