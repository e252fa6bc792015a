import type { Key } from "../key.ts";
import type { Path } from "../show.ts";
import type { NamedTables, Table } from "../table.ts";
import { isTree, type Tree } from "../tree.ts";

/** The key that a variable of the environment sets. */
export interface Variable {
  readonly path: Path;
  readonly key: Key<unknown>;
  /** Why the key can't be set by a variable, if it can't. */
  readonly problem: string | undefined;
}

/**
 * The variables that set the keys of a configuration, by name: `SRS_` and the key's path in capitals, with `_` between its
 * parts and for each character that is no letter or digit. The name of a table that is implied when the file names none is
 * left out (`SRS_VHOST_FORWARD`); another stands between double `__` (`SRS_VHOST__LIVE_EXAMPLE_COM__FORWARD`) and must be
 * in the file.
 */
export function variablesOf(root: Table, tree: Tree): ReadonlyMap<string, Variable> {
  const variables = new Map<string, Variable>();
  addTable(variables, root, tree, "SRS", []);
  return variables;
}

/** The prefixes of the variables that belong to tables: `SRS_VHOST_`, `SRS_LOG_`. */
export function tablePrefixes(root: Table): string[] {
  return Object.entries(root.entries).flatMap(([name, entry]) =>
    entry.kind === "key" ? [] : [`SRS_${capitals(name)}_`],
  );
}

type Variables = Map<string, Variable>;

function addTable(into: Variables, table: Table, tree: Tree, prefix: string, path: Path, problem?: string): void {
  for (const [part, entry] of Object.entries(table.entries)) {
    const [name, at] = [`${prefix}_${capitals(part)}`, [...path, part]];
    if (entry.kind === "key") into.set(name, { path: at, key: entry, problem: problem ?? clash(into, name, at) });
    else if (entry.kind === "table") addTable(into, entry, below(tree, part), name, at, problem);
    else addNamed(into, entry, below(tree, part), name, at, problem);
  }
}

function addNamed(into: Variables, entry: NamedTables, tree: Tree, prefix: string, path: Path, problem?: string): void {
  const { implied } = entry;
  if (implied !== undefined) {
    const absent = absentOf(implied, tree, prefix);
    addTable(into, entry.table, below(tree, implied), prefix, [...path, implied], absent ?? problem);
  }
  for (const name of Object.keys(tree)) {
    const at = [...path, name];
    if (name !== implied) addTable(into, entry.table, below(tree, name), `${prefix}__${capitals(name)}_`, at, problem);
  }
}

/** Why no variable can set a path of an implied table: the document names other tables of that kind. */
export function absentImplied(root: Table, tree: Tree, path: Path): string | undefined {
  const [part = "", name] = path;
  const entry = root.entries[part];
  if (entry?.kind !== "named" || entry.implied === undefined || name !== entry.implied) return undefined;
  return absentOf(entry.implied, below(tree, String(part)), `SRS_${capitals(String(part))}`);
}

function absentOf(implied: string, tree: Tree, prefix: string): string | undefined {
  const names = Object.keys(tree);
  if (names.length === 0 || names.includes(implied)) return undefined;
  return `the configuration has no ${implied} that it could be for; it has ${names.join(", ")}, whose variables begin with ${prefix}__${capitals(names[0] ?? "")}__`;
}

/** Two table names may be equal in capitals. */
function clash(into: Variables, name: string, path: Path): string | undefined {
  const other = into.get(name);
  return other === undefined
    ? undefined
    : `it could be for ${other.path.join(".")} or for ${path.join(".")}; set it in the file`;
}

function capitals(part: string): string {
  return part.toUpperCase().replaceAll(/[^A-Z0-9]/g, "_");
}

function below(tree: Tree, name: string): Tree {
  const value = Object.hasOwn(tree, name) ? tree[name] : undefined;
  return isTree(value) ? value : {};
}
