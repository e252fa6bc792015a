import { findKey } from "../../../config/find.ts";
import { type Path, quote } from "../../../config/show.ts";
import { valueOfWords } from "../../../config/words.ts";
import { rootTable } from "../blocks.ts";
import type { Document, Place } from "../document.ts";
import type { Directive } from "./directive.ts";

/** Where a directive's block puts its keys, and what it tells. */
export interface Scope {
  readonly mapping: Mapping;
  /** The table of ours that stands for the block. */
  readonly path: Path;
  /** All that stands in the block. */
  readonly block: readonly Directive[];
}

/** The one word of a directive in a block; undefined when it isn't there. */
export function wordIn(block: readonly Directive[], name: string): string | undefined {
  const directive = block.find((each) => each.name === name);
  return directive && wordOf(directive);
}

/** What a directive says in one word; empty when it does not. */
export function wordOf(directive: Directive): string {
  return directive.args.length === 1 ? (directive.args[0]?.text ?? "") : "";
}

/** A table under construction; its names may be anything. */
type Branch = Record<string, unknown>;

/** Collects what the directives of a file say, as a document by the keys of this server. */
export class Mapping implements Document {
  readonly tree: Branch = branch();
  readonly errors: { readonly order: number; readonly text: string }[] = [];
  readonly #places = new Map<string, Place>();
  readonly #warnings = new Map<string, { readonly text: string; readonly others: string[] }>();
  #order = 0;

  get warnings(): readonly string[] {
    return [...this.#warnings.values()].map(({ text, others }) => {
      return others.length === 0
        ? text
        : `${text} (and ${others.length === 1 ? others[0] : `${others.length} times more`})`;
    });
  }

  place(path: Path): Place | undefined {
    return this.#places.get(JSON.stringify(path));
  }

  /**
   * Gives a key of this server what a directive says: its arguments, or `words` in their place. `items` are the directives
   * that each item of a list comes from, where that is not this one.
   */
  set(path: Path, directive: Directive, words?: readonly string[], items?: readonly Directive[]): void {
    const key = findKey(rootTable, path);
    if (key === undefined) throw new Error(`a directive stands for ${path.join(".")}, which is no key`);
    const given = words ?? directive.args.map(({ text }) => text);
    if (directive.body !== undefined) return this.error(directive, "takes a value, not a block");
    if (given.length === 0) return this.error(directive, "has no value");
    if (!key.isList && given.length > 1) {
      return this.error(directive, `takes one value, not ${given.length}; is a semicolon missing?`);
    }
    if (!this.#claim(path, directive)) return;
    const places = items ?? directive.args.map(({ line }) => ({ ...directive, line }));
    if (key.isList) for (const [index, each] of places.entries()) this.#put([...path, index], each);
    const [name = "", table] = [path.at(-1)?.toString(), this.#branchAt(path.slice(0, -1))];
    table[name] = valueOfWords(key, given);
  }

  /** Makes a table of this server's, empty if nothing is set in it; false (and told) when it stands already. */
  open(path: Path, directive: Directive): boolean {
    if (!this.#claim(path, directive)) return false;
    this.#branchAt(path);
    return true;
  }

  /** Tells a mistake. */
  error(directive: Directive, message: string): void {
    this.errors.push({ order: ++this.#order, text: `${placeOf(directive)}: ${directive.name}: ${message}` });
  }

  /** Tells of a directive without effect; the same one again is only counted. */
  warn(directive: Directive, message: string): void {
    const text = `${placeOf(directive)}: ${directive.name}: ${message}`;
    const told = this.#warnings.get(`${directive.name}: ${message}`);
    if (told === undefined) this.#warnings.set(`${directive.name}: ${message}`, { text, others: [] });
    else told.others.push(`line ${directive.line}`);
  }

  #claim(path: Path, directive: Directive): boolean {
    const earlier = this.place(path);
    this.#put(path, directive);
    if (earlier === undefined) return true;
    const what = earlier.as === directive.name ? "stands" : `says what ${quote(earlier.as ?? "")} says`;
    this.error(directive, `${what} already at ${earlier.at}; keep one of them`);
    return false;
  }

  #put(path: Path, directive: Directive): void {
    const place = { at: placeOf(directive), as: directive.name, order: ++this.#order };
    if (this.place(path) === undefined) this.#places.set(JSON.stringify(path), place);
  }

  #branchAt(path: Path): Branch {
    let at = this.tree;
    for (const part of path) {
      at[part] ??= branch();
      at = at[part] as Branch; // what this class has put there
    }
    return at;
  }
}

function branch(): Branch {
  return Object.create(null);
}

function placeOf({ file, line }: Directive): string {
  return `${file}:${line}`;
}
