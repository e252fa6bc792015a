import { UserError } from "../../base/errors.ts";
import { type Directive, parseDirectives } from "./directive.ts";

/** Reads a file's text by its path; throws UserError. */
export type ReadFile = (path: string) => string;

/** The part of the file that could be read, and the mistakes in the rest, a line each that begins with file and line. */
export interface Read {
  readonly directives: readonly Directive[];
  readonly mistakes: readonly string[];
}

const maxDepth = 8;
const maxFiles = 64;

/**
 * Reads a text with all that it includes, each `include` replaced by the directives of its files. A path is looked up in the
 * folder of the file that names it, and only then, as in SRS, in the working directory, where others than the operator may write.
 */
export function readDirectives(text: string, file: string, read: ReadFile): Read {
  const mistakes: string[] = [];
  let files = 1;
  let order = 0;
  return { directives: expand(parse(text, file), [file]), mistakes };

  function parse(source: string, name: string): readonly Directive[] {
    const { directives, mistake } = parseDirectives(source, name);
    if (mistake !== undefined) mistakes.push(`${name}:${mistake.line}: ${mistake.message}`);
    return directives;
  }

  function expand(directives: readonly Directive[], chain: readonly string[]): Directive[] {
    return directives.flatMap((directive): readonly Directive[] => {
      if (directive.name === "include") return include(directive, chain);
      const own = { ...directive, order: ++order };
      return [directive.body === undefined ? own : { ...own, body: expand(directive.body, chain) }];
    });
  }

  function include(directive: Directive, chain: readonly string[]): Directive[] {
    try {
      return included(directive, chain);
    } catch (error) {
      if (!(error instanceof UserError)) throw error;
      if (files <= maxFiles + 1) mistakes.push(`${directive.file}:${directive.line}: include: ${error.message}`);
      return [];
    }
  }

  function included(directive: Directive, chain: readonly string[]): Directive[] {
    if (directive.body !== undefined || directive.args.length === 0) {
      throw new UserError("write include and the names of files");
    }
    return directive.args.flatMap(({ text: path }) => {
      if (++files > maxFiles) throw new UserError(`more than ${maxFiles} files in all`);
      if (chain.length > maxDepth) throw new UserError(`more than ${maxDepth} files, each included by the one before`);
      const found = readEither(besides(path, directive.file), path, read);
      if (chain.includes(found.path)) throw new UserError(`includes itself, by way of ${chain.join(", ")}`);
      return expand(parse(found.text, found.path), [...chain, found.path]);
    });
  }
}

function besides(path: string, file: string): string {
  const folder = file.slice(0, file.lastIndexOf("/") + 1);
  return path.startsWith("/") ? path : `${folder}${path.replace(/^(?:\.\/)+/, "")}`;
}

/** Throws the error of the first path when neither file exists. */
function readEither(first: string, second: string, read: ReadFile): { readonly path: string; readonly text: string } {
  try {
    return { path: first, text: read(first) };
  } catch (error) {
    if (first === second || !isMissing(error)) throw error;
    try {
      return { path: second, text: read(second) };
    } catch (again) {
      throw isMissing(again) ? error : again;
    }
  }
}

function isMissing(error: unknown): boolean {
  return error instanceof UserError && error.message.endsWith("no such file");
}
