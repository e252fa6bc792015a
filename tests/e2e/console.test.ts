import { afterAll, afterEach, beforeAll, describe, expect } from "bun:test";
import type { Browser } from "puppeteer-core";
import { clip } from "../support/e2e/clips.ts";
import { ConsoleCluster } from "../support/e2e/console-cluster.ts";
import { publishClip } from "../support/e2e/ffmpeg.ts";
import { otherVersion, UpgradableServer } from "../support/e2e/other-version.ts";
import { openBrowser } from "../support/e2e/page/browser.ts";
import { ConsolePage, consolePages } from "../support/e2e/page/console-page.ts";
import { httpPort } from "../support/e2e/raw-http.ts";
import { ReloadServer, sendGop } from "../support/e2e/reload/server.ts";
import { Stage } from "../support/e2e/stage.ts";
import { testWith } from "../support/e2e/tools.ts";
import { until } from "../support/e2e/wait.ts";

const test = testWith("the console in a browser", "FFmpeg", "Chromium");
const runs = test !== test.skip;

/** The name of a stream that would be an element, if a page made markup of names. */
const MARKUP = "<img src=x onerror=alert(1)>\"'";
const names = Object.keys(consolePages) as (keyof typeof consolePages)[];

let stage: Stage;
let browser: Browser;
let cluster: ConsoleCluster;
let open: ConsolePage;

beforeAll(async () => {
  if (!runs) return;
  stage = new Stage();
  [browser, cluster] = await Promise.all([openBrowser(), ConsoleCluster.start(stage, true)]);
  const origin = cluster.of("origin");
  publishClip(stage, clip({ seconds: 5 }), origin.url("live/show"), { input: ["-stream_loop", "-1"] });
  const sources = [await origin.publish(MARKUP), await origin.publish(MARKUP)];
  for (const source of sources) sendGop(source, 0, 5);
  await cluster.watch("show");
  open = await ConsolePage.open(browser, cluster.consoleOf("origin"));
});

afterEach(() => {
  expect(open?.errors.splice(0) ?? []).toEqual([]);
});

afterAll(async () => {
  await browser?.close();
  await stage?.[Symbol.asyncDispose]();
});

/** Makes the open console that of another user. */
async function signInAs(name: string, password: string): Promise<void> {
  if (open.page.url().includes("/console/") && (await open.page.$(".who button")) !== null)
    await open.click("Sign out");
  await open.signIn(name, password);
  await open.shows(".who", name);
}

describe("The console", () => {
  test("shows nothing before a user has signed in, and reports a wrong password", async () => {
    await open.shows("h1", "srs console");
    expect(await open.violations()).toEqual([]);
    await open.signIn("ops", "a wrong password");
    await open.shows("[role=alert]", "The name or the password is wrong.");
    expect(await open.page.$(".picture")).toBeNull();
    await open.signIn("ops", "for all of it");
    await open.shows(".who", "ops, may change");
  });

  test("draws the cluster: encoders, the origin, four edges and their viewers, with what flows between them", async () => {
    await open.go("overview");
    await open.shows(".box.encoders", "3 encoders");
    for (const name of ["a", "b"]) await open.shows(".box.node", `127.0.0.1:${cluster.of(name).port} alive`);
    await until("four edges fed by this server", async () => {
      const fed = await open.page.$$eval(".box.node .incoming .running", (lines) =>
        lines.map(({ textContent }) => textContent),
      );
      return fed.filter((line) => line?.startsWith("from this server:")).length === 4;
    });
    await open.shows(".box.viewers", "1 viewer");
    await until("a line for each", async () => (await open.page.$$(".picture path")).length === 7);
  });

  test("shows that an edge was killed, and that it has returned", async () => {
    await open.go("overview");
    const { port } = cluster.of("a");
    await cluster.of("a").program.kill();
    await open.shows(".box.node.dead", `127.0.0.1:${port}`);
    await open.shows(".box.node.dead .failing", "connection refused");
    await open.shows(".problems", `of this server to 127.0.0.1:${port} fail`);
    await cluster.start("a");
    await open.hides(".box.node.dead", `127.0.0.1:${port}`);
    await open.shows(".box.node.alive .incoming .running", "from this server: 2 running");
  });

  test("shows that a stopped edge does not answer, and that it runs again", async () => {
    await open.go("overview");
    const { port, program } = cluster.of("d");
    program.signal("SIGSTOP");
    await open.shows(".box.node.dead", `127.0.0.1:${port}`);
    program.signal("SIGCONT");
    await open.hides(".box.node.dead", `127.0.0.1:${port}`);
    await open.shows(".box.node.alive", `127.0.0.1:${port}`);
  });

  test("shows names of streams as text, even if they look like markup", async () => {
    // The stream's sources are silent, which is unhealthy; what somebody sent to the API is remembered.
    const body = JSON.stringify({ target: MARKUP });
    const authorization = `Basic ${btoa("ops:for all of it")}`;
    const targets = cluster.consoleOf("origin").replace("console/", "api/v1/targets");
    expect((await fetch(targets, { method: "POST", body, headers: { authorization } })).status).toBe(400);
    for (const page of ["streams", "clients", "relays", "health", "log", "actions"] as const) {
      await open.go(page);
      await open.shows("main", "<img src=x onerror=alert(1)>");
      expect(await open.page.$("img")).toBeNull();
    }
    await open.go("streams");
    await open.click(`/live/${MARKUP}`);
    await open.shows("h1", `/live/${MARKUP}`);
    expect(await open.page.$("img")).toBeNull();
  });

  test("switches sources, pauses and resumes forwards, kicks clients, and lists who did it", async () => {
    await open.go("streams");
    await open.click(`/live/${MARKUP}`);
    await open.shows("tbody tr", "standby");
    const standby = await open.page.$$eval("tbody th", ([, second]) => second?.textContent ?? "");
    await open.click(`Make active: ${standby}`);
    await open.shows("[role=status]", "is active now.");

    await open.go("relays");
    await open.click("Pause f1");
    await open.shows("tr", "paused");
    await open.click("Resume f1");
    await open.shows("[role=status]", "f1: done.");
    await open.hides("tr", "paused");

    await open.go("clients");
    await open.page.type("input[type=search]", "img src");
    const [id = ""] = await open.rowsWith("img src");
    await open.click(`Send away: ${id}`);
    await open.shows("dialog", `Send the client ${id} away?`);
    expect(await open.violations()).toEqual([]);
    await open.page.keyboard.press("Escape");
    await open.hides("dialog", id);
    await open.click(`Send away: ${id}`);
    await open.page.select("dialog select", "60");
    await open.page.click("dialog .danger");
    await open.shows("[role=status]", `${id} was sent away.`);
    await open.hides("tbody th", id);

    await open.go("actions");
    for (const what of ["/switch", "/forwards/f1/pause", `DELETE /api/v1/clients/${id}`])
      await open.shows("tbody tr", what);
    await open.shows("tbody tr", "ops");
  });

  test("previews a stream by its own page", async () => {
    await open.go("streams");
    await open.click("/live/show");
    await open.click("Show the preview");
    const frame = await (await open.page.waitForSelector("iframe"))?.contentFrame();
    await frame?.waitForSelector("#player[data-state=playing]");
    await open.click("Hide the preview");
    await open.hides("button", "Hide the preview");
  });

  test("sends requests to no host except its own server", () => {
    expect([...open.origins].every((origin) => origin.startsWith("http://127.0.0.1:") || origin === "null")).toBe(true);
    expect(open.origins.size).toBeLessThanOrEqual(3);
  });

  test.each([
    ["en", "light", 1280],
    ["zh", "dark", 360],
  ] as const)("is accessible in %s and %s on a page %i pixels wide, and fits it", async (language, theme, width) => {
    await open.page.setViewport({ width, height: 800 });
    const found: string[] = [];
    for (const page of names) {
      await open.page.goto(`${cluster.consoleOf("origin")}#/${page}`);
      await open.choose(language, theme);
      await open.page.waitForSelector(
        page === "overview" ? ".chart canvas" : page === "log" ? ".log div" : "table, .soft",
      );
      found.push(...(await open.violations()).map((line) => `${page}: ${line}`));
      if ((await open.overflow()) > 0) found.push(`${page}: is wider than its window`);
    }
    await open.choose("en", "light");
    await open.page.setViewport({ width: 1280, height: 800 });
    expect(found).toEqual([]);
  });

  test("can be used by the keyboard: the first key skips the menu", async () => {
    await signInAs("ops", "for all of it");
    await open.page.keyboard.press("Tab");
    expect(await open.focused()).toBe(".skip");
    await open.page.keyboard.press("Enter");
    expect(await open.focused()).toBe("content.");
  });

  test("lets a user with the right to view change nothing", async () => {
    await signInAs("eye", "only to read");
    await open.shows(".who", "eye, may only see");
    await open.go("clients");
    await open.page.waitForSelector("tbody button");
    expect(
      await open.page.$$eval("tbody button", (all) =>
        all.every((button) => (button as unknown as { disabled: boolean }).disabled),
      ),
    ).toBe(true);
  });

  test("shows buttons by the user's role, also when that changes while the page is open", async () => {
    await signInAs("ops", "for all of it");
    await open.go("clients");
    await cluster.mayChange(false);
    await open.lookAgain();
    await open.shows(".who", "ops, may only see");
    expect(await open.page.$("tbody button:not(:disabled)")).toBeNull();
    await cluster.mayChange(true);
    await open.lookAgain();
    await open.shows(".who", "ops, may change");
    expect(await open.page.$("tbody button:disabled")).toBeNull();
  });

  test("shows the first of many unhealthy streams, and leads to all of them, page by page", async () => {
    const many = await ReloadServer.start(stage, 'http_api.listen = "127.0.0.1:0"\n', "many");
    // Silent after their first pictures.
    const sources = await Promise.all(Array.from({ length: 30 }, (_, at) => many.publish(`s${at}`)));
    for (const source of sources) sendGop(source, 0, 5);
    const url = `http://127.0.0.1:${await httpPort(many.program, "api")}/console/`;
    const other = await ConsolePage.open(browser, url);
    await other.shows(".box.node", "This server alive");
    await other.go("health");
    const hasRows = (count: number) =>
      until(
        `${count} rows`,
        async () => (await other.page.$$("section:first-of-type tbody tr, main > table tbody tr")).length === count,
      );
    await hasRows(25);
    await other.click("All unhealthy streams");
    await other.shows("h1", "Streams");
    await hasRows(25);
    await other.click("Later");
    await hasRows(5);
    expect(other.errors).toEqual([]);
    await other.page.close();
  });

  test("offers to reload when its server was upgraded to another version", async () => {
    const upgraded = await UpgradableServer.start(stage, 'http_api.listen = "127.0.0.1:0"', "upgraded");
    const api = await httpPort(upgraded.server.program, "api");
    const other = await ConsolePage.open(browser, `http://127.0.0.1:${api}/console/`);
    await other.shows(".box.node", "This server alive");
    await upgraded.upgrade();
    await other.lookAgain();
    await other.shows(".standing", `The server is another version now (${otherVersion}).`);
    await other.loadAgain();
    await other.hides(".standing", "another version");
    await other.shows(".box.node", "This server alive");
    expect(other.errors).toEqual([]);
    await other.page.close();
  });

  test("says that its server has not answered while that is stopped", async () => {
    await signInAs("ops", "for all of it");
    await open.go("overview");
    await open.shows(".box.node", "This server alive");
    cluster.of("origin").program.signal("SIGSTOP");
    await open.shows(".standing", "The server has not answered since");
    await open.shows(".box.node", "This server alive");
    cluster.of("origin").program.signal("SIGCONT");
    await open.hides(".standing", "The server has not answered since");
  });

  test("continues when its server is started again, and asks for a sign-in if the user no longer exists", async () => {
    await signInAs("ops", "for all of it");
    await open.go("overview");
    await cluster.of("origin").program.kill();
    await open.shows(".standing", "The server has not answered since");
    await cluster.start("origin");
    await open.hides(".standing", "The server has not answered since");
    await open.shows(".box.node", "This server alive");
    await cluster.withoutUser("ops");
    await open.shows("[role=alert]", "The server no longer accepts the sign-in.");
    expect(await open.page.$(".picture")).toBeNull();
  });
});
