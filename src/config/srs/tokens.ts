import { UserError } from "../../base/errors.ts";

/** A word, or one of `{ } ;`, of a file in SRS's own syntax. */
export interface Token {
  readonly kind: "word" | "{" | "}" | ";";
  /** A word's value, without its quotes. */
  readonly text: string;
  /** Counted from 1. */
  readonly line: number;
  /** Whether nothing but space stands before it on its line. */
  readonly beginsLine: boolean;
}

/** A mistake in the syntax at a line. */
export class SrsSyntaxError extends UserError {
  readonly line: number;

  constructor(line: number, message: string) {
    super(message);
    this.line = line;
  }
}

/** The tokens of a text, one after the other. Throws SrsSyntaxError at a mistake. */
export function* tokensOf(text: string): Generator<Token, undefined> {
  const scanner = new Scanner(text);
  for (let token = scanner.next(); token !== undefined; token = scanner.next()) yield token;
  return undefined;
}

const space = /[ \t\r\n]*/y;
const comment = /#[^\n]*/y;
// A closing brace or a sharp inside a word is part of it, as in SRS.
const bareWord = /[^ \t\r\n;{]+/y;
const escapes: Readonly<Record<string, string>> = { n: "\n", r: "\r", t: "\t" };

class Scanner {
  readonly #text: string;
  #at = 0;
  #line = 1;
  #lineOfLast = 0;

  constructor(text: string) {
    this.#text = text.replace(/^\ufeff/, "");
  }

  /** The next token; undefined at the end. */
  next(): Token | undefined {
    while (this.#match(space) !== "" || this.#match(comment) !== "");
    const line = this.#line;
    const first = this.#text[this.#at];
    if (first === undefined) return undefined;
    const beginsLine = line !== this.#lineOfLast;
    this.#lineOfLast = line;
    if (first === "{" || first === "}" || first === ";") {
      this.#at++;
      return { kind: first, text: first, line, beginsLine };
    }
    const text = first === '"' || first === "'" ? this.#quoted(first) : this.#match(bareWord);
    return { kind: "word", text, line, beginsLine };
  }

  #quoted(quote: string): string {
    const line = this.#line;
    let value = "";
    this.#at++;
    for (let char = this.#text[this.#at]; char !== quote; char = this.#text[this.#at]) {
      if (char === undefined) throw new SrsSyntaxError(line, `an unmatched quote, ${quote}`);
      if (char === "\n") this.#line++;
      if (char !== "\\") value += char;
      else value += this.#escape();
      this.#at++;
    }
    this.#at++;
    if (!/^(?:[ \t\r\n;{}]|$)/.test(this.#text.slice(this.#at, this.#at + 1))) {
      throw new SrsSyntaxError(this.#line, `a space or a semicolon is missing after the closing ${quote}`);
    }
    return value;
  }

  /** What a backslash and the character after it stand for; passes the backslash. */
  #escape(): string {
    const next = this.#text[this.#at + 1];
    if (next === undefined) return "\\";
    const known = escapes[next] ?? (/["'\\]/.test(next) ? next : undefined);
    if (known === undefined) return "\\";
    this.#at++;
    return known;
  }

  /** Passes the text that a pattern matches here, and returns it. */
  #match(pattern: RegExp): string {
    pattern.lastIndex = this.#at;
    const found = pattern.exec(this.#text)?.[0] ?? "";
    for (const char of found) if (char === "\n") this.#line++;
    this.#at += found.length;
    return found;
  }
}
