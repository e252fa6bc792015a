import { renderToml } from "../../config/render.ts";
import { type Path, showPath } from "../../config/show.ts";
import { validate } from "../../config/validate.ts";
import { readTextFile } from "../../io/text-file.ts";
import { type Config, rootTable } from "./blocks.ts";
import { type Document, nearestPlace } from "./document.ts";
import { ConfigErrors } from "./errors.ts";
import { readToml } from "./toml.ts";

const largestFile = 1024 * 1024;

/** A configuration, complete, and what is to be said of it. */
export interface Loaded {
  readonly config: Config;
  /** What stands in it without effect, one line each; loading has told nobody. */
  readonly warnings: readonly string[];
  /** Where a key's value comes from: a file and a line; undefined for a default. */
  origin(path: Path): string | undefined;
}

/** Reads a configuration file. Throws UserError when it cannot be read, ConfigErrors when it is wrong. */
export function loadConfig(path: string): Loaded {
  return complete(readDocument(readTextFile(path, largestFile), path));
}

/** Reads a configuration's text alone; `fileName` is for messages. Throws ConfigErrors with every mistake in it. */
export function parseConfig(text: string, fileName: string): Config {
  return complete(readDocument(text, fileName)).config;
}

/** The configuration as a TOML file with every key written out; it reads back as the same configuration. */
export function effectiveToml(config: Config): string {
  return renderToml(rootTable, config, { annotate: false });
}

function readDocument(text: string, fileName: string): Document {
  if (/\.conf$/i.test(fileName)) {
    throw new ConfigErrors([`${fileName}: SRS's own syntax (.conf) is not supported yet; write a .toml file`]);
  }
  return readToml(text, fileName);
}

function complete(document: Document): Loaded {
  const { values, problems } = validate(rootTable, document.tree);
  if (problems.length > 0) {
    const placed = problems.map(({ path, message }) => {
      const { at, as, order } = nearestPlace(document, path) ?? { at: "configuration", as: undefined, order: 0 };
      return { order, text: `${at}: ${as ?? showPath(path)}: ${message}` };
    });
    placed.sort((a, b) => a.order - b.order);
    throw new ConfigErrors(placed.map(({ text }) => text));
  }
  return { config: values, warnings: document.warnings, origin: (path) => document.place(path)?.at };
}
