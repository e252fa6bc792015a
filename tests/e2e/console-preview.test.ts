import { afterAll, beforeAll, describe, expect } from "bun:test";
import type { Browser, Frame } from "puppeteer-core";
import { clip } from "../support/e2e/clips.ts";
import { publishClip } from "../support/e2e/ffmpeg.ts";
import { openBrowser } from "../support/e2e/page/browser.ts";
import { ConsolePage } from "../support/e2e/page/console-page.ts";
import type { Program } from "../support/e2e/program.ts";
import { httpPort } from "../support/e2e/raw-http.ts";
import { ReloadServer } from "../support/e2e/reload/server.ts";
import { Stage } from "../support/e2e/stage.ts";
import { testWith } from "../support/e2e/tools.ts";
import { WAIT_LIMIT_MS } from "../support/limits.ts";

const test = testWith("the console's preview", "FFmpeg", "Chromium");
const runs = test !== test.skip;

let stage: Stage;
let browser: Browser;
let server: ReloadServer;
let ports: { rtmp: number; http: number; api: number };
let open: ConsolePage;
let preview: Frame;
let encoders = 0;

const toml = ({ rtmp, http, api } = ports) =>
  [`listen = "127.0.0.1:${rtmp}"`, `http_server.listen = "127.0.0.1:${http}"`, `http_api.listen = "127.0.0.1:${api}"`]
    .concat("http_api.max_requests_per_minute = 100000", "[vhost.__defaultVhost__]")
    .concat('publish.on_conflict = "standby"', "publish.grace = 0\n")
    .join("\n");

const encode = (): Program =>
  publishClip(stage, clip({ seconds: 5 }), server.url("live/show"), {
    input: ["-stream_loop", "-1"],
    name: `encoder${++encoders}`,
  });

beforeAll(async () => {
  if (!runs) return;
  stage = new Stage();
  [browser, server] = await Promise.all([openBrowser(), ReloadServer.start(stage, toml({ rtmp: 0, http: 0, api: 0 }))]);
  const [http, api] = await Promise.all([httpPort(server.program), httpPort(server.program, "api")]);
  ports = { rtmp: server.port, http, api };
  open = await ConsolePage.open(browser, `http://127.0.0.1:${api}/console/`);
});

afterAll(async () => {
  await browser?.close();
  await stage?.[Symbol.asyncDispose]();
});

/** Waits until the preview plays, and its picture goes on. */
async function plays(): Promise<void> {
  const goesOn = (): boolean => {
    const page = globalThis as unknown as {
      seen: number | undefined;
      document: { querySelector(query: string): { dataset: Record<string, string>; currentTime: number } | null };
    };
    const time = page.document.querySelector("#player[data-state=playing] video")?.currentTime;
    const hasMoved = time !== undefined && page.seen !== undefined && time > page.seen;
    page.seen = time ?? page.seen;
    return hasMoved;
  };
  await preview.evaluate(() => Object.assign(globalThis, { seen: undefined }));
  await preview.waitForFunction(goesOn, { timeout: WAIT_LIMIT_MS, polling: 200 });
}

describe("The console's preview", () => {
  test("goes on by itself when another source takes over, and when the encoder is started again", async () => {
    let [first, second] = [encode(), undefined as Program | undefined];
    await open.go("streams");
    await open.click("/live/show");
    await open.click("Show the preview");
    const frame = await (await open.page.waitForSelector("iframe"))?.contentFrame();
    if (!frame) throw new Error("there is no preview");
    preview = frame;
    await plays();
    second = encode();
    await open.shows("tbody tr", "standby");
    await open.click(await open.page.$eval("tbody button", (button) => button.ariaLabel ?? ""));
    await open.shows("[role=status]", "is active now.");
    await plays();
    await Promise.all([first.kill(), second.kill()]);
    await preview.waitForSelector("#player:not([data-state=playing])");
    await open.shows("[role=status]", "The stream is not here any more.");
    first = encode();
    await plays();
    await open.hides("[role=status]", "The stream is not here any more.");
  });

  test("goes on by itself when the server is started again", async () => {
    await server.program.kill();
    await open.shows(".standing", "The server has not answered since");
    server = await ReloadServer.start(stage, toml(), "again");
    encode();
    await plays();
    expect(open.errors).toEqual([]);
  });

  test("says that the console must be loaded again for viewers' addresses that are newer than it is", async () => {
    const moved = await ReloadServer.start(stage, 'http_api.listen = "127.0.0.1:0"\n', "moved");
    const api = await httpPort(moved.program, "api");
    publishClip(stage, clip({ seconds: 5 }), moved.url("live/show"), { input: ["-stream_loop", "-1"], name: "other" });
    const other = await ConsolePage.open(browser, `http://127.0.0.1:${api}/console/`);
    await other.go("streams");
    await other.click("/live/show");
    await other.shows("section", "There is no preview: the server has no http_server");
    const listen = `listen = "127.0.0.1:${moved.port}"\nhttp_api.listen = "127.0.0.1:${api}"\n`;
    await moved.reload(`${listen}http_server.listen = "127.0.0.1:0"\n`);
    await other.click("Show the preview");
    await other.shows("[role=alert]", "The server's addresses for viewers have changed");
    await other.page.click("section [role=alert] button");
    await other.click("Show the preview");
    const frame = await (await other.page.waitForSelector("iframe"))?.contentFrame();
    await frame?.waitForSelector("#player[data-state=playing]");
    await other.page.close();
  });
});
