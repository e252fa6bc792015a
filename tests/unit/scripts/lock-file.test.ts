import { expect, test } from "bun:test";
import { readFileSync } from "node:fs";
import { join } from "node:path";

interface LockedPackage {
  readonly resolved?: string;
  readonly integrity?: string;
}

const text = readFileSync(join(import.meta.dir, "../../../package-lock.json"), "utf8");
const { "": root, ...packages } = (JSON.parse(text) as { packages: Record<string, LockedPackage> }).packages;

test("every package in the lock file, for every platform, is known by its content", () => {
  expect(root).toBeDefined();
  expect(Object.keys(packages).length).toBeGreaterThan(0);
  const unknown = Object.entries(packages).filter(
    ([, { integrity }]) => !/^sha512-[\w+/]{86}==$/.test(integrity ?? ""),
  );
  expect(unknown.map(([name]) => name)).toEqual([]);
});

test("no package in the lock file has an address", () => {
  expect(Object.entries(packages).flatMap(([name, { resolved }]) => (resolved === undefined ? [] : [name]))).toEqual(
    [],
  );
});
