import type { Path } from "../show.ts";
import type { Table } from "../table.ts";
import { isTree, type Tree } from "../tree.ts";
import type { Document } from "./document.ts";

/** The key with the name of a table in a list. */
const NAME = "name";

interface Moved {
  /** The path of the table as it is read, with its name. */
  readonly to: Path;
  /** The path of the table in the file, with its index. */
  readonly from: Path;
}

/**
 * The document with `[[user]] name = "x"` read as `[user.x]`, wherever tables have names. A list in which a name is missing or
 * repeated stays as it is, which validation reports.
 */
export function withNamedLists(root: Table, document: Document): Document {
  const moved: Moved[] = [];
  const tree = named(root, document.tree, [], moved);
  if (moved.length === 0) return document;
  return { ...document, tree, location: (path) => document.location(written(path, moved)) };
}

function named(table: Table, tree: Tree, path: Path, moved: Moved[]): Tree {
  const copy: Record<string, unknown> = { ...tree };
  for (const [name, entry] of Object.entries(table.entries)) {
    const value = Object.hasOwn(tree, name) ? tree[name] : undefined;
    const at = [...path, name];
    if (entry.kind === "table" && isTree(value)) copy[name] = named(entry, value, at, moved);
    if (entry.kind === "named" && Array.isArray(value)) copy[name] = byName(value, at, moved) ?? value;
  }
  return copy;
}

function byName(items: readonly unknown[], path: Path, moved: Moved[]): Tree | undefined {
  const tables = new Map<string, Tree>();
  const found: Moved[] = [];
  for (const [index, item] of items.entries()) {
    if (!isTree(item)) return undefined;
    const { [NAME]: name, ...rest } = item;
    if (typeof name !== "string" || tables.has(name)) return undefined;
    tables.set(name, rest);
    found.push({ to: [...path, name], from: [...path, index] });
  }
  moved.push(...found);
  return Object.fromEntries(tables);
}

function written(path: Path, moved: readonly Moved[]): Path {
  const found = moved.find(({ to }) => to.every((part, at) => part === path[at]));
  return found === undefined ? path : [...found.from, ...path.slice(found.to.length)];
}
