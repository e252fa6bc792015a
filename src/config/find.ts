import type { Key } from "./key.ts";
import type { Path } from "./show.ts";
import type { Table } from "./table.ts";
import { isTree, type Tree } from "./tree.ts";

/** The declaration of the key at a path, with any names of named tables; undefined when there is none. */
export function findKey(root: Table, path: Path): Key<unknown> | undefined {
  let at: Table = root;
  for (let i = 0; i < path.length; i++) {
    const name = String(path[i]);
    const entry = Object.hasOwn(at.entries, name) ? at.entries[name] : undefined;
    if (entry === undefined) return undefined;
    if (entry.kind === "key") return i === path.length - 1 ? entry : undefined;
    if (entry.kind === "table") at = entry;
    else {
      at = entry.table;
      i++;
    }
  }
  return undefined;
}

/** A key in a document and its value. */
export interface WrittenKey {
  readonly path: Path;
  readonly key: Key<unknown>;
  readonly value: unknown;
}

/** All keys in a table of a parsed document that the declarations know. */
export function writtenKeys(table: Table, tree: Tree, path: Path = []): WrittenKey[] {
  return Object.entries(tree).flatMap(([name, value]): WrittenKey[] => {
    const entry = Object.hasOwn(table.entries, name) ? table.entries[name] : undefined;
    const at = [...path, name];
    if (entry?.kind === "key") return [{ path: at, key: entry, value }];
    if (entry === undefined || !isTree(value)) return [];
    if (entry.kind === "table") return writtenKeys(entry, value, at);
    return Object.entries(value).flatMap(([key, inner]) =>
      isTree(inner) ? writtenKeys(entry.table, inner, [...at, key]) : [],
    );
  });
}
