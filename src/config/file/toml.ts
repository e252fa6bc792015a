import { parse, TomlError } from "smol-toml";
import type { Document } from "./document.ts";
import { ConfigErrors } from "./errors.ts";
import { positionsOf } from "./positions.ts";
import { explainSyntax } from "./syntax.ts";

/** Reads TOML; `fileName` is for messages. Throws ConfigErrors when the text is not TOML. */
export function readToml(text: string, fileName: string): Document {
  const tree = parseToml(text, fileName);
  const positions = positionsOf(text);
  return {
    tree,
    errors: [],
    warnings: [],
    location(path) {
      const line = positions.line(path);
      return line === undefined ? undefined : { at: `${fileName}:${line}`, order: line };
    },
  };
}

function parseToml(text: string, fileName: string): Record<string, unknown> {
  try {
    return parse(text);
  } catch (error) {
    if (!(error instanceof TomlError)) throw error;
    throw new ConfigErrors([`${fileName}:${error.line}:${error.column}: ${explainSyntax(text, error)}`]);
  }
}
