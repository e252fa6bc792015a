import { describe, expect, test } from "bun:test";
import { readFileSync } from "node:fs";
import { dirname, join, relative } from "node:path";
import { Ajv } from "ajv";
import fc from "fast-check";
import { parse } from "smol-toml";
import { rootTable } from "../../../src/app/config/blocks.ts";
import { jsonSchemaOf } from "../../../src/config/json-schema.ts";
import { arbitraryToml, configOrRefusal } from "../../support/config.ts";

const folder = join(import.meta.dir, "../../../conf");
const files = [...new Bun.Glob("**/*.toml").scanSync(folder)].sort();
const isValid = new Ajv({ strictTypes: false }).compile(jsonSchemaOf(rootTable));

describe.each(files)("conf/%s", (file) => {
  const text = readFileSync(join(folder, file), "utf8");

  test("is valid according to the schema", () => {
    expect({ valid: isValid(parse(text)), errors: isValid.errors ?? [] }).toEqual({ valid: true, errors: [] });
  });

  test("names the schema for editors", () => {
    const [, named] = /^#:schema (\S+)$/m.exec(text) ?? [];
    expect(relative(folder, join(folder, dirname(file), named ?? ""))).toBe("srs.schema.json");
  });
});

test("every file that the loader accepts is valid according to the schema", () => {
  let taken = 0;
  fc.assert(
    fc.property(arbitraryToml, (text) => {
      if (configOrRefusal(text, "x.toml") === undefined) return;
      taken++;
      expect({ text, valid: isValid(parse(text)), errors: isValid.errors ?? [] }).toMatchObject({ valid: true });
    }),
    { numRuns: 60 },
  );
  expect(taken).toBeGreaterThan(8);
});

test.each([
  "max_connections = { file = '/run/x' }",
  "[vhost.a]\nforward = ['b', { file = '/run/x' }]",
  "listen = ['[::1]:1935', 1936]",
])("%s is valid", (text) => {
  expect(isValid(parse(text))).toBe(true);
});

test.each([
  "lisen = 1935",
  "gop_cache = true",
  "listen = true",
  "max_connections = 0",
  "max_connections = 1.5",
  "max_connections = '5'",
  "log = 'info'",
  "log.level = 'trace'",
  "vhost = 1",
  "vhost.a = true",
  "[[vhost]]",
  "[vhost.a]\ngop_cache = 'on'",
  "[vhost.a]\nmw_latency = '350'",
  "[vhost.a]\nforward = [1935]",
  "[vhost.a.publish]\ngrac = 3",
  "[vhost.a]\nforward = { fil = '/run/x' }",
])("%j is not valid, and the loader refuses it too", (text) => {
  expect(isValid(parse(text))).toBe(false);
  expect(configOrRefusal(text, "x.toml")).toBeUndefined();
});
