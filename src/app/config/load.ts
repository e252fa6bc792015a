import { parse, TomlError } from "smol-toml";
import { renderToml } from "../../config/render.ts";
import { type Path, showPath } from "../../config/show.ts";
import { validate } from "../../config/validate.ts";
import { readTextFile } from "../../io/text-file.ts";
import { type Config, rootTable } from "./blocks.ts";
import { ConfigErrors } from "./errors.ts";
import { type Positions, positionsOf } from "./positions.ts";
import { explainSyntax } from "./syntax.ts";

const largestFile = 1024 * 1024;

/** Reads a configuration file. Throws UserError when it cannot be read, ConfigErrors when it is wrong. */
export function loadConfig(path: string): Config {
  return parseConfig(readTextFile(path, largestFile), path);
}

/** Reads a configuration; `fileName` is for messages. Throws ConfigErrors with every mistake in it. */
export function parseConfig(text: string, fileName: string): Config {
  if (/\.conf$/i.test(fileName)) {
    throw new ConfigErrors([`${fileName}: SRS's own syntax (.conf) is not supported yet; write a .toml file`]);
  }
  const { values, problems } = validate(rootTable, parseToml(text, fileName));
  if (problems.length === 0) return values;
  const positions = positionsOf(text);
  const lines = problems.map(({ path, message }) => ({ line: lineOf(positions, path), path, message }));
  lines.sort((a, b) => a.line - b.line);
  throw new ConfigErrors(lines.map(({ line, path, message }) => `${fileName}:${line}: ${showPath(path)}: ${message}`));
}

/** The configuration as a TOML file with every key written out; it reads back as the same configuration. */
export function effectiveToml(config: Config): string {
  return renderToml(rootTable, config, { annotate: false });
}

function parseToml(text: string, fileName: string): Record<string, unknown> {
  try {
    return parse(text);
  } catch (error) {
    if (!(error instanceof TomlError)) throw error;
    throw new ConfigErrors([`${fileName}:${error.line}:${error.column}: ${explainSyntax(text, error)}`]);
  }
}

/** The line of a path, or of the nearest table above it that is written in the file. */
function lineOf(positions: Positions, path: Path): number {
  for (let length = path.length; length > 0; length--) {
    const line = positions.line(path.slice(0, length));
    if (line !== undefined) return line;
  }
  return 1;
}
