import fc from "fast-check";
import { rootTable } from "../../src/app/config/blocks.ts";
import { type Config, ConfigErrors, parseConfig } from "../../src/app/config/index.ts";
import type { JsonSchema } from "../../src/config/json.ts";
import type { Key } from "../../src/config/key.ts";
import { quote, showPath } from "../../src/config/show.ts";
import type { Table } from "../../src/config/table.ts";

/** Every key of a table with its path, the tables by name in the place of their name. */
export function keysOf(table: Table, name: string, path: readonly string[] = []): [readonly string[], Key<unknown>][] {
  return Object.entries(table.entries).flatMap(([part, entry]): [readonly string[], Key<unknown>][] => {
    const at = [...path, part];
    if (entry.kind === "key") return [[at, entry]];
    return entry.kind === "table" ? keysOf(entry, name, at) : keysOf(entry.table, name, [...at, name]);
  });
}

/** A key's value as TOML writes it: any number that it takes, any of its words, its example. */
export function arbitraryValue(key: Key<unknown>): fc.Arbitrary<string> {
  const known = [key.toToml(key.default), ...(key.example === undefined ? [] : [key.example])];
  const written = known.map((value) => (typeof value === "string" ? quote(value) : JSON.stringify(value)));
  return fc.oneof(fc.constantFrom(...written), key.isList ? fc.constantFrom(...written) : bySchema(key.json, written));
}

function bySchema(json: JsonSchema, otherwise: readonly string[]): fc.Arbitrary<string> {
  if (json.enum !== undefined) return fc.constantFrom(...json.enum.map((word) => JSON.stringify(word)));
  if (json.const !== undefined) return fc.constant(JSON.stringify(json.const));
  if (json.anyOf !== undefined) return fc.oneof(...json.anyOf.map((each) => bySchema(each, otherwise)));
  if (json.type === "boolean") return fc.boolean().map(String);
  if (json.type === "integer") return fc.integer({ min: json.minimum ?? 0, max: json.maximum ?? 0 }).map(String);
  return fc.constantFrom(...otherwise);
}

/** Configurations in TOML, any keys with any values; some contradict themselves and are refused by the loader. */
export const arbitraryToml: fc.Arbitrary<string> = fc
  .uniqueArray(fc.constantFrom("__defaultVhost__", "live.example.com", "b"), { maxLength: 3 })
  .chain((names) => {
    const paths = new Map<string, [readonly string[], Key<unknown>]>();
    for (const name of names.length > 0 ? names : ["__defaultVhost__"]) {
      for (const each of keysOf(rootTable, name)) paths.set(showPath(each[0]), each);
    }
    const lines = [...paths].map(([path, [, key]]) =>
      fc
        .option(arbitraryValue(key), { freq: 3, nil: undefined })
        .map((value) => (value === undefined ? "" : `${path} = ${value}\n`)),
    );
    // A table that has keys already can't be opened again.
    const headers = (text: string) =>
      names
        .flatMap((name) => (text.includes(`${showPath(["vhost", name])}.`) ? [] : `[vhost.${quote(name)}]\n`))
        .join("");
    // Most have something in these that does not go together.
    const kept = fc
      .nat(3)
      .map((sort) => (line: string) => sort === 0 || !/^(?:rtmps|proxy_protocol|http_api)\.|\.transcode\./.test(line));
    return fc.tuple(kept, ...lines).map(([keep, ...all]) => {
      const text = all.filter(keep).join("");
      return text + headers(text);
    });
  });

/** The configuration, or undefined when it is refused as it should be. */
export function configOrRefusal(text: string, fileName: string): Config | undefined {
  try {
    return parseConfig(text, fileName);
  } catch (error) {
    if (error instanceof ConfigErrors) return undefined;
    throw error;
  }
}

/** The mistakes that reading a configuration throws, one line each; none if it is right. */
export function errorsOf(read: () => unknown): readonly string[] {
  try {
    read();
  } catch (error) {
    if (error instanceof ConfigErrors) return error.lines;
    throw error;
  }
  return [];
}
