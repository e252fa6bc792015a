import { UserError } from "../../base/errors.ts";
import { Secrets } from "../../base/secrets.ts";
import { nearest } from "../../base/suggest.ts";
import { type Document, nearestPlace } from "../../config/file/document.ts";
import { type Environment, withEnvironment } from "../../config/file/environment.ts";
import { ConfigErrors, oneLine } from "../../config/file/errors.ts";
import { laidOver } from "../../config/file/overlay.ts";
import { withSecretFiles } from "../../config/file/secret-files.ts";
import { readToml } from "../../config/file/toml.ts";
import { variablesOf } from "../../config/file/variables.ts";
import { renderToml } from "../../config/render.ts";
import { secretTexts } from "../../config/secret-texts.ts";
import { type Path, show, showPath } from "../../config/show.ts";
import type { ReadFile } from "../../config/srs/include.ts";
import { readSrsConf, type SrsOptions } from "../../config/srs/read.ts";
import { ignorable } from "../../config/srs/spellings.ts";
import { srsVariables } from "../../config/srs/variables.ts";
import { validate } from "../../config/validate.ts";
import { readTextFile } from "../../io/files/text-file.ts";
import { advise } from "./advice.ts";
import { type Config, rootTable } from "./blocks.ts";
import { endpointBlocks, endpointProblems } from "./endpoints.ts";

const largestFile = 1024 * 1024;
const largestSecret = 64 * 1024;

/** How a file is read whose mistakes are told and nothing else goes into. */
export const fileAlone: SrsOptions = { root: rootTable, read, ignored: new Set(), variables: [] };

/** A configuration, complete, and what is to be said of it. */
export interface Loaded {
  readonly config: Config;
  /** What stands in it without effect or lets in more people than it seems to, one line each; loading has told nobody. */
  readonly warnings: readonly string[];
  /** Where a key's value comes from: a file and a line; undefined for a default. */
  origin(path: Path): string | undefined;
}

/**
 * Reads a configuration file and what the environment sets beside it; without a path it is the environment alone. `ignored`
 * names directives of SRS's that the server starts without. Throws UserError when a file cannot be read or there is no
 * configuration at all, ConfigErrors when it is wrong.
 */
export function loadConfig(
  path: string | undefined,
  environment: Environment = {},
  ignored: readonly string[] = [],
): Loaded {
  const variables = srsVariables(environment, variablesOf(rootTable, {}));
  const options = {
    root: rootTable,
    read,
    variables,
    ignored: checkIgnored([...ignored, ...wordsOf(environment.SRS_IGNORE)]),
  };
  const file = path === undefined ? variablesAlone(options) : readDocument(read(path), path, options);
  const taken = new Set([...variables.map(({ name }) => name), "SRS_IGNORE"]);
  const { document, count } = withEnvironment(rootTable, file, environment, readSecret, taken);
  if (path === undefined && count + variables.length + document.errors.length === 0) {
    throw new UserError("which configuration? Give --conf FILE (srs --help says more)");
  }
  return complete(withSecretFiles(rootTable, document, readSecret));
}

/**
 * Reads a configuration's text; `fileName` is for messages and says the syntax, `include` gives the files that it
 * includes. Throws ConfigErrors with every mistake in it.
 */
export function parseConfig(text: string, fileName: string, include: ReadFile = read): Config {
  return complete(readDocument(text, fileName, { ...fileAlone, read: include })).config;
}

/** The configuration as a TOML file with every key written out and where each value comes from; secrets are masked. */
export function effectiveToml({ config, origin }: Loaded): string {
  return renderToml(rootTable, config, { masked: true, remark: (path) => origin(path) ?? "default" });
}

/** The configuration as a TOML file with only what differs from the defaults; it reads back as the same configuration. */
export function shortToml(config: Config): string {
  return renderToml(rootTable, config, { changesOnly: true });
}

/** What of a configuration nobody may read in a log. */
export function configSecrets(config: Config): Secrets {
  return new Secrets(secretTexts(rootTable, config));
}

function readDocument(text: string, fileName: string, options: SrsOptions): Document {
  if (isSrsConf(fileName)) return readSrsConf(text, fileName, options);
  const file = readToml(text, fileName);
  return options.variables.length === 0 ? file : laidOver(rootTable, file, variablesAlone(options));
}

/** What SRS's variables say by themselves. */
function variablesAlone(options: SrsOptions): Document {
  return readSrsConf("", "variables", options);
}

/** Whether a file is in SRS's own syntax: its name says so. */
export function isSrsConf(fileName: string): boolean {
  return /\.conf$/i.test(fileName);
}

/** The text of a configuration file, or of one that it includes. Throws UserError. */
export function read(path: string): string {
  return readTextFile(path, largestFile);
}

/** The names that `--ignore` takes. Throws UserError for another. */
function checkIgnored(names: readonly string[]): ReadonlySet<string> {
  for (const name of names) {
    if (ignorable.has(name)) continue;
    const meant = nearest(name, [...ignorable]);
    const hint = meant === undefined ? `it takes ${[...ignorable].join(", ")}` : `did you mean ${meant}?`;
    throw new UserError(`--ignore ${show(name)}: the server does not start without this; ${hint}`);
  }
  return new Set(names);
}

function wordsOf(text = ""): string[] {
  return text.split(/[\s,]+/).filter(Boolean);
}

/** The text of a secret's file without the line break at its end. */
function readSecret(path: string): string {
  const text = readTextFile(path, largestSecret).replace(/\r?\n$/, "");
  if (text === "") throw new UserError(`cannot use ${path}: it is empty`);
  return text;
}

function complete(document: Document): Loaded {
  const { values, problems } = validate(rootTable, document.tree);
  // A default stands in for what is wrong: nothing is to be said of how that goes with the rest.
  const unsure = document.errors.length > 0 || problems.some(({ path }) => endpointBlocks.includes(String(path[0])));
  if (!unsure) problems.push(...endpointProblems(values));
  if (problems.length + document.errors.length > 0) {
    const placed = problems.map(({ path, message }) => {
      const { at, as, order } = nearestPlace(document, path) ?? { at: "configuration", as: undefined, order: 0 };
      return { order, text: `${at}: ${as ?? showPath(path)}: ${message}` };
    });
    const all = [...placed, ...document.errors].sort((a, b) => a.order - b.order);
    throw new ConfigErrors(all.map(({ text }) => text));
  }
  const advice = advise(values).map(({ path, message }) => {
    const { at, as } = nearestPlace(document, path) ?? { at: "configuration", as: undefined };
    return `${at}: ${as ?? showPath(path)}: ${message}`;
  });
  return {
    config: values,
    warnings: [...document.warnings, ...advice].map(oneLine),
    origin: (path) => document.place(path)?.at,
  };
}
