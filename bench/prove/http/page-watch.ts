import { join } from "node:path";
import type { Browser, Page } from "puppeteer-core";
import { urisOf } from "../../../tests/support/e2e/hls.ts";
import { openBrowser, openPage, stateIs } from "../../../tests/support/e2e/page/browser.ts";
import { pictureAge } from "../../../tests/support/e2e/page/clock-encoder.ts";
import type { Stage } from "../../../tests/support/e2e/stage.ts";
import { until } from "../../../tests/support/e2e/wait.ts";
import { withoutParts } from "../../../tests/support/low-latency.ts";
import { readMedia } from "../../../tests/support/playlists.ts";
import type { Finding } from "../proof.ts";

/** The ways in which a page plays. */
const WAYS = ["flv", "ws", "hls"] as const;
/** Wait until the effects of the stream's start are over. */
const SETTLE_MS = 6000;

/** What was seen of a page since it was last read. */
interface Seen {
  /** The longest time in which the picture did not move, ms. */
  readonly longestStillMs: number;
  /** How often the picture did not move for more than a second. */
  readonly stalls: number;
  /** The states of the player, in their order. */
  readonly states: readonly string[];
}

/** Notes ten times a second whether the picture has moved on, and the player's state. */
const WATCH = `(() => {
  const [video, player] = [document.querySelector("video"), document.querySelector("#player")];
  const fresh = () => ({ longestStillMs: 0, stalls: 0, states: [] });
  let [seen, time, frames, movedAt, stalled] = [fresh(), 0, 0, performance.now(), false];
  globalThis.takeSeen = () => { const was = seen; seen = fresh(); movedAt = performance.now(); return was; };
  setInterval(() => {
    const now = performance.now();
    const { totalVideoFrames } = video.getVideoPlaybackQuality();
    if (video.currentTime > time + 0.01 && totalVideoFrames !== frames) [movedAt, stalled] = [now, false];
    [time, frames] = [video.currentTime, totalVideoFrames];
    seen.longestStillMs = Math.max(seen.longestStillMs, Math.round(now - movedAt));
    if (now - movedAt > 1000 && !stalled) [seen.stalls, stalled] = [seen.stalls + 1, true];
    const { state } = player.dataset;
    if (seen.states.at(-1) !== state) seen.states.push(state);
  }, 100);
})()`;

/** Pages of one stream, one for each way, each in a browser of its own, as browsers slow down pages in the background. */
export class PageWatch {
  readonly #pages: { readonly way: string; readonly page: Page; readonly errors: string[] }[] = [];

  private constructor() {}

  /** Opens a page for each way, once the playlist lists a whole buffer for HLS viewers, and waits until all play. */
  static async open(
    stage: Stage,
    address: (way: string) => string,
    ways: readonly string[] = WAYS,
  ): Promise<PageWatch> {
    const watch = new PageWatch();
    if (ways.includes("hls")) await wholeBufferListed(address("hls"));
    const browsers: Browser[] = await Promise.all(ways.map(() => openBrowser()));
    stage.defer(() => Promise.all(browsers.map((browser) => browser.close())));
    for (const [at, way] of ways.entries()) {
      const errors: string[] = [];
      const browser = browsers[at];
      if (browser === undefined) continue;
      watch.#pages.push({ way, page: await openPage(browser, address(way), errors), errors });
    }
    for (const { page } of watch.#pages) await stateIs(page, "playing");
    await Bun.sleep(SETTLE_MS);
    for (const { page } of watch.#pages) await page.evaluate(WATCH);
    return watch;
  }

  /**
   * The findings since the watch began: each page must play at the end, have no error, and not have stood still for longer than its way's
   * `limitMs`. A screenshot of each is written to `folder`.
   */
  async findings(proof: string, folder: string, limitMs: Readonly<Record<string, number>>): Promise<Finding[]> {
    const found: Finding[] = [];
    for (const { way, page, errors } of this.#pages) {
      const { longestStillMs, stalls, states } = (await page.evaluate("takeSeen()")) as Seen;
      await page.screenshot({ path: join(folder, `${proof}-${way}.png`) });
      const size = (await page.evaluate(`document.querySelector("video").videoWidth`)) as number;
      const ok = longestStillMs <= (limitMs[way] ?? 0) && states.at(-1) === "playing" && errors.length === 0;
      const told = errors.length === 0 ? "" : `, errors: ${errors.join("; ")}`;
      const seen = `stood still for ${longestStillMs} ms at most, ${stalls} times over a second, ${states.join(" > ")}, ${size} wide`;
      found.push({ what: way, ok, seen: `${seen}${told}` });
    }
    return found;
  }

  /** The age of the first page's pictures, by the clock in them, measured for `seconds`; ms. */
  async ages(seconds: number): Promise<number[]> {
    const [first] = this.#pages;
    const ages: number[] = [];
    for (let at = 0; at < seconds * 5 && first !== undefined; at++) {
      ages.push(await pictureAge(first.page));
      await Bun.sleep(200);
    }
    return ages.sort((a, b) => a - b);
  }

  /** Shows the details of each page, which include its delay. */
  async showDetails(): Promise<void> {
    for (const { page } of this.#pages) await page.keyboard.press("d");
  }

  /** The delay that each page shows, s. */
  async delays(): Promise<Record<string, number>> {
    const delays: Record<string, number> = {};
    for (const { way, page } of this.#pages) {
      const text = (await page.evaluate(`document.querySelector("#figures").textContent`)) as string;
      delays[way] = Number(/Delay([\d.]+) s/.exec(text)?.[1] ?? Number.NaN);
    }
    return delays;
  }
}

/** Waits until the playlist of a page's stream lists a player's whole buffer: three target durations. */
async function wholeBufferListed(page: string): Promise<void> {
  const first = page.replace(/\?.*/, ".m3u8");
  const [link = ""] = urisOf(await (await fetch(first)).text());
  await until("a whole buffer is listed", async () => {
    const { segments, targetDuration } = readMedia(withoutParts(await (await fetch(new URL(link, first))).text()));
    return segments.reduce((sum, { duration }) => sum + duration, 0) >= 3 * targetDuration;
  });
}

/** The same limit for all ways. */
export function forAllWays(limitMs: number): Record<string, number> {
  return Object.fromEntries(WAYS.map((way) => [way, limitMs]));
}
