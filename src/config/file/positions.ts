import type { Path } from "../show.ts";

/** Lines of a TOML document by key path, counted from 1. */
export interface Positions {
  /** Where a key, a table or an item of a list first stands; undefined when the document does not write it. */
  line(path: Path): number | undefined;
}

/** Finds the line of every key of a document. The document must be valid TOML: the parser has accepted it. */
export function positionsOf(text: string): Positions {
  const scanner = new Scanner(text);
  scanner.document();
  return { line: (path) => scanner.lines.get(JSON.stringify(path)) };
}

/**
 * The path that the key or table header at `line` and `column` (from 1), the first mistake of the document, defines a second
 * time, and the line of its first definition.
 */
export function firstDefinition(
  text: string,
  line: number,
  column: number,
): { readonly path: Path; readonly line: number } | undefined {
  const lines = text.split("\n");
  const last = lines[line - 1] ?? "";
  const end = /^[^=\]]*[=\]]?/.exec(last.slice(column - 1))?.[0] ?? "";
  const scanner = new Scanner([...lines.slice(0, line - 1), last.slice(0, column - 1) + end].join("\n"));
  scanner.document();
  for (let length = scanner.last.length; length > 0; length--) {
    const path = scanner.last.slice(0, length);
    const first = scanner.lines.get(JSON.stringify(path));
    if (first !== undefined && first < line) return { path, line: first };
  }
  return undefined;
}

class Scanner {
  readonly lines = new Map<string, number>();
  /** The path that was recorded last. */
  last: Path = [];
  readonly #text: string;
  /** How many tables each `[[array of tables]]` has so far. */
  readonly #tables = new Map<string, number>();
  #at = 0;
  #line = 1;

  constructor(text: string) {
    this.#text = text.replace(/^\ufeff/, "");
  }

  document(): void {
    let table: Path = [];
    for (this.#skipBlank(); this.#at < this.#text.length; this.#skipBlank()) {
      if (this.#peek() === "[") table = this.#header();
      else this.#assignment(table);
    }
  }

  /** `[a.b]` or `[[a.b]]`; the path of the table that it opens. */
  #header(): Path {
    this.#at++;
    const isArray = this.#peek() === "[";
    if (isArray) this.#at++;
    const keys = this.#key();
    this.#at += isArray ? 2 : 1;
    let path: Path = [];
    for (const [index, key] of keys.entries()) {
      path = [...path, key];
      this.#record(path);
      const name = JSON.stringify(path);
      const opens = isArray && index === keys.length - 1;
      const count = (this.#tables.get(name) ?? 0) + (opens ? 1 : 0);
      if (count === 0) continue;
      this.#tables.set(name, count);
      path = [...path, count - 1];
      this.#record(path);
    }
    return path;
  }

  #assignment(table: Path): void {
    let path = table;
    for (const key of this.#key()) {
      path = [...path, key];
      this.#record(path);
    }
    this.#at++; // the equals sign
    this.#skipBlank();
    this.#value(path);
  }

  #value(path: Path): void {
    const first = this.#peek();
    if (first === '"' || first === "'") this.#string(first);
    else if (first === "[") this.#items("]", (index) => this.#item([...path, index]));
    else if (first === "{") this.#items("}", () => this.#assignment(path));
    else this.#skipWhile(/[^,\]}#\n]/);
  }

  #item(path: Path): void {
    this.#record(path);
    this.#value(path);
  }

  #items(close: string, read: (index: number) => void): void {
    this.#at++;
    this.#skipBlank();
    for (let index = 0; this.#at < this.#text.length && this.#peek() !== close; index++) {
      read(index);
      this.#skipBlank();
      if (this.#peek() === ",") this.#at++;
      this.#skipBlank();
    }
    this.#at++;
  }

  /** A dotted key, up to the `=` or `]` after it. */
  #key(): string[] {
    const keys: string[] = [];
    do {
      if (keys.length > 0) this.#at++; // the dot
      this.#skipWhile(/[ \t]/);
      const first = this.#peek();
      keys.push(first === '"' || first === "'" ? this.#string(first) : this.#skipWhile(/[^\s.=\]]/));
      this.#skipWhile(/[ \t]/);
    } while (this.#peek() === ".");
    return keys;
  }

  /** Passes a string of any of the four kinds; returns its value (exact for the one-line kinds, which keys are). */
  #string(quote: string): string {
    const fence = this.#text.startsWith(quote.repeat(3), this.#at) ? quote.repeat(3) : quote;
    this.#at += fence.length;
    const start = this.#at;
    while (this.#at < this.#text.length && !this.#text.startsWith(fence, this.#at)) {
      if (this.#peek() === "\\" && quote === '"') this.#step();
      this.#step();
    }
    // Up to two quotes may stand directly before a closing fence of three.
    while (fence.length === 3 && this.#text[this.#at + 3] === quote) this.#at++;
    const raw = this.#text.slice(start, this.#at);
    this.#at += fence.length;
    return quote === '"' ? unescapeBasic(raw) : raw;
  }

  #skipBlank(): void {
    this.#skipWhile(/\s/);
    while (this.#peek() === "#") {
      this.#skipWhile(/[^\n]/);
      this.#skipWhile(/\s/);
    }
  }

  #skipWhile(pattern: RegExp): string {
    const start = this.#at;
    while (this.#at < this.#text.length && pattern.test(this.#peek())) this.#step();
    return this.#text.slice(start, this.#at);
  }

  #step(): void {
    if (this.#peek() === "\n") this.#line++;
    this.#at++;
  }

  #peek(): string {
    return this.#text[this.#at] ?? "";
  }

  #record(path: Path): void {
    this.last = path;
    const name = JSON.stringify(path);
    if (!this.lines.has(name)) this.lines.set(name, this.#line);
  }
}

const escapes: Readonly<Record<string, string>> = { b: "\b", t: "\t", n: "\n", f: "\f", r: "\r", e: "\u001b" };

function unescapeBasic(raw: string): string {
  return raw.replace(/\\(?:x([0-9A-Fa-f]{2})|u([0-9A-Fa-f]{4})|U([0-9A-Fa-f]{8})|(.))/gs, (_, x, u, long, single) => {
    const code: string | undefined = x ?? u ?? long;
    return code === undefined ? (escapes[single] ?? single) : String.fromCodePoint(Number.parseInt(code, 16));
  });
}
