import { expect, test } from "bun:test";
import { readFileSync } from "node:fs";
import { join } from "node:path";
import { parseConfig } from "../../../src/app/config/index.ts";
import { ApiStage } from "../../support/api-stage.ts";
import { promtoolFor } from "../../support/promtool.ts";

const root = join(import.meta.dir, "../../..");
const text = (path: string) => readFileSync(join(root, path), "utf8");
const promtool = promtoolFor("tests/unit/docs/api.test.ts");

/** The names of all metrics that a server has. */
async function metricNames(): Promise<Set<string>> {
  const stage = new ApiStage();
  const written = (await stage.call("/metrics")).text;
  return new Set([...written.matchAll(/^# TYPE (\w+)/gm)].map(([, name = ""]) => name));
}

test("docs/api.md names every call, and its configuration is valid", () => {
  const doc = text("docs/api.md");
  for (const { path } of new ApiStage().api.operations) {
    const [, , , first = "", ...rest] = path.split("/");
    const last = rest.at(-1);
    expect(doc).toContain(first);
    if (last !== undefined && !last.startsWith("{")) expect(doc).toContain(last);
  }
  const [, block = ""] = /^```toml\n(.*?)^```/ms.exec(doc) ?? [];
  expect(parseConfig(block, "api.toml").http_api.user.get("ops")?.role).toBe("admin");
});

test.each(["conf/prometheus/srs.rules.yml", "conf/prometheus/grafana.json"])(
  "%s queries metrics that exist",
  async (path) => {
    const names = await metricNames();
    const used = new Set(
      [...text(path).matchAll(/\b(?:srs|process)_\w+/g)].map(([name]) => name.replace(/_bucket$/, "")),
    );
    expect(used.size).toBeGreaterThan(5);
    expect([...used].filter((name) => !names.has(name))).toEqual([]);
  },
);

test("the dashboard is JSON, with a query in each panel", () => {
  const { panels } = JSON.parse(text("conf/prometheus/grafana.json")) as { panels: { targets: { expr: string }[] }[] };
  expect(panels.length).toBeGreaterThan(10);
  for (const { targets } of panels) expect(targets[0]?.expr).toBeTruthy();
});

test.skipIf(promtool === undefined)("promtool accepts the alert rules", () => {
  const { exitCode } = Bun.spawnSync([promtool ?? "", "check", "rules", join(root, "conf/prometheus/srs.rules.yml")]);
  expect(exitCode).toBe(0);
});
