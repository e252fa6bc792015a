import { UserError } from "../../../base/errors.ts";
import type { Document } from "../document.ts";
import { ConfigErrors } from "../errors.ts";
import { applyAll } from "./directives.ts";
import { type ReadFile, readDirectives } from "./include.ts";
import { Mapping } from "./mapping.ts";

/**
 * Reads a configuration in SRS's own syntax, of any version from 1.0 on. `read` gives the text of included files.
 * Throws ConfigErrors when its syntax is wrong.
 */
export function readSrsConf(text: string, fileName: string, read: ReadFile): Document {
  const mapping = new Mapping();
  try {
    applyAll(readDirectives(text, fileName, read), { mapping, path: [] });
  } catch (error) {
    throw error instanceof UserError ? new ConfigErrors([error.message]) : error;
  }
  return mapping;
}
