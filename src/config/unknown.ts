import { nearest } from "../base/suggest.ts";
import { type Path, quote, showKey, showPath } from "./show.ts";
import { namePlaceholder, type Table } from "./table.ts";
import { isTree } from "./tree.ts";

/** Why a key is unknown in its table, and a suggestion. */
export function unknownKey(root: Table, table: Table, path: Path, name: string, value: unknown): string {
  const home = homeOf(root, [], name);
  if (home !== undefined) return `unknown key here; ${quote(name)} belongs ${home}`;
  const known = Object.keys(table.entries);
  const meant = nearest(name, known);
  if (meant !== undefined) return `unknown key; did you mean ${quote(meant)}?`;
  if (isTree(value) && path.length > 1) {
    const whole = [path.at(-1), name, ...dottedRest(value, known)].join(".");
    return `unknown key; a name with dots needs quotes: [${showPath([...path.slice(0, -1), whole])}]`;
  }
  return `unknown key; known here: ${known.map(showKey).join(", ")}`;
}

/** Where a key of that name does belong. */
function homeOf(table: Table, path: readonly string[], name: string): string | undefined {
  const entry = Object.hasOwn(table.entries, name) ? table.entries[name] : undefined;
  if (entry?.kind === "key") {
    return path.length === 0 ? "at the top of the file, before the first [table]" : `in [${path.join(".")}]`;
  }
  if (entry !== undefined) {
    const whole = entry.kind === "named" ? [...path, name, namePlaceholder] : [...path, name];
    return `at [${whole.join(".")}]`;
  }
  for (const [key, inner] of Object.entries(table.entries)) {
    if (inner.kind === "key") continue;
    const below = inner.kind === "named" ? inner.table : inner;
    const at = inner.kind === "named" ? [...path, key, namePlaceholder] : [...path, key];
    const found = homeOf(below, at, name);
    if (found !== undefined) return found;
  }
  return undefined;
}

/** TOML reads `[vhost.live.example.com]` as four nested tables: returns the names below the second one. */
function dottedRest(value: unknown, known: readonly string[]): string[] {
  if (!isTree(value)) return [];
  const [name, ...others] = Object.keys(value);
  if (name === undefined || others.length > 0 || known.includes(name) || !isTree(value[name])) return [];
  return [name, ...dottedRest(value[name], known)];
}
