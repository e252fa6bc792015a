import { expect } from "bun:test";
import { openBrowser } from "../support/e2e/page/browser.ts";
import { ConsolePage } from "../support/e2e/page/console-page.ts";
import { httpPort } from "../support/e2e/raw-http.ts";
import { RegistryNodes } from "../support/e2e/registry-nodes.ts";
import { Stage } from "../support/e2e/stage.ts";
import { testWith } from "../support/e2e/tools.ts";

const test = testWith("the console of a cluster with a registry", "Redis", "Chromium");

test("The console shows the registry's state and its nodes, in both languages, accessibly", async () => {
  await using stage = new Stage();
  const [browser, nodes] = await Promise.all([openBrowser(), RegistryNodes.start(stage, ["b"])]);
  stage.defer(() => browser.close());
  const { program } = await nodes.add("a", { lines: 'http_api.listen = "127.0.0.1:0"\n' });
  const console = `http://127.0.0.1:${await httpPort(program, "api")}/console/`;
  const open = await ConsolePage.open(browser, console);
  await open.shows(".registry", `redis://127.0.0.1:${nodes.redis.server.port} reachable for`);
  await open.shows(".box.node", "heard of by the registry");
  const violations = async () => {
    const found: string[] = [];
    for (const [language, theme, width] of [
      ["en", "light", 1280],
      ["zh", "dark", 360],
    ] as const) {
      await open.page.setViewport({ width, height: 800 });
      await open.choose(language, theme);
      await open.shows(".registry h3", language === "en" ? "Registry" : "注册中心");
      found.push(...(await open.violations()));
      if ((await open.overflow()) > 0) found.push(`${language}: is wider than its window`);
    }
    await open.choose("en", "light");
    return found;
  };
  expect(await violations()).toEqual([]);
  await nodes.redis.stop();
  await open.shows(".registry .bad", "away for");
  await open.shows(".problems", "The registry is away: redis://127.0.0.1");
  expect(await violations()).toEqual([]);
  expect(open.errors).toEqual([]);
});
