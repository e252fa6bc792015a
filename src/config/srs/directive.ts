import { quote, showName } from "../show.ts";
import { SrsSyntaxError, type Token, tokensOf } from "./tokens.ts";

/** A word after a directive's name. */
export interface Argument {
  readonly text: string;
  readonly line: number;
  /** Whether it is the first thing on its line. */
  readonly beginsLine: boolean;
}

/** `name argument …;` or `name argument … { body }`. */
export interface Directive {
  readonly name: string;
  /** The name in the file, if the directive was moved to the place of the newest SRS. */
  readonly written?: string | undefined;
  readonly args: readonly Argument[];
  /** The first argument that begins a line and would be a directive of its own: the semicolon before it is missing. */
  readonly swallowed?: Argument | undefined;
  /** Undefined for a directive that ends with a semicolon. */
  readonly body: readonly Directive[] | undefined;
  /** The directive's file and first line; the name of a variable and 0 for one set by the environment. */
  readonly file: string;
  readonly line: number;
  /** Its number among all directives read, those of included files among them. */
  readonly order: number;
}

/** A text's directives up to its first mistake. */
export interface Parsed {
  readonly directives: readonly Directive[];
  readonly mistake: SrsSyntaxError | undefined;
}

const maxDepth = 16;

/** Reads a text in SRS's own syntax; `file` is for messages. */
export function parseDirectives(text: string, file: string): Parsed {
  const directives: Directive[] = [];
  try {
    new Parser(text, file).fill(directives, undefined, 0);
    return { directives, mistake: undefined };
  } catch (error) {
    if (error instanceof SrsSyntaxError) return { directives, mistake: error };
    throw error;
  }
}

/** The beginning of a message about a directive. */
export function locationOf({ file, line }: Directive): string {
  return line === 0 ? file : `${file}:${line}`;
}

/** The name of a directive as the file has it. */
export function writtenName({ name, written }: Directive): string {
  return written ?? name;
}

/** A directive as a file writes it, a line each for the directives in its block. */
export function directiveLines(directive: Directive, name = writtenName(directive)): string[] {
  const words = [name, ...directive.args.map(({ text }) => word(text))].join(" ");
  if (directive.body === undefined) return [`${words};`];
  return [
    `${words} {`,
    ...directive.body.flatMap((each) => directiveLines(each, each.name)).map((line) => `    ${line}`),
    "}",
  ];
}

function word(text: string): string {
  return /^[^\s;{}#"'][^\s;{]*$/.test(text) ? text : JSON.stringify(text);
}

class Parser {
  readonly #tokens: Iterator<Token, undefined>;
  readonly #file: string;

  constructor(text: string, file: string) {
    this.#tokens = tokensOf(text);
    this.#file = file;
  }

  /** Reads directives up to the closing brace of the block that `opener` began, or up to the end of the file. */
  fill(into: Directive[], opener: Token | undefined, depth: number): void {
    for (let token = this.#take(); token !== undefined; token = this.#take()) {
      if (token.kind === "word") this.#directive(into, token, depth);
      else if (token.kind === "}" && opener !== undefined) return;
      else if (token.kind === "}") throw new SrsSyntaxError(token.line, "an unmatched closing brace");
      else if (token.kind === "{") throw new SrsSyntaxError(token.line, "a block has no name");
      // An empty statement, `;;`, says nothing.
    }
    if (opener === undefined) return;
    throw new SrsSyntaxError(opener.line, `the block ${quote(showName(opener.text))} has no closing brace`);
  }

  /** Adds one directive; a block is added before its body is read, so that a mistake in the body keeps the directives before it. */
  #directive(into: Directive[], name: Token, depth: number): void {
    const args: Argument[] = [];
    const add = (body: Directive[] | undefined) => {
      into.push({ name: name.text, args, body, file: this.#file, line: name.line, order: 0 });
    };
    for (let token = this.#take(); token !== undefined; token = this.#take()) {
      if (token.kind === ";") return add(undefined);
      if (token.kind === "{") {
        if (depth === maxDepth) throw new SrsSyntaxError(token.line, `blocks nested more than ${maxDepth} deep`);
        const body: Directive[] = [];
        add(body);
        return this.fill(body, name, depth + 1);
      }
      if (token.kind === "}") break;
      args.push(token);
    }
    throw new SrsSyntaxError(args.at(-1)?.line ?? name.line, `${quote(showName(name.text))} ends without a semicolon`);
  }

  #take(): Token | undefined {
    return this.#tokens.next().value;
  }
}
