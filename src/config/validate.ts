import * as v from "valibot";
import type { Key } from "./key.ts";
import { type Path, show, showPath } from "./show.ts";
import { type NamedTables, namePlaceholder, type Table, type ValueOf } from "./table.ts";
import { isTree, type Tree } from "./tree.ts";
import { unknownKey } from "./unknown.ts";

/** One thing wrong with a configuration. */
export interface Problem {
  readonly path: Path;
  readonly message: string;
}

interface Walk {
  readonly root: Table;
  /** The root's own values read so far; inherited keys use them. */
  readonly rootValues: Record<string, unknown>;
  readonly problems: Problem[];
}

/** Validates a parsed document against its declaration. Without problems the values are complete: defaults replace absent keys. */
export function validate<T extends Table>(root: T, input: Tree): { values: ValueOf<T>; problems: Problem[] } {
  const walk: Walk = { root, rootValues: {}, problems: [] };
  readTable(walk, root, input, [], walk.rootValues);
  // The walk follows the declaration from which ValueOf infers the type.
  return { values: walk.rootValues as ValueOf<T>, problems: walk.problems };
}

function readTable(walk: Walk, table: Table, input: Tree, path: Path, values: Record<string, unknown>): void {
  for (const name of Object.keys(input)) {
    if (Object.hasOwn(table.entries, name)) continue;
    const message = unknownKey(walk.root, table, path, name, input[name]);
    walk.problems.push({ path: [...path, name], message });
  }
  for (const [name, entry] of Object.entries(table.entries)) {
    const value = Object.hasOwn(input, name) ? input[name] : undefined;
    const at = [...path, name];
    if (entry.kind === "key") {
      values[name] = readKey(walk, entry, value, at);
    } else if (entry.kind === "table") {
      const inner: Record<string, unknown> = {};
      readTable(walk, entry, treeOf(walk, value, at, `a table, [${showPath(at)}]`), at, inner);
      values[name] = inner;
    } else {
      values[name] = readNamed(walk, entry, value, at);
    }
  }
}

function readKey(walk: Walk, key: Key<unknown>, value: unknown, path: Path): unknown {
  if (value === undefined) return key.inherits ? walk.rootValues[String(path.at(-1))] : key.default;
  const result = v.safeParse(key.schema, value, { abortPipeEarly: true });
  if (result.success) return result.output;
  for (const issue of result.issues) {
    // A single item without a list has no index.
    const inside = Array.isArray(value) ? (issue.path ?? []).map((item) => item.key) : [];
    walk.problems.push({ path: [...path, ...inside.filter(isPathPart)], message: issue.message });
  }
  return key.default;
}

function readNamed(walk: Walk, entry: NamedTables, value: unknown, path: Path): Map<string, unknown> {
  const tables = new Map<string, unknown>();
  const input = treeOf(walk, value, path, `tables by name, [${showPath(path)}.${namePlaceholder}]`);
  const names = Object.keys(input);
  const implied = entry.implied === undefined ? [] : [entry.implied];
  for (const name of names.length > 0 ? names : implied) {
    const at = [...path, name];
    const problem = entry.nameProblem(name);
    if (problem !== undefined) walk.problems.push({ path: at, message: problem });
    const inner: Record<string, unknown> = {};
    const nameless = isTree(input[name]) ? undefined : withoutName(entry, path, name);
    if (nameless !== undefined) walk.problems.push({ path: at, message: nameless });
    const tree = nameless === undefined ? treeOf(walk, input[name], at, `a table, [${showPath(at)}]`) : {};
    readTable(walk, entry.table, tree, at, inner);
    tables.set(name, inner);
  }
  return tables;
}

/** The message for a key that stands directly in `[vhost]`, without a name; undefined when these tables have no such key. */
function withoutName({ table, implied }: NamedTables, path: Path, name: string): string | undefined {
  if (table.entries[name]?.kind !== "key") return undefined;
  const named = `belongs in a table with a name, [${showPath(path)}.${namePlaceholder}]`;
  return implied === undefined ? named : `${named}; that for all other names is [${showPath([...path, implied])}]`;
}

function treeOf(walk: Walk, value: unknown, path: Path, expected: string): Tree {
  if (value === undefined) return {};
  if (isTree(value)) return value;
  walk.problems.push({ path, message: `must be ${expected}, not ${show(value)}` });
  return {};
}

function isPathPart(part: unknown): part is string | number {
  return typeof part === "string" || typeof part === "number";
}
