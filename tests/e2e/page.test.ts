import { afterAll, afterEach, beforeAll, describe, expect } from "bun:test";
import { existsSync, mkdtempSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import type { Browser, Page } from "puppeteer-core";
import { clip } from "../support/e2e/clips.ts";
import { publishClip } from "../support/e2e/ffmpeg.ts";
import { HlsEdge } from "../support/e2e/hls.ts";
import { openBrowser, openPage, stateIs, videoOf } from "../support/e2e/page/browser.ts";
import { HlsFiles } from "../support/e2e/page/hls-files.ts";
import { LiveFlv } from "../support/e2e/page/live-flv.ts";
import { MediaServer } from "../support/e2e/page/media-server.ts";
import { httpPort } from "../support/e2e/raw-http.ts";
import { ReloadServer } from "../support/e2e/reload/server.ts";
import { Stage } from "../support/e2e/stage.ts";
import { testWith } from "../support/e2e/tools.ts";
import { until } from "../support/e2e/wait.ts";

const test = testWith("the page in a browser", "FFmpeg", "Chromium");
const runs = test !== test.skip && Bun.which("chromium") !== null && Bun.which("ffmpeg") !== null;

const notLive = { status: 404, text: "no such stream" };
let browser: Browser;
let server: MediaServer;
let live: LiveFlv;
/** What pages threw and complained of, breaches of their policy among it. */
const errors: string[] = [];
let pages: Page[] = [];

beforeAll(async () => {
  if (!runs) return;
  [browser, server] = await Promise.all([openBrowser(), MediaServer.start()]);
  live = new LiveFlv(clip({ seconds: 5 }));
});

afterEach(async () => {
  await Promise.all(pages.map((page) => page.close()));
  pages = [];
  expect(errors.splice(0)).toEqual([]);
});

afterAll(async () => {
  live?.stop();
  await browser?.close();
  await server?.die();
});

async function open(path: string, at = server): Promise<Page> {
  const page = await openPage(browser, at.origin + path, errors);
  pages.push(page);
  return page;
}

/** Waits until the picture has moved on by half a second. */
async function moves(page: Page): Promise<void> {
  const from = (await videoOf(page)).time;
  await page.waitForFunction(
    (time: number) => {
      const { document } = globalThis as unknown as { document: { querySelector(q: string): { currentTime: number } } };
      return document.querySelector("video").currentTime > time + 0.5;
    },
    { polling: 50 },
    from,
  );
}

describe("a live stream", () => {
  test.each(["flv", "ws"])("plays by %s, and keeps the address's parameters", async (way) => {
    server.offer = { flv: live };
    server.asked.length = 0;
    const page = await open(`/live/cam.html?vhost=v&via=${way}&token=a%2Bb`);
    await stateIs(page, "playing");
    await moves(page);
    expect(await videoOf(page)).toMatchObject({ width: 320 });
    expect(server.asked).toEqual(["/live/cam.flv?vhost=v&token=a%2Bb"]);
    expect(await page.title()).toBe("live/cam – live");
  });

  test("plays by HLS, and shows its figures when the viewer asks", async () => {
    const hls = new HlsFiles(clip({ seconds: 5 }));
    try {
      server.offer = { hlsFolder: hls.folder };
      const page = await open("/live/cam?via=hls");
      await stateIs(page, "playing");
      await moves(page);
      await page.keyboard.press("d");
      await page.waitForFunction(`/320 × 180.*H\\.264.*AAC.*HLS/.test(document.querySelector("#figures").textContent)`);
      expect(await page.$eval("#details", (button) => button.getAttribute("aria-expanded"))).toBe("true");
    } finally {
      await hls.stop();
    }
  });

  test("is no longer loaded during a pause, and is live again after it", async () => {
    server.offer = { flv: live };
    const page = await open("/live/cam");
    await stateIs(page, "playing");
    await page.keyboard.press("k");
    await stateIs(page, "paused", "Back to live");
    await until("no viewer", () => live.viewers === 0);
    await page.keyboard.press("k");
    await stateIs(page, "playing");
    await moves(page);
  });

  test("continues by another protocol when the viewer chooses one", async () => {
    server.offer = { flv: live };
    const page = await open("/live/cam?token=1");
    await stateIs(page, "playing");
    await page.select("#way", "ws");
    await stateIs(page, "connecting");
    await stateIs(page, "playing");
    expect(new URL(page.url()).search).toBe("?token=1&via=ws");
  });
});

describe("without a picture, the page shows the state", () => {
  test("of a stream that is not live, for which it waits", async () => {
    server.offer = notLive;
    const page = await open("/live/cam");
    await stateIs(page, "waiting", "Not live yet");
    server.offer = { flv: live };
    await stateIs(page, "playing");
  });

  test("of a stream that has ended and may come back", async () => {
    server.offer = { flv: live };
    const page = await open("/live/cam");
    await stateIs(page, "playing");
    server.offer = notLive;
    server.endViewers();
    await stateIs(page, "waiting", "The stream has ended");
    server.offer = { flv: live };
    await stateIs(page, "playing");
    await moves(page);
  });

  test("of a refusal, in the server's text, also for screen readers", async () => {
    server.offer = { status: 403, text: "the signature <b>has expired</b>" };
    for (const way of ["flv", "ws", "hls"]) {
      const page = await open(`/live/cam?via=${way}`);
      await stateIs(page, "waiting", "The signature <b>has expired</b>.");
      expect(await page.$eval("[role=status]", (status) => status.textContent)).toContain("has expired");
    }
  });

  test("of a codec that the browser can't play, by its name", async () => {
    const path = join(mkdtempSync(join(tmpdir(), "flv-")), "old.flv");
    const picture = ["-f", "lavfi", "-i", "testsrc2=size=320x180:rate=25", "-t", "2", "-c:v", "flv"];
    Bun.spawnSync(["ffmpeg", "-hide_banner", "-loglevel", "error", ...picture, path]);
    const old = new LiveFlv(path);
    try {
      server.offer = { flv: old };
      const page = await open("/live/cam");
      await stateIs(page, "waiting", "no decoder for Sorenson H.263");
    } finally {
      old.stop();
    }
  });

  test("of a browser that needs a click first, for which it has a button", async () => {
    server.offer = { flv: live };
    const page = await open("/live/none");
    await page.evaluateOnNewDocument(`
      const play = HTMLMediaElement.prototype.play;
      let allowed = false; // the browser's own flag is set by whoever evaluates something in the page
      addEventListener("click", () => (allowed = true), true);
      HTMLMediaElement.prototype.play = function () {
        return allowed ? play.call(this) : Promise.reject(new DOMException("no", "NotAllowedError"));
      };`);
    await page.goto(`${server.origin}/live/cam`);
    await stateIs(page, "blocked", "Click to play");
    await page.click("#start");
    await stateIs(page, "playing");
    expect(await videoOf(page)).toMatchObject({ muted: true });
    await page.click("#sound");
    expect(await videoOf(page)).toMatchObject({ muted: false });
  });
});

test("a page with a second server in its address plays from there when the first dies", async () => {
  const [first, second] = await Promise.all([MediaServer.start(), MediaServer.start()]);
  try {
    first.offer = { flv: live };
    second.offer = { flv: live };
    const also = encodeURIComponent(`${second.origin}/live/cam`);
    const page = await open(`/live/cam?token=1&also=${also}`, first);
    await stateIs(page, "playing");
    expect(second.asked).toEqual([]);
    await first.die();
    await until("the second server is asked", () => second.asked.length > 0);
    await stateIs(page, "playing");
    await moves(page);
    expect(second.asked).toEqual(["/live/cam.flv?token=1"]);
  } finally {
    await Promise.all([first.die(), second.die()]);
  }
});

test("a name in the address is shown as text only", async () => {
  server.offer = notLive;
  const page = await open(`/live/${encodeURIComponent(`"><img src=x onerror=document.title='x'>`)}`);
  await stateIs(page, "waiting");
  expect(await page.$eval("#name", (name) => name.childElementCount)).toBe(0);
  expect(await page.$eval("#name", (name) => name.textContent)).toBe(`live/"><img src=x onerror=document.title='x'>`);
});

test("the executable serves the page with all its files, and the list of streams links to it", async () => {
  await using stage = new Stage();
  const list = '[http_server]\nlisten = "127.0.0.1:0"\n[http_server.page]\nlist_streams = true\n';
  const srs = await ReloadServer.start(stage, list);
  const origin = `http://127.0.0.1:${await httpPort(srs.program)}`;
  publishClip(stage, clip({ seconds: 5 }), `rtmp://127.0.0.1:${srs.port}/live/a%26b`);
  await srs.program.line(/publish started/);
  const page = await openPage(browser, `${origin}/`, errors);
  pages.push(page);
  await page.waitForSelector("li a");
  await Promise.all([page.waitForNavigation(), page.click("li a")]);
  await page.waitForSelector("#player[data-state]");
  expect(await page.$eval("#name", (name) => name.textContent)).toBe("live/a%26b");
});

test("a page with a second server in its address plays HLS from there without a new start", async () => {
  const hls = new HlsFiles(clip({ seconds: 5 }));
  const [first, second] = await Promise.all([MediaServer.start(), MediaServer.start()]);
  try {
    await until("a playlist", () => existsSync(join(hls.folder, "live.m3u8")));
    first.offer = { hlsFolder: hls.folder };
    second.offer = { hlsFolder: hls.folder };
    const also = encodeURIComponent(`${second.origin}/live/cam`);
    const page = await open(`/live/cam?via=hls&token=1&also=${also}`, first);
    await stateIs(page, "playing");
    await moves(page);
    await page.evaluate(
      `document.querySelector("video").addEventListener("emptied", () => (document.title = "emptied"))`,
    );
    expect(second.asked).toEqual([]);
    await first.die();
    await until("the second server is asked twice", () => second.asked.length > 1);
    await moves(page);
    await stateIs(page, "playing");
    expect(await page.title()).not.toBe("emptied");
    expect(new Set(second.asked)).toEqual(new Set(["/live/cam.m3u8?token=1&hls_ctx=7"]));
  } finally {
    await Promise.all([first.die(), second.die(), hls.stop()]);
  }
});

test("the executable's HLS plays in its page", async () => {
  await using stage = new Stage();
  const edge = await HlsEdge.start(stage, "edge");
  publishClip(stage, clip({ seconds: 20 }), edge.rtmp);
  await edge.program.line(/publish started/);
  const page = await openPage(browser, edge.url.replace(/\.m3u8$/, "?via=hls"), errors);
  pages.push(page);
  await stateIs(page, "playing");
  await moves(page);
});

test("HLS starts anew by itself when the encoder comes back without sound", async () => {
  await using stage = new Stage();
  const edge = await HlsEdge.start(stage, "edge", { more: 'hls_format = "ts"' });
  const loop = ["-stream_loop", "-1"];
  const encoder = publishClip(stage, clip({ seconds: 8 }), edge.rtmp, { input: loop });
  await edge.program.line(/publish started/);
  const page = await openPage(browser, edge.page("hls"), errors);
  pages.push(page);
  await stateIs(page, "playing");
  await until("it plays", async () => (await videoOf(page)).frames > 25);
  await encoder.kill();
  publishClip(stage, clip({ seconds: 8, audio: false }), edge.rtmp, { input: loop, name: "encoder without sound" });
  await stateIs(page, "waiting");
  await stateIs(page, "playing");
  await until("it plays on", async () => (await videoOf(page)).frames > 100);
});

test("a page plays by what its server has switched on, and says what is off", async () => {
  await using stage = new Stage();
  const flv = { on: "flv", off: "hls", words: "HLS is switched off here", more: "" };
  const remux = "[vhost.__defaultVhost__.http_remux]\nenabled = false\n";
  const hls = { on: "hls", off: "flv", words: "Playing .flv over HTTP is switched off here", more: remux };
  for (const { on, off, words, more } of [flv, hls]) {
    const table = on === "hls" ? "[vhost.__defaultVhost__.hls]\nenabled = true\nhls_fragment = 1\n" : "";
    const srs = await ReloadServer.start(stage, `[http_server]\nlisten = "127.0.0.1:0"\n${table}${more}`, `of ${on}`);
    const url = `http://127.0.0.1:${await httpPort(srs.program)}/live/show`;
    publishClip(stage, clip({ seconds: 20 }), `rtmp://127.0.0.1:${srs.port}/live/show`, { name: `encoder of ${on}` });
    await srs.program.line(/publish started/);
    const page = await openPage(browser, url, errors);
    pages.push(page);
    await stateIs(page, "playing");
    await page.goto(`${url}?via=${off}`);
    await stateIs(page, "waiting", words);
  }
});
