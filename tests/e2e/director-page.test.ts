import { expect } from "bun:test";
import type { Page } from "puppeteer-core";
import { clip } from "../support/e2e/clips.ts";
import { DirectorNodes } from "../support/e2e/director-nodes.ts";
import { publishClip } from "../support/e2e/ffmpeg.ts";
import { openBrowser, openPage, stateIs, videoOf } from "../support/e2e/page/browser.ts";
import { Stage } from "../support/e2e/stage.ts";
import { testWith } from "../support/e2e/tools.ts";
import { until } from "../support/e2e/wait.ts";

const test = testWith("the director's pages in a browser", "FFmpeg", "Chromium");

/** A page, and the URL that its media came from last. */
interface Opened {
  readonly page: Page;
  from: string;
}

test.each(["flv", "hls"])("the page's player continues at another edge when its own is killed: by %s", async (way) => {
  await using stage = new Stage();
  const edge = (name: string) => ({ name, named: true, origin: "origin" });
  const origin = { name: "origin", named: true, cluster: "weight = 0" };
  const nodes = await DirectorNodes.start(stage, [{ name: "front" }, origin, edge("a"), edge("b")]);
  publishClip(stage, clip({ seconds: 8 }), nodes.of("origin").server.url("live/show"), {
    input: ["-stream_loop", "-1"],
  });
  await nodes.streams("front", ["origin"]);
  const browser = await openBrowser();
  stage.defer(() => browser.close());
  const errors: string[] = [];
  const open = async (): Promise<Opened> => {
    const page = await openPage(browser, "about:blank", errors);
    const opened: Opened = { page, from: "" };
    page.on("response", (response) => {
      const url = response.url();
      if (response.status() === 200 && /\.(?:flv|ts)(?:\?|$)/.test(url)) opened.from = url;
    });
    await page.goto(`${nodes.of("front").http}/live/show?via=${way}`, { waitUntil: "domcontentloaded" });
    await stateIs(page, "playing");
    return opened;
  };
  const viewer = await open();
  const first = await until("media", () => (viewer.from === "" ? undefined : nodes.nameOf(viewer.from)));
  expect(["a", "b"]).toContain(first);
  const { time } = await videoOf(viewer.page);
  await nodes.of(first).server.program.kill();
  await until("media from elsewhere", () => nodes.nameOf(viewer.from) !== first);
  await stateIs(viewer.page, "playing");
  await until("a picture that moves", async () => (await videoOf(viewer.page)).time > time + 1);
  await viewer.page.close();
  expect(errors).toEqual([]);
});
