import { describe, expect, test } from "bun:test";
import { readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import * as v from "valibot";
import { rootTable } from "../../../../src/app/config/blocks.ts";
import { loadConfig, parseConfig } from "../../../../src/app/config/index.ts";
import { jsonSchemaOf } from "../../../../src/config/json-schema.ts";
import type { Key } from "../../../../src/config/key.ts";
import { renderToml } from "../../../../src/config/render.ts";
import type { Table } from "../../../../src/config/table.ts";

const folder = join(import.meta.dir, "../../../../conf");
const files = [...new Bun.Glob("**/*.toml").scanSync(folder)].sort();
const srsFiles = [...new Bun.Glob("**/*.conf").scanSync(folder)].sort();

test.each([...files, ...srsFiles])("conf/%s is read without an error, once its example keys are changed", (file) => {
  const path = join(folder, file);
  const text = readFileSync(path, "utf8").replaceAll("CHANGE-ME", "0123456789abcdef");
  expect(parseConfig(text, path).vhost.size).toBeGreaterThan(0);
});

test("the example's keys, which everybody knows, are refused", () => {
  expect(() => loadConfig(join(folder, "access.toml"))).toThrow(
    /publish_keys\[0\]: is the example's key.*\n.*play_keys/,
  );
});

test("the origin of the small cluster forwards to its four edges", () => {
  const origin = loadConfig(join(folder, "origin.toml")).config;
  expect(origin).toMatchObject({ listen: [{ host: "::", port: 1935 }], max_connections: 10240 });
  expect(origin.vhost.get("__defaultVhost__")?.forward.map(({ host, port }) => [host, port])).toEqual([
    ["192.168.1.6", 1935],
    ["192.168.1.6", 1936],
    ["192.168.1.7", 1935],
    ["192.168.1.7", 1936],
  ]);
});

test("the local origin forwards to where the local edges listen", () => {
  const local = (name: string) => loadConfig(join(folder, "local", `${name}.toml`)).config;
  const targets = local("origin")
    .vhost.get("__defaultVhost__")
    ?.forward.map(({ port }) => port);
  expect(targets).toEqual([local("edge-1"), local("edge-2")].flatMap(({ listen }) => listen.map(({ port }) => port)));
});

test("the two servers of the hot backup keep each other's streams on standby", () => {
  const vhost = loadConfig(join(folder, "hot-backup.toml")).config.vhost.get("__defaultVhost__");
  expect(vhost?.publish).toMatchObject({
    on_conflict: "standby",
    switch_after: 1000,
    prefer: [{ param: "role=primary" }],
  });
  expect(vhost?.forward.map(({ host, port }) => [host, port])).toEqual([["192.168.1.8", 1935]]);
});

test("conf/srs.schema.json is what the declarations say (UPDATE_FULL_TOML=1 writes it)", () => {
  const path = join(folder, "srs.schema.json");
  const text = `${JSON.stringify(jsonSchemaOf(rootTable), undefined, 2)}\n`;
  if (Bun.env.UPDATE_FULL_TOML === "1") writeFileSync(path, text);
  expect(readFileSync(path, "utf8")).toBe(text);
});

describe("conf/full.toml", () => {
  const path = join(folder, "full.toml");
  const defaults = parseConfig("", "defaults.toml");

  test("has every key with its documentation, its type and its default (UPDATE_FULL_TOML=1 writes it)", () => {
    const [head = ""] = readFileSync(path, "utf8").split("\n\n", 1);
    const text = `${head}\n\n${renderToml(rootTable, defaults, { annotate: true })}`;
    if (Bun.env.UPDATE_FULL_TOML === "1") writeFileSync(path, text);
    expect(readFileSync(path, "utf8")).toBe(text);
  });

  test("equals the defaults", () => {
    expect(loadConfig(path).config).toEqual(defaults);
  });

  test.each(keysOf(rootTable))("%s is documented in one line, and its default and its example are valid", (_, key) => {
    expect(key.doc).toMatch(/^[^\n]+\.$/);
    expect(key.type).not.toMatch(/ of (?:ms|s) /); // a time takes a text with a unit only if its unit is written out
    expect(v.parse(key.schema, key.toToml(key.default))).toEqual(key.default);
    if (key.example !== undefined) v.parse(key.schema, key.example);
  });
});

function keysOf(table: Table, prefix = ""): [string, Key<unknown>][] {
  return Object.entries(table.entries).flatMap(([name, entry]): [string, Key<unknown>][] => {
    if (entry.kind === "key") return [[prefix + name, entry]];
    return entry.kind === "table" ? keysOf(entry, `${prefix}${name}.`) : keysOf(entry.table, `${prefix}${name}.NAME.`);
  });
}
