import { UserError } from "../../../base/errors.ts";
import { type Directive, parseDirectives } from "./directive.ts";
import { SrsSyntaxError } from "./tokens.ts";

/** Reads a file's text by its path; throws UserError. */
export type ReadFile = (path: string) => string;

const deepest = 8;
const mostFiles = 64;

/**
 * Reads a text with all that it includes, each `include` replaced by what stands in its files. A path is taken as SRS
 * does, from the working directory, and else from the folder of the file that names it. Throws UserError, whose message
 * begins with file and line.
 */
export function readDirectives(text: string, file: string, read: ReadFile): Directive[] {
  let files = 1;
  return expand(parse(text, file), [file]);

  function expand(directives: readonly Directive[], chain: readonly string[]): Directive[] {
    return directives.flatMap((directive): Directive[] => {
      const { name, args, body } = directive;
      if (name === "include") return include(directive, chain);
      return [
        body === undefined
          ? directive
          : { name, args, body: expand(body, chain), file: directive.file, line: directive.line },
      ];
    });
  }

  function include(directive: Directive, chain: readonly string[]): Directive[] {
    const fail = (message: string) => new UserError(`${directive.file}:${directive.line}: include: ${message}`);
    if (directive.body !== undefined || directive.args.length === 0) throw fail("write include and the names of files");
    return directive.args.flatMap(({ text: path }) => {
      if (chain.length > deepest) throw fail(`files include each other more than ${deepest} deep`);
      if (++files > mostFiles) throw fail(`more than ${mostFiles} files in all`);
      const found = readEither(path, besides(path, directive.file), read, fail);
      if (chain.includes(found.path)) throw fail(`${found.path} includes itself, by way of ${chain.join(", ")}`);
      return expand(parse(found.text, found.path), [...chain, found.path]);
    });
  }
}

function parse(text: string, file: string): Directive[] {
  try {
    return parseDirectives(text, file);
  } catch (error) {
    if (!(error instanceof SrsSyntaxError)) throw error;
    throw new UserError(`${file}:${error.line}: ${error.message}`);
  }
}

function besides(path: string, file: string): string {
  const folder = file.slice(0, file.lastIndexOf("/") + 1);
  return path.startsWith("/") ? path : `${folder}${path.replace(/^(?:\.\/)+/, "")}`;
}

function readEither(first: string, second: string, read: ReadFile, fail: (message: string) => UserError) {
  try {
    return { path: first, text: read(first) };
  } catch (error) {
    if (!(error instanceof UserError)) throw error;
    if (first === second || !error.message.endsWith("no such file")) throw fail(error.message);
  }
  try {
    return { path: second, text: read(second) };
  } catch (error) {
    throw error instanceof UserError ? fail(error.message) : error;
  }
}
