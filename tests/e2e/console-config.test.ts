import { afterAll, afterEach, beforeAll, describe, expect } from "bun:test";
import type { Browser } from "puppeteer-core";
import { Client } from "../support/e2e/client.ts";
import { openBrowser } from "../support/e2e/page/browser.ts";
import { ConsolePage } from "../support/e2e/page/console-page.ts";
import { httpPort } from "../support/e2e/raw-http.ts";
import { ReloadServer, sendGop } from "../support/e2e/reload/server.ts";
import { Stage } from "../support/e2e/stage.ts";
import { testWith } from "../support/e2e/tools.ts";
import { until } from "../support/e2e/wait.ts";

const test = testWith("the console's pages of the configuration, of targets and of a client", "Chromium");
const runs = test !== test.skip;

/** A key and a program that would become elements if a page used texts as markup. */
const MARKUP = "<img src=x onerror=alert(1)>";
const USERS =
  '[http_api.user.eye]\npassword = "only to read"\n[http_api.user.ops]\npassword = "for all of it"\nrole = "admin"\n';
/** Publishers say nothing while pages are looked at. */
const SILENT = "publish.normal_timeout = 600_000\n";

let stage: Stage;
let browser: Browser;
let server: ReloadServer;
let ports: { rtmp: number; http: number; api: number };
let open: ConsolePage;

/** A configuration; `more` begins the lines before the first table. */
function toml(more = "", { rtmp, http, api } = ports): string {
  const listen = `listen = "127.0.0.1:${rtmp}"\nhttp_server.listen = "127.0.0.1:${http}"\nhttp_api.listen = "127.0.0.1:${api}"\n`;
  const forward = 'forward = "rtmp://127.0.0.1:9/live/[stream]?key=hush"';
  return `${more}${listen}http_api.max_requests_per_minute = 100000\n${USERS}[vhost.__defaultVhost__]\n${forward}\n${SILENT}`;
}

beforeAll(async () => {
  if (!runs) return;
  stage = new Stage();
  [browser, server] = await Promise.all([
    openBrowser(),
    ReloadServer.start(stage, toml("", { rtmp: 0, http: 0, api: 0 })),
  ]);
  const [http, api] = await Promise.all([httpPort(server.program), httpPort(server.program, "api")]);
  ports = { rtmp: server.port, http, api };
  await server.reload(toml());
  open = await ConsolePage.open(browser, `http://127.0.0.1:${api}/console/`);
  await open.signIn("ops", "for all of it");
  await open.shows(".who", "ops, may change");
});

afterEach(() => {
  expect(open?.errors.splice(0) ?? []).toEqual([]);
});

afterAll(async () => {
  await browser?.close();
  await stage?.[Symbol.asyncDispose]();
});

const textOf = (query: string) => open.page.$eval(query, ({ textContent }) => textContent ?? "");

/** Presses the button, and confirms. */
async function reload(): Promise<void> {
  await open.click("Reload the file");
  await open.shows("dialog", "Reload the configuration's file?");
  await open.click("Reload");
}

describe("The console's page of the configuration", () => {
  test("shows what differs from the defaults with its line in the file, or every key, without secrets", async () => {
    await open.go("config");
    const conf = stage.path("server.toml");
    await open.shows(".figures", conf);
    await open.shows(".toml", "max_requests_per_minute");
    const changed = await textOf(".toml");
    expect(changed).toMatch(/max_requests_per_minute = 100000 {2}# .*server\.toml:\d+/);
    expect(changed).not.toContain("# default");
    await open.page.click(".filter input");
    await open.shows(".toml", "gop_cache = true  # default");
    const all = await textOf(".toml");
    for (const text of [changed, all]) {
      expect(text).toContain('forward = "rtmp://127.0.0.1:9/live/***"');
      for (const secret of ["hush", "for all of it", "only to read"]) expect(text).not.toContain(secret);
    }
    expect(await open.violations()).toEqual([]);
  });

  test("reloads the file, and says what took effect and what waits for a restart", async () => {
    await open.go("config");
    server.write(toml('chunk_size = 4096\nforward_state = "/nowhere/forwards.json"\n'));
    await reload();
    await open.shows("[role=status]", "The file was reloaded.");
    await open.shows(".lines", "reloaded; changed: chunk_size");
    await open.shows("h3", "Waits for a restart");
    await open.shows(".lines", "forward_state: targets are read from it at the start");
    await open.shows(".toml", "chunk_size = 4096");
    expect(await open.violations()).toEqual([]);
    await open.go("overview");
    await open.shows(".problems a", "The file has changes that wait for a restart: forward_state");
    await open.go("actions");
    await open.shows("tbody tr", "opsPOST /api/v1/reloaddone");
  });

  test("says why a file is refused, with its line, and that nothing has changed", async () => {
    await open.go("config");
    server.write(`"${MARKUP}" = 1\n${toml()}`);
    await reload();
    await open.shows("[role=status]", "The file is wrong; everything goes on as before.");
    await open.shows(".lines", "server.toml:2: ");
    await open.shows(".lines", MARKUP);
    expect(await open.page.$("img")).toBeNull();
    await open.shows(".toml", "chunk_size = 4096");
    await open.go("actions");
    await open.shows("tbody tr", "409 the configuration is refused");
    await open.go("config");
    server.write(toml());
    await reload();
    await open.shows(".lines", "reloaded; changed: chunk_size");
    await open.hides("h3", "refused");
    await open.hides("h3", "Waits for a restart");
  });

  test("shows that the file was reloaded or refused elsewhere", async () => {
    await open.go("config");
    server.write(`nothing = 1\n${toml()}`);
    server.program.signal("SIGHUP");
    await server.program.line(/configuration not reloaded/);
    await open.lookAgain();
    await open.shows(".lines", "server.toml:2: ");
    await server.reload(toml());
    await open.lookAgain();
    await open.hides("h3", "refused");
  });

  test("may be reloaded by nobody who may only see", async () => {
    await open.click("Sign out");
    await open.signIn("eye", "only to read");
    await open.shows(".who", "eye, may only see");
    await open.go("config");
    await open.shows("button:disabled", "Reload the file");
    await open.go("relays");
    await open.shows("h2", "Added targets");
    expect(await open.page.$(".add-target")).toBeNull();
    await open.click("Sign out");
    await open.signIn("ops", "for all of it");
    await open.shows(".who", "ops, may change");
  });
});

describe("The console's list of added targets", () => {
  test("adds a target for one stream, shows it without its secrets, and removes it", async () => {
    sendGop(await server.publish("extra"), 0, 5);
    await open.go("relays");
    await open.page.type("input[name=target]", "rtmp://127.0.0.1:9/live/extra?key=private");
    await open.page.type("input[name=stream]", "extra");
    await open.click("Add the target");
    await open.shows("[role=status]", "The target was added.");
    await open.shows("tr", "rtmp://127.0.0.1:9/live/***");
    await open.shows("tr", "*/*/extra");
    expect(await textOf("main")).not.toContain("private");
    expect(await open.page.$eval("input[name=target]", (input) => (input as unknown as { value: string }).value)).toBe(
      "",
    );
    expect(await open.violations()).toEqual([]);
    await open.click("Remove rtmp://127.0.0.1:9/live/***");
    await open.shows("[role=status]", "t1 was removed.");
    await open.hides("tr", "*/*/extra");
    await open.go("actions");
    await open.shows("tbody tr", "DELETE /api/v1/targets/t1");
    expect(await textOf("main")).not.toContain("private");
  });

  test("says why a target is refused, and keeps what was written", async () => {
    await open.go("relays");
    await open.page.type("input[name=target]", MARKUP);
    await open.page.type("input[name=vhost]", "nowhere");
    await open.click("Add the target");
    await open.shows("[role=status]", "no vhost of this name");
    expect(await open.page.$eval("input[name=target]", (input) => (input as unknown as { value: string }).value)).toBe(
      MARKUP,
    );
    expect(await open.page.$("img")).toBeNull();
  });
});

describe("The console's page of a client", () => {
  test("shows the URLs and the program that an RTMP client names, without secrets, as text", async () => {
    const client = await Client.connect(stage, {
      port: server.port,
      tcUrl: `rtmp://127.0.0.1:${server.port}/live?token=private`,
      properties: { flashVer: MARKUP, pageUrl: "https://tv.example.com/now", swfUrl: "https://tv.example.com/p.swf" },
    });
    await client.startPublish("named");
    await open.go("clients");
    await open.page.type("input[type=search]", "tv.example.com");
    const [id = ""] = await open.rowsWith("/live/named");
    await open.click(id);
    await open.shows("h1", id);
    for (const text of [
      MARKUP,
      "https://tv.example.com/now",
      "https://tv.example.com/p.swf",
      "127.0.0.1:",
      "/live?***",
    ])
      await open.shows(".figures", text);
    expect(await textOf("main")).not.toContain("private");
    expect(await open.page.$("img, .figures a")).toBeNull();
    expect(await open.violations()).toEqual([]);
    await open.click("Send away");
    await open.shows("dialog", `Send the client ${id} away?`);
    await open.page.click("dialog .danger");
    await open.shows("[role=status]", "The client is not here any more.");
    await until("it is gone", () => client.closed);
  });

  test("shows the page in which a viewer over HTTP watches, and the viewer's program", async () => {
    sendGop(await server.publish("watched"), 0, 5);
    const headers = { "user-agent": "tv-set/7", referer: "https://tv.example.com/live?token=private" };
    const watching = await fetch(`http://127.0.0.1:${ports.http}/live/watched.flv`, { headers });
    await open.go("clients");
    await open.page.type("input[type=search]", "tv-set");
    const [id = ""] = await open.rowsWith("tv-set/7");
    await open.click(id);
    await open.shows(".figures", "tv-set/7");
    await open.shows(".figures", "https://tv.example.com/live?***");
    // Until here, as the runtime ends a request whose answer nobody has.
    await watching.body?.cancel();
    await open.shows("[role=status]", "The client is not here any more.");
  });
});
