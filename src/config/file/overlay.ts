import { writtenKeys } from "../find.ts";
import type { Path } from "../show.ts";
import type { Table } from "../table.ts";
import { isTree, type Tree } from "../tree.ts";
import type { Document, Location } from "./document.ts";
import { absentImplied } from "./variables.ts";

/** A document in which some values are replaced or added by another source. */
export class Overlay implements Document {
  readonly tree: Record<string, unknown>;
  readonly errors: { readonly order: number; readonly text: string }[];
  readonly warnings: string[];
  readonly #below: Document;
  readonly #locations = new Map<string, Location>();

  constructor(below: Document) {
    this.#below = below;
    this.tree = copy(below.tree);
    this.errors = [...below.errors];
    this.warnings = [...below.warnings];
  }

  /** Replaces the value at a path; an item of a list must exist already. */
  set(path: Path, value: unknown, location: Location): void {
    let at: Container = this.tree;
    for (const part of path.slice(0, -1)) {
      at[part] ??= Object.create(null);
      const next = at[part];
      // A value where a table is required is already an error; nothing is added to it.
      if (!isContainer(next)) return;
      at = next;
    }
    at[path.at(-1) ?? ""] = value;
    this.#locations.set(JSON.stringify(path), location);
  }

  location(path: Path): Location | undefined {
    for (let length = 1; length <= path.length; length++) {
      const own = this.#locations.get(JSON.stringify(path.slice(0, length)));
      if (own !== undefined) return length === path.length ? own : undefined;
    }
    return this.#below.location(path);
  }
}

/** The document `below` with the values of `above` in place of its own; both have the keys of `root`. */
export function laidOver(root: Table, below: Document, above: Document): Document {
  const result = new Overlay(below);
  for (const { path, value } of writtenKeys(root, above.tree)) {
    const location = above.location(path) ?? { at: "configuration", order: 0 };
    const problem = absentImplied(root, below.tree, path);
    if (problem === undefined) result.set(path, value, location);
    else result.errors.push({ order: location.order, text: `${location.at}: ${problem}` });
  }
  result.errors.push(...above.errors);
  result.warnings.push(...above.warnings);
  return result;
}

/** A deep copy that can be changed and inherits nothing from JavaScript's objects. */
function copy(tree: Tree): Record<string, unknown> {
  const result: Record<string, unknown> = Object.create(null);
  for (const [name, value] of Object.entries(tree)) {
    if (Array.isArray(value)) result[name] = [...value];
    else result[name] = isTree(value) ? copy(value) : value;
  }
  return result;
}

/** A table or a list of a copy. */
type Container = Record<string | number, unknown>;

function isContainer(value: unknown): value is Container {
  return isTree(value) || Array.isArray(value);
}
