import * as v from "valibot";
import type { Document, Location } from "../file/document.ts";
import { findKey } from "../find.ts";
import { type Path, quote } from "../show.ts";
import type { Table } from "../table.ts";
import { valueOfWords } from "../words.ts";
import { type Directive, locationOf, writtenName } from "./directive.ts";

/** The table that a directive's block maps to, and where messages go. */
export interface Scope {
  readonly mapping: Mapping;
  /** Our table for the block. */
  readonly path: Path;
  /** The block's directives. */
  readonly block: readonly Directive[];
}

/** A directive that has no effect here, and the reason. */
export interface LeftOut {
  readonly directive: Directive;
  /** Our table in which it would stand. */
  readonly table: Path;
  readonly reason: string;
}

const firsts = new WeakMap<readonly Directive[], ReadonlyMap<string, Directive>>();

/** The first directive of a name in a block; each block is searched once only, as a file may be large. */
export function firstIn(block: readonly Directive[], name: string): Directive | undefined {
  let byName = firsts.get(block);
  if (byName === undefined) {
    byName = new Map(block.toReversed().map((directive) => [directive.name, directive]));
    firsts.set(block, byName);
  }
  return byName.get(name);
}

/** The one word of a directive in a block; undefined when the block has no such directive. */
export function wordIn(block: readonly Directive[], name: string): string | undefined {
  const directive = firstIn(block, name);
  return directive && wordOf(directive);
}

/** The one word of a directive; empty when it has none or several. */
export function wordOf(directive: Directive): string {
  return directive.args.length === 1 ? (directive.args[0]?.text ?? "") : "";
}

/** A table under construction; its names may be anything. */
type Branch = Record<string, unknown>;

/** Collects the meaning of a file's directives as a document with our keys. */
export class Mapping implements Document {
  readonly tree: Branch = branch();
  readonly errors: { readonly order: number; readonly text: string }[] = [];
  /** All directives left out although they would make a difference, errors among them. */
  readonly leftOut: LeftOut[] = [];
  readonly #root: Table;
  readonly #ignored: ReadonlySet<string>;
  readonly #replaced: ReadonlySet<string>;
  readonly #tables = new WeakMap<Directive, Path>();
  readonly #locations = new Map<string, Location & { readonly directive: Directive }>();
  readonly #warnings = new Map<string, { readonly text: string; readonly others: string[] }>();

  /** `root` has our keys; `ignored` holds the names given by `--ignore`, `replaced` the keys that variables set. */
  constructor(root: Table, ignored: ReadonlySet<string>, replaced: ReadonlySet<string>) {
    this.#root = root;
    this.#ignored = ignored;
    this.#replaced = replaced;
  }

  get warnings(): readonly string[] {
    return [...this.#warnings.values()].map(({ text, others }) => {
      return others.length === 0
        ? text
        : `${text} (and ${others.length === 1 ? others[0] : `${others.length} times more`})`;
    });
  }

  location(path: Path): Location | undefined {
    return this.#locations.get(JSON.stringify(path));
  }

  /** The directive that set a path's value, or the nearest value above it. */
  source(path: Path): Directive | undefined {
    for (let length = path.length; length > 0; length--) {
      const found = this.#locations.get(JSON.stringify(path.slice(0, length)));
      if (found !== undefined) return found.directive;
    }
    return undefined;
  }

  /** Whether the operator has given `--ignore` with this name. */
  isIgnored(name: string): boolean {
    return this.#ignored.has(name);
  }

  /** Whether a variable of the environment sets one of our keys, whatever the file has. */
  isReplaced(path: Path): boolean {
    return this.#replaced.has(path.join("."));
  }

  /** Why one of our keys does not take a word; undefined if it does. */
  problemOf(path: Path, word: string): string | undefined {
    const key = findKey(this.#root, path);
    const result = key && v.safeParse(key.schema, word);
    return result?.issues?.[0].message;
  }

  /**
   * Sets one of our keys to the directive's arguments, or to `words`. `items` are the directives that the items of a list come
   * from, if not this one.
   */
  set(path: Path, directive: Directive, words?: readonly string[], items?: readonly Directive[]): void {
    const key = findKey(this.#root, path);
    if (key === undefined) throw new Error(`a directive stands for ${path.join(".")}, which is no key`);
    const given = words ?? directive.args.map(({ text }) => text);
    if (directive.body !== undefined) return this.error(directive, "takes a value, not a block");
    if (given.length === 0) return this.error(directive, "has no value");
    if (!key.isList && given.length > 1) {
      return this.error(directive, `takes one value, not ${given.length}; is a semicolon missing?`);
    }
    if (!this.#claim(path, directive)) return;
    const locations = items ?? directive.args.map(({ line }) => ({ ...directive, line }));
    if (key.isList) for (const [index, each] of locations.entries()) this.#put([...path, index], each);
    const [name = "", table] = [path.at(-1)?.toString(), this.#branchAt(path.slice(0, -1))];
    table[name] = valueOfWords(key, given);
  }

  /** Creates one of our tables, at first empty; false (and an error is reported) when it exists already. */
  open(path: Path, directive: Directive): boolean {
    if (!this.#claim(path, directive)) return false;
    this.#branchAt(path);
    return true;
  }

  /** Reports a mistake; `name` is shown for the directive. */
  error(directive: Directive, message: string, name = writtenName(directive)): void {
    this.errors.push({ order: directive.order, text: `${locationOf(directive)}: ${name}: ${message}` });
    this.#leaveOut(directive, message);
  }

  /** Reports a directive that makes no difference; repetitions are only counted. */
  warn(directive: Directive, message: string): void {
    const [location, name] = [locationOf(directive), writtenName(directive)];
    const reported = this.#warnings.get(`${name}: ${message}`);
    if (reported === undefined)
      this.#warnings.set(`${name}: ${message}`, { text: `${location}: ${name}: ${message}`, others: [] });
    else reported.others.push(directive.line === 0 ? location : `line ${directive.line}`);
  }

  /** Reports a directive that would make a difference and is left out. */
  leaveOut(directive: Directive, reason: string): void {
    this.warn(directive, `left out: ${reason}`);
    this.#leaveOut(directive, reason);
  }

  /** Records our table for the directives of a block. */
  enter({ block, path }: Scope): void {
    for (const directive of block) this.#tables.set(directive, path);
  }

  #leaveOut(directive: Directive, reason: string): void {
    this.leftOut.push({ directive, table: this.#tables.get(directive) ?? [], reason });
  }

  #claim(path: Path, directive: Directive): boolean {
    const earlier = this.#locations.get(JSON.stringify(path));
    if (earlier === undefined) {
      this.#put(path, directive);
      return true;
    }
    const [before, now] = [earlier.directive, directive];
    if (before.name !== now.name) {
      this.error(now, `says what ${quote(writtenName(before))} says already at ${earlier.at}; keep one of them`);
    } else if (before.written !== undefined || now.written !== undefined || now.body !== undefined) {
      // Versions of SRS disagree which of the two counts.
      this.error(now, `stands already at ${earlier.at}; keep one of them`);
    } else this.leaveOut(now, `it stands already at ${earlier.at}, and the first counts, as in SRS`);
    return false;
  }

  #put(path: Path, directive: Directive): void {
    const location = { at: locationOf(directive), as: writtenName(directive), order: directive.order, directive };
    if (this.location(path) === undefined) this.#locations.set(JSON.stringify(path), location);
  }

  #branchAt(path: Path): Branch {
    let at = this.tree;
    for (const part of path) {
      at[part] ??= branch();
      at = at[part] as Branch; // created by this class
    }
    return at;
  }
}

function branch(): Branch {
  return Object.create(null);
}
