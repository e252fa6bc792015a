import type { Key } from "./key.ts";
import type { Path } from "./show.ts";
import type { NamedTables, Table, ValueOf } from "./table.ts";

/** A key whose value in the file differs from the value in effect. */
export interface Changed {
  readonly path: Path;
  /** Why the old value stays until a restart; undefined when the new value takes effect. */
  readonly restart: string | undefined;
}

/** The result of merging a reloaded configuration into the one in effect. */
export interface Merged<T extends Table> {
  /** Every unchanged block (table, list, value) is the same object as before: blocks are compared by `===`. */
  readonly values: ValueOf<T>;
  /** Changed keys of tables that exist before and after; named tables that are added or removed are reported as a whole. */
  readonly changed: readonly Changed[];
}

type Values = Readonly<Record<string, unknown>>;
type Named = ReadonlyMap<string, Values>;

/** The values in effect after a reload: those of `next`, except for keys that need a restart, which keep those of `before`. */
export function merge<T extends Table>(root: T, before: ValueOf<T>, next: ValueOf<T>): Merged<T> {
  const changed: Changed[] = [];
  // The walk follows the declaration from which ValueOf infers the type.
  const values = mergeTable(root, before as Values, next as Values, [], changed) as ValueOf<T>;
  return { values, changed };
}

function mergeTable(table: Table, before: Values, next: Values, path: Path, changed: Changed[]): Values {
  const merged: Record<string, unknown> = {};
  let same = true;
  for (const [name, entry] of Object.entries(table.entries)) {
    const at = [...path, name];
    const [was, is] = [before[name], next[name]];
    if (entry.kind === "key") merged[name] = mergeKey(entry, was, is, at, changed);
    else if (entry.kind === "table") merged[name] = mergeTable(entry, was as Values, is as Values, at, changed);
    else merged[name] = mergeNamed(entry, was as Named, is as Named, at, changed);
    same &&= merged[name] === was;
  }
  return same ? before : merged;
}

function mergeKey(key: Key<unknown>, before: unknown, next: unknown, path: Path, changed: Changed[]): unknown {
  if (JSON.stringify(key.toToml(before)) === JSON.stringify(key.toToml(next))) return before;
  const restart = key.reload === "live" ? undefined : key.reload.restart;
  changed.push({ path, restart });
  return restart === undefined ? next : before;
}

function mergeNamed(entry: NamedTables, before: Named, next: Named, path: Path, changed: Changed[]): Named {
  const merged = new Map<string, Values>();
  for (const [name, is] of next) {
    const was = before.get(name);
    if (was !== undefined) merged.set(name, mergeTable(entry.table, was, is, [...path, name], changed));
    else {
      merged.set(name, is);
      changed.push({ path: [...path, name], restart: undefined });
    }
  }
  for (const name of before.keys()) if (!next.has(name)) changed.push({ path: [...path, name], restart: undefined });
  const same = merged.size === before.size && [...merged].every(([name, is]) => is === before.get(name));
  return same ? before : merged;
}
