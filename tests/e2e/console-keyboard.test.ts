import { afterAll, afterEach, beforeAll, describe, expect } from "bun:test";
import type { Browser } from "puppeteer-core";
import { openBrowser } from "../support/e2e/page/browser.ts";
import { ConsolePage } from "../support/e2e/page/console-page.ts";
import { httpPort } from "../support/e2e/raw-http.ts";
import { ReloadServer, sendGop } from "../support/e2e/reload/server.ts";
import { Stage } from "../support/e2e/stage.ts";
import { testWith } from "../support/e2e/tools.ts";
import { until } from "../support/e2e/wait.ts";

const test = testWith("the console by the keyboard", "Chromium");
const runs = test !== test.skip;

/** Nobody listens at the target, so that the forward waits for its next attempt. */
const SERVER = [
  "[vhost.__defaultVhost__]",
  'forward = "127.0.0.1:9"',
  'publish.on_conflict = "standby"',
  "publish.grace = 0",
  "publish.normal_timeout = 600_000",
  '[vhost."tv.example.com"]\n',
].join("\n");

let stage: Stage;
let browser: Browser;
let server: ReloadServer;
let api: number;
let open: ConsolePage;

const url = () => `http://127.0.0.1:${api}/console/`;
const toml = (port: number, apiPort: number) =>
  `listen = "127.0.0.1:${port}"\nhttp_api.listen = "127.0.0.1:${apiPort}"\nhttp_api.max_requests_per_minute = 100000\n${SERVER}`;

beforeAll(async () => {
  if (!runs) return;
  stage = new Stage();
  [browser, server] = await Promise.all([openBrowser(), ReloadServer.start(stage, toml(0, 0))]);
  api = await httpPort(server.program, "api");
  open = await ConsolePage.open(browser, url());
});

afterEach(() => {
  expect(open?.errors.splice(0) ?? []).toEqual([]);
});

afterAll(async () => {
  await browser?.close();
  await stage?.[Symbol.asyncDispose]();
});

/** Opens another console in front of the first one, which asks nothing meanwhile. */
async function another(address: string, run: (other: ConsolePage) => Promise<void>): Promise<void> {
  const other = await ConsolePage.open(browser, address);
  try {
    await run(other);
    expect(other.errors).toEqual([]);
  } finally {
    await other.page.close();
  }
}

/** The name of what has the focus. */
function focused(): Promise<string> {
  return open.page.evaluate(
    `(() => { const { activeElement: at } = document; return at === document.body ? "nothing" : at.ariaLabel ?? at.textContent; })()`,
  ) as Promise<string>;
}

/** Goes on by the tabulator until this has the focus. */
async function tabTo(name: string): Promise<void> {
  const passed: string[] = [];
  for (let steps = 0; steps < 150; steps++) {
    await open.page.keyboard.press("Tab");
    passed.push(await focused());
    if (passed.at(-1) === name) return;
  }
  throw new Error(`no ${name} among ${passed.join(", ")}`);
}

async function press(name: string): Promise<void> {
  await tabTo(name);
  await open.page.keyboard.press("Enter");
}

describe("The console by the keyboard alone", () => {
  test("retries, pauses and resumes a forward, and the focus stays where it was", async () => {
    sendGop(await server.publish(), 0, 5);
    await open.go("relays");
    await open.shows("tr", "waiting");
    await press("Retry f1");
    await open.shows("[role=status]", "f1: done.");
    await press("Pause f1");
    await open.shows("tr", "paused");
    expect(await focused()).toBe("Resume f1");
    await open.page.keyboard.press("Enter");
    await open.hides("tr", "paused");
    expect(await focused()).toBe("Pause f1");
  });

  test("makes another source active, and keeps the focus there", async () => {
    sendGop(await server.publish(), 0, 5);
    await open.go("streams");
    await press("/live/show");
    await open.shows("tbody tr", "standby");
    const spare = await open.page.$eval("tbody button", (button) => button.ariaLabel ?? "");
    await press(spare);
    await open.shows("[role=status]", "is active now.");
    // Its button is that of the other source now; the next key does not lead back to the menu.
    await open.page.keyboard.press("Tab");
    expect(await focused()).not.toBe("Skip to content");
  });

  test("kicks a client with a ban, and lifts the ban of its address again", async () => {
    const players = [await server.play("watched"), await server.play("watched")];
    await open.go("clients");
    await open.page.type("input[type=search]", "watched");
    const ids = await open.rowsWith("watched");
    expect(ids).toHaveLength(2);
    await press(`Send away: ${ids[0]}`);
    await open.shows("dialog", `Send the client ${ids[0]} away?`);
    await tabTo("not at all1 min10 min1 h1 d");
    await open.page.keyboard.press("ArrowDown");
    await press("Send away");
    await open.shows("[role=status]", `${ids[0]} was sent away.`);
    await until("one is gone", () => players.filter(({ closed }) => closed).length === 1);
    await open.hides("tbody th", ids[0] ?? "");
    await open.shows("section", "Addresses that are kept away");
    await press("Let in again: 127.0.0.1");
    await open.shows("[role=status]", "127.0.0.1 may come again.");
    await open.hides("section", "Addresses that are kept away");
  });

  test("goes through a long list page by page, and the focus stays on the button", async () => {
    const other = await server.play("other");
    const players = await Promise.all(Array.from({ length: 60 }, () => server.play("crowd")));
    using atTheEnd = new DisposableStack();
    for (const player of [other, ...players]) atTheEnd.defer(() => player.abort());
    // Not by the page that has another search.
    await open.go("streams");
    await open.go("clients");
    await open.shows("tbody tr", "/live/other");
    await open.page.type("input[type=search]", "crowd");
    // The rows that are searched replace the others, and with them what has the focus.
    await open.hides("tbody tr", "/live/other");
    await open.shows(".pager", "From 1 to 25");
    await press("Later");
    await open.shows(".pager", "From 26 to 50");
    expect(await focused()).toBe("Later");
    await open.page.keyboard.press("Enter");
    await open.shows(".pager", "From 51 to 60");
    // It leads no further, but is still the place where the keyboard is.
    expect(await focused()).toBe("Later");
  });
});

describe("The console", () => {
  test("follows an address that changes before the page is drawn for the first time", async () => {
    await another("about:blank", async (other) => {
      // The page is told to go on in the moment in which it is drawn, before it listens for changes of its address.
      await other.page.evaluateOnNewDocument(() => {
        const { document, MutationObserver, history } = globalThis as unknown as {
          document: object;
          MutationObserver: new (seen: () => void) => { observe(what: object, how: object): void; disconnect(): void };
          history: { replaceState(state: null, title: string, url: string): void };
        };
        const observer = new MutationObserver(() => {
          const { querySelector } = document as { querySelector(query: string): object | null };
          if (querySelector.call(document, "#app > *") === null) return;
          observer.disconnect();
          history.replaceState(null, "", "#/log");
        });
        observer.observe(document, { childList: true, subtree: true });
      });
      await other.page.goto(`${url()}#/streams`);
      await other.shows("h1", "The last lines of the log");
    });
  });

  test("says that the stream whose clients it shows has ended", async () => {
    const publisher = await server.publish("short");
    sendGop(publisher, 0, 5);
    await open.go("clients", "?stream=/live/short");
    await open.shows("tbody tr", "/live/short");
    publisher.abort();
    await open.shows("[role=status]", "The stream is not here any more.");
  });

  test("names the vhost of a stream, its clients and its relays, where it is not the default one", async () => {
    const publisher = await server.publish("show?vhost=tv.example.com");
    sendGop(publisher, 0, 5);
    for (const page of ["streams", "clients"] as const) {
      await open.go(page);
      await open.shows("tbody tr", "tv.example.com/live/show");
    }
  });

  test("shows the version, the time and the memory of its server, and that a reload was refused", async () => {
    server.write(`${toml(server.port, api)}\nnothing = 1\n`);
    expect((await fetch(`http://127.0.0.1:${api}/api/v1/reload`, { method: "POST" })).status).toBe(409);
    await open.page.goto("about:blank");
    await open.go("overview");
    await open.shows(".problems", "The last reload was refused: ");
    for (const name of ["Version", "Up for", "Memory"]) await open.shows(".figures", name);
  });

  test("stops asking about a client when a restarted server has given the client's id to another one", async () => {
    let small = await ReloadServer.start(stage, 'http_api.listen = "127.0.0.1:0"\n', "small");
    const smallApi = await httpPort(small.program, "api");
    const fixed = `listen = "127.0.0.1:${small.port}"\nhttp_api.listen = "127.0.0.1:${smallApi}"\n`;
    await small.play();
    await another(`http://127.0.0.1:${smallApi}/console/`, async (other) => {
      await other.go("clients");
      const [id] = await other.rowsWith("/live/show");
      await other.click(`Send away: ${id}`);
      await other.shows("dialog", `Send the client ${id} away?`);
      await small.program.kill();
      small = await ReloadServer.start(stage, fixed, "small");
      await small.play("another");
      expect(await other.rowsWith("/live/another")).toEqual([id ?? ""]);
      await other.hides("dialog", "away?");
    });
  });

  test("continues the log of a restarted server after the lines from before", async () => {
    await open.go("streams");
    await open.go("log");
    await open.shows(".log", "listening rtmp=");
    const before = (await open.page.$$(".log div")).length;
    const { port } = server;
    await server.program.kill();
    server = await ReloadServer.start(stage, toml(port, api), "again");
    await open.hides(".standing", "The server has not answered since");
    const count = await until("two starts", async () => {
      const lines = await open.page.$$eval(".log div", (all) => all.map(({ textContent }) => textContent ?? ""));
      const starts = lines.flatMap((line, at) => (line.includes("listening rtmp=") ? [at] : []));
      return starts.length === 2 && (starts[1] ?? 0) >= before ? lines.length : undefined;
    });
    expect(count).toBeGreaterThan(before);
  });

  test("says how many lines of the log it has left out, as the server has kept only the last ones", async () => {
    await open.go("log");
    await open.shows(".log", "listening rtmp=");
    await open.click("Hold");
    sendGop(await server.publish("logged"), 0, 5);
    const answer = await fetch(`http://127.0.0.1:${api}/api/v1/streams?search=logged`);
    const [stream] = ((await answer.json()) as { streams: { id: string; publish: { cid: string } }[] }).streams;
    if (stream === undefined) throw new Error("the stream is not listed");
    // Each is a line.
    const body = JSON.stringify({ source: stream.publish.cid });
    for (let count = 0; count < 520; count++)
      await fetch(`http://127.0.0.1:${api}/api/v1/streams/${stream.id}/switch`, { method: "POST", body });
    await open.click("Go on");
    await open.shows(".log div", "lines are left out …");
    const lines = await open.page.$$eval(".log div", (all) => all.map(({ textContent }) => textContent ?? ""));
    const at = lines.findIndex((line) => line.includes("lines are left out …"));
    expect([at > 0, lines.length - at]).toEqual([true, 501]);
  });
});
