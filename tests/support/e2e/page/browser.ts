import { mkdtempSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import puppeteer, { type Browser, type Page } from "puppeteer-core";
import { WAIT_LIMIT_MS } from "../../limits.ts";

/** Starts a headless Chromium. `autoplay`: whether it plays sound without a click. */
export async function openBrowser(autoplay = true): Promise<Browser> {
  return puppeteer.launch({
    executablePath: Bun.which("chromium") ?? "chromium",
    headless: true,
    userDataDir: mkdtempSync(join(tmpdir(), "chromium-")),
    args: [
      ...["--no-sandbox", "--mute-audio", "--disable-gpu", "--disable-dev-shm-usage", "--no-first-run"],
      ...(autoplay ? ["--autoplay-policy=no-user-gesture-required"] : []),
    ],
  });
}

/** Opens an address; what the page logs as an error, or throws, goes to `errors`. */
export async function openPage(browser: Browser, url: string, errors: string[] = []): Promise<Page> {
  const page = await browser.newPage();
  await page.setViewport({ width: 1280, height: 800 });
  page.on("pageerror", (error) => errors.push(String(error)));
  page.on("console", (message) => {
    // Refused media are not the page's fault.
    if (message.type() === "error" && !/^Failed to load resource|^WebSocket connection/.test(message.text()))
      errors.push(message.text());
  });
  await page.goto(url, { waitUntil: "domcontentloaded" });
  return page;
}

/** Waits until the page is in a state, `playing`, `waiting`, …, and shows a text. */
export async function stateIs(page: Page, state: string, text = ""): Promise<void> {
  const wanted = (wantedState: string, wantedText: string): boolean => {
    const { document } = globalThis as unknown as {
      document: { querySelector(query: string): { dataset: Record<string, string>; textContent: string } | null };
    };
    const player = document.querySelector("#player");
    return player?.dataset.state === wantedState && player.textContent.includes(wantedText);
  };
  await page.waitForFunction(wanted, { timeout: WAIT_LIMIT_MS, polling: 50 }, state, text);
}

/** What the video element is at. */
export async function videoOf(
  page: Page,
): Promise<{ time: number; width: number; muted: boolean; frames: number; rate: number }> {
  return page.$eval("video", (element) => {
    const video = element as unknown as {
      currentTime: number;
      videoWidth: number;
      muted: boolean;
      playbackRate: number;
      getVideoPlaybackQuality(): { totalVideoFrames: number };
    };
    return {
      time: video.currentTime,
      width: video.videoWidth,
      muted: video.muted,
      rate: video.playbackRate,
      frames: video.getVideoPlaybackQuality().totalVideoFrames,
    };
  });
}

/** The addresses that the page has loaded so far: the first 250, as browsers keep no more. */
export async function askedBy(page: Page): Promise<string[]> {
  return (await page.evaluate(`performance.getEntriesByType("resource").map(({ name }) => name)`)) as string[];
}
