import { UserError } from "../../base/errors.ts";
import { Secrets } from "../../base/secrets.ts";
import { nearest } from "../../base/suggest.ts";
import { type Document, nearestLocation } from "../../config/file/document.ts";
import { type Environment, withEnvironment } from "../../config/file/environment.ts";
import { ConfigErrors, oneLine } from "../../config/file/errors.ts";
import { withNamedLists } from "../../config/file/named-lists.ts";
import { laidOver } from "../../config/file/overlay.ts";
import { withSecretFiles } from "../../config/file/secret-files.ts";
import { readToml } from "../../config/file/toml.ts";
import { type Variable, variablesOf } from "../../config/file/variables.ts";
import { renderToml } from "../../config/render.ts";
import { secretTexts } from "../../config/secret-texts.ts";
import { type Path, show, showPath } from "../../config/show.ts";
import type { ReadFile } from "../../config/srs/include.ts";
import { readSrsConf, type SrsOptions } from "../../config/srs/read.ts";
import { ignorable } from "../../config/srs/spellings.ts";
import { srsVariables } from "../../config/srs/variables.ts";
import { validate } from "../../config/validate.ts";
import { readTextFile, readTextInput } from "../../io/files/text-file.ts";
import { advise } from "./advice.ts";
import { type Config, rootTable } from "./blocks.ts";
import { endpointBlocks, endpointProblems } from "./endpoints.ts";
import { combinationProblems } from "./problems.ts";

const MAX_FILE_BYTES = 1024 * 1024;
const MAX_SECRET_BYTES = 64 * 1024;

/** The path that stands for standard input. */
const STANDARD_INPUT = "-";

/** Options for reading a file whose mistakes are collected, without environment and secrets. */
export const fileAlone: SrsOptions = { root: rootTable, read, ignored: new Set(), replaced: new Set(), variables: [] };

/** A complete configuration, and its warnings. */
export interface Loaded {
  readonly config: Config;
  /** Values without effect, or that let in more clients than they seem to, one line each; loading itself logs nothing. */
  readonly warnings: readonly string[];
  /** The source of a key's value: a file and a line; undefined for a default. */
  origin(path: Path): string | undefined;
}

/** Where a configuration comes from. */
export interface ConfigSource {
  /** The file, "-" for standard input, undefined for variables alone. */
  readonly path: string | undefined;
  /** Read instead of the file. */
  readonly text?: string | undefined;
  /** Without a file and variables, the defaults are the configuration; otherwise that is a mistake. */
  readonly orDefaults?: boolean;
}

/**
 * Reads a configuration file and the environment's overrides; without a path, the environment alone. `ignored` names SRS
 * features that the server may start without. `isDefault`: there is neither a file nor a variable. Throws UserError when a file cannot
 * be read or there is no configuration at all, ConfigErrors when it is wrong.
 */
export function loadConfig(
  source: string | undefined | ConfigSource,
  environment: Environment = {},
  ignored: readonly string[] = [],
): Loaded & { readonly isDefault: boolean } {
  const { path, text, orDefaults = false } = typeof source === "object" ? source : { path: source };
  const ours = variablesOf(rootTable, {});
  const variables = srsVariables(environment, ours);
  const options = {
    root: rootTable,
    read,
    variables,
    replaced: setBy(environment, ours),
    ignored: checkIgnored([...ignored, ...wordsOf(environment.SRS_IGNORE)]),
  };
  const file =
    path === undefined ? variablesAlone(options) : readDocument(text ?? readConfigText(path), nameOf(path), options);
  const taken = new Set([...variables.map(({ name }) => name), "SRS_IGNORE"]);
  const { document, count } = withEnvironment(rootTable, file, environment, readSecret, taken);
  const isDefault = path === undefined && count + variables.length + document.errors.length === 0;
  if (isDefault && !orDefaults) throw new UserError("which configuration? Give --conf FILE (see srs --help)");
  return { ...complete(withSecretFiles(rootTable, document, readSecret)), isDefault };
}

/**
 * Reads a configuration's text; `fileName` is for messages and determines the syntax, `include` returns the text of included
 * files. Throws ConfigErrors with every mistake.
 */
export function parseConfig(text: string, fileName: string, include: ReadFile = read): Config {
  return complete(readDocument(text, fileName, { ...fileAlone, read: include })).config;
}

/** The configuration as TOML with the source of each value: all keys, or those that differ from their defaults. Secrets are masked. */
export function effectiveToml({ config, origin }: Pick<Loaded, "config" | "origin">, changesOnly = false): string {
  return renderToml(rootTable, config, { masked: true, changesOnly, remark: (path) => origin(path) ?? "default" });
}

/** The configuration as TOML with only the keys that differ from the defaults; it reads back as the same configuration. */
export function shortToml(config: Config): string {
  return renderToml(rootTable, config, { changesOnly: true });
}

/** The configuration's secrets, which no log may show. */
export function configSecrets(config: Config): Secrets {
  return new Secrets(secretTexts(rootTable, config));
}

/** The keys that variables set, by their names with dots. */
function setBy(environment: Environment, variables: ReadonlyMap<string, Variable>): ReadonlySet<string> {
  const isSet = (name: string) => Boolean(environment[name] || environment[`${name}_FILE`]);
  return new Set([...variables].flatMap(([name, { path }]) => (isSet(name) ? [path.join(".")] : [])));
}

function readDocument(text: string, fileName: string, options: SrsOptions): Document {
  if (isSrsConf(fileName)) return readSrsConf(text, fileName, options);
  const file = withNamedLists(rootTable, readToml(text, fileName));
  return options.variables.length === 0 ? file : laidOver(rootTable, file, variablesAlone(options));
}

/** A configuration of SRS's variables alone. */
function variablesAlone(options: SrsOptions): Document {
  return readSrsConf("", "variables", options);
}

/** Whether a file is in SRS's own syntax, by its name. */
export function isSrsConf(fileName: string): boolean {
  return /\.conf$/i.test(fileName);
}

/** The text of a configuration file, or of an included one. Throws UserError. */
export function read(path: string): string {
  return readTextFile(path, MAX_FILE_BYTES);
}

/** The text of a configuration that `--conf` names. Throws UserError. */
export function readConfigText(path: string): string {
  return path === STANDARD_INPUT ? readTextInput(MAX_FILE_BYTES) : read(path);
}

/** Whether `--conf` names standard input, which can be read once only. */
export function isStandardInput(path: string | undefined): path is string {
  return path === STANDARD_INPUT;
}

function nameOf(path: string): string {
  return isStandardInput(path) ? "standard input" : path;
}

/** The names given by `--ignore`. Throws UserError for an unknown one. */
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

/** The text of a secret's file without its final line break. */
function readSecret(path: string): string {
  const text = readTextFile(path, MAX_SECRET_BYTES).replace(/\r?\n$/, "");
  if (text === "") throw new UserError(`cannot use ${path}: it is empty`);
  return text;
}

function complete(document: Document): Loaded {
  const { values, problems } = validate(rootTable, document.tree);
  // A default replaces the wrong value: warnings about its combination with others would mislead.
  const unsure = document.errors.length > 0 || problems.some(({ path }) => endpointBlocks.includes(String(path[0])));
  if (!unsure) problems.push(...endpointProblems(values));
  if (document.errors.length + problems.length === 0) problems.push(...combinationProblems(values));
  if (problems.length + document.errors.length > 0) {
    const placed = problems.map(({ path, message }) => {
      const { at, as, order } = nearestLocation(document, path) ?? { at: "configuration", as: undefined, order: 0 };
      return { order, text: `${at}: ${as ?? showPath(path)}: ${message}` };
    });
    const all = [...placed, ...document.errors].sort((a, b) => a.order - b.order);
    throw new ConfigErrors(all.map(({ text }) => text));
  }
  const advice = advise(values).map(({ path, message }) => {
    const { at, as } = nearestLocation(document, path) ?? { at: "configuration", as: undefined };
    return `${at}: ${as ?? showPath(path)}: ${message}`;
  });
  return {
    config: values,
    warnings: [...document.warnings, ...advice].map(oneLine),
    origin: (path) => document.location(path)?.at,
  };
}
