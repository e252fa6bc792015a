import type { Key } from "./key.ts";
import type { Path } from "./show.ts";
import type { Table } from "./table.ts";

/** The declaration of the key at a path, whatever the names of named tables on the way; undefined when there is none. */
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
