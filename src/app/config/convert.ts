import { oneLine } from "../../config/file/errors.ts";
import { renderToml } from "../../config/render.ts";
import { type Path, showPath } from "../../config/show.ts";
import { type Directive, directiveLines, locationOf, writtenName } from "../../config/srs/directive.ts";
import type { Mapping } from "../../config/srs/mapping.ts";
import { mapSrsConf } from "../../config/srs/read.ts";
import { lacking } from "../../config/srs/spellings.ts";
import { validate } from "../../config/validate.ts";
import { type Config, rootTable } from "./blocks.ts";
import { endpointProblems } from "./endpoints.ts";
import { fileAlone, isSrsConf, loadConfig, read, shortToml } from "./load.ts";
import { combinationProblems } from "./problems.ts";

/** A configuration file as TOML. */
export interface Converted {
  readonly toml: string;
  /** Warnings, one line each. */
  readonly messages: readonly string[];
  /** Whether the TOML expresses everything in the file. */
  readonly isWhole: boolean;
}

/**
 * A configuration file as the shortest equivalent TOML. Parts of an SRS file that have no effect or are wrong become comments.
 * Throws UserError when the file cannot be read, ConfigErrors when a file in TOML is wrong.
 */
export function convertConfig(path: string): Converted {
  if (!isSrsConf(path)) {
    const { config, warnings } = loadConfig(path);
    return { toml: shortToml(config), messages: warnings, isWhole: true };
  }
  const { mapping, mistakes } = mapSrsConf(read(path), path, { ...fileAlone, ignored: lacking });
  const { config, wrong } = dropWrong(mapping);
  const comments = new Comments(config);
  for (const mistake of mistakes) comments.add([], mistake, undefined);
  for (const { directive, table, reason } of mapping.leftOut) {
    comments.add(table, `${locationOf(directive)}: ${writtenName(directive)}: left out: ${reason}`, directive);
  }
  for (const { table, message, source } of wrong) comments.add(table, message, source);
  return {
    toml: renderToml(rootTable, config, { changesOnly: true, comments: (table) => comments.of(table) }),
    messages: [
      ...mistakes,
      ...mapping.errors.map(({ text }) => text),
      ...wrong.map(({ message }) => message),
      ...mapping.warnings,
    ].map(oneLine),
    isWhole: comments.isEmpty,
  };
}

/** A wrong value that was dropped. */
interface Wrong {
  /** The problem, with the value's location. */
  readonly message: string;
  readonly table: Path;
  readonly source: Directive | undefined;
}

/** The valid part of a document, and the dropped values. */
function dropWrong(mapping: Mapping): { readonly config: Config; readonly wrong: readonly Wrong[] } {
  const wrong: Wrong[] = [];
  for (;;) {
    const { values, problems } = validate(rootTable, mapping.tree);
    if (problems.length === 0) problems.push(...endpointProblems(values));
    if (problems.length === 0) problems.push(...combinationProblems(values));
    // From the end, so that the indices of remaining list items stay valid.
    const dropped = problems.toReversed().filter(({ path }) => drop(mapping.tree, path));
    if (dropped.length === 0) return { config: values, wrong };
    for (const { path, message } of dropped.reverse()) {
      const source = mapping.source(path);
      const location = source === undefined ? showPath(path) : `${locationOf(source)}: ${writtenName(source)}`;
      wrong.push({ message: `${location}: ${message}`, table: tableOf(path), source });
    }
  }
}

/** Removes the value at a path; false when there is none. */
function drop(tree: Record<string | number, unknown>, path: Path): boolean {
  const [name = "", ...rest] = path;
  const below = Object.hasOwn(tree, name) ? tree[name] : undefined;
  if (below === undefined) return false;
  if (rest.length > 0 && typeof below === "object") return drop(below as Record<string, unknown>, rest);
  if (Array.isArray(tree)) tree.splice(Number(name), 1);
  else delete tree[name];
  return true;
}

/** The table whose comments mention a path: a vhost's, or the root. */
function tableOf(path: Path): Path {
  return path[0] === "vhost" ? path.slice(0, 2) : [];
}

/** The comments of each table. */
class Comments {
  readonly #config: Config;
  readonly #lines = new Map<string, string[]>();
  readonly #shown = new Set<number>();

  constructor(config: Config) {
    this.#config = config;
  }

  get isEmpty(): boolean {
    return this.#lines.size === 0;
  }

  /** Adds a reason with its directive. The comments of a table that was itself left out go to the top. */
  add(table: Path, reason: string, directive: Directive | undefined): void {
    const isThere = table.length < 2 || this.#config.vhost.has(String(table[1]));
    const key = JSON.stringify(isThere ? table : []);
    const lines = this.#lines.get(key) ?? [];
    lines.push(oneLine(`# ${reason}`));
    // A directive with many mistakes is shown once.
    if (directive !== undefined && !this.#shown.has(directive.order))
      lines.push(...directiveLines(directive).map((line) => oneLine(`#   ${line}`)));
    if (directive !== undefined) this.#shown.add(directive.order);
    this.#lines.set(key, lines);
  }

  of(table: Path): readonly string[] {
    return this.#lines.get(JSON.stringify(table)) ?? [];
  }
}
