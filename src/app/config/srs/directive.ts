import { show } from "../../../config/show.ts";
import { SrsSyntaxError, type Token, tokensOf } from "./tokens.ts";

/** A word behind a directive's name. */
export interface Argument {
  readonly text: string;
  readonly line: number;
  /** Whether it is the first thing on its line. */
  readonly beginsLine: boolean;
}

/** `name argument …;` or `name argument … { body }`. */
export interface Directive {
  readonly name: string;
  readonly args: readonly Argument[];
  /** Undefined for one that ends with a semicolon. */
  readonly body: readonly Directive[] | undefined;
  /** The file that it stands in, and its first line there. */
  readonly file: string;
  readonly line: number;
}

const deepest = 16;

/** Reads a text in SRS's own syntax; `file` is for messages. Throws SrsSyntaxError. */
export function parseDirectives(text: string, file: string): Directive[] {
  return new Parser(tokensOf(text), file).block(undefined, 0);
}

class Parser {
  readonly #tokens: readonly Token[];
  readonly #file: string;
  #at = 0;

  constructor(tokens: readonly Token[], file: string) {
    this.#tokens = tokens;
    this.#file = file;
  }

  /** Directives up to the closing brace of the block that `opener` began, or up to the end of the file. */
  block(opener: Token | undefined, depth: number): Directive[] {
    const directives: Directive[] = [];
    for (let token = this.#take(); token !== undefined; token = this.#take()) {
      if (token.kind === "word") directives.push(this.#directive(token, depth));
      else if (token.kind === "}" && opener !== undefined) return directives;
      else if (token.kind === "}") throw new SrsSyntaxError(token.line, "a closing brace without its partner");
      else if (token.kind === "{") throw new SrsSyntaxError(token.line, "a block has no name");
      // An empty statement, `;;`, says nothing.
    }
    if (opener === undefined) return directives;
    throw new SrsSyntaxError(opener.line, `the block ${show(opener.text)} has no closing brace`);
  }

  #directive(name: Token, depth: number): Directive {
    const args: Argument[] = [];
    const whole = (body: Directive[] | undefined): Directive => {
      return { name: name.text, args, body, file: this.#file, line: name.line };
    };
    for (let token = this.#take(); token !== undefined; token = this.#take()) {
      if (token.kind === ";") return whole(undefined);
      if (token.kind === "{") {
        if (depth === deepest) throw new SrsSyntaxError(token.line, `blocks nested more than ${deepest} deep`);
        return whole(this.block(name, depth + 1));
      }
      if (token.kind === "}") break;
      args.push(token);
    }
    throw new SrsSyntaxError(args.at(-1)?.line ?? name.line, `${show(name.text)} ends without a semicolon`);
  }

  #take(): Token | undefined {
    return this.#tokens[this.#at++];
  }
}
