import type { Document } from "../file/document.ts";
import { ConfigErrors } from "../file/errors.ts";
import type { Table } from "../table.ts";
import { applyAll } from "./apply.ts";
import { type Directive, locationOf } from "./directive.ts";
import { type ReadFile, readDirectives } from "./include.ts";
import { Mapping } from "./mapping.ts";
import { asNewest } from "./newest.ts";
import { type SrsVariable, setByVariables } from "./variables.ts";

/** Options for reading a configuration in SRS's syntax. */
export interface SrsOptions {
  /** This server's keys. */
  readonly root: Table;
  /** Gives the text of included files. */
  readonly read: ReadFile;
  /** Features that the server may start without, by the names that `--ignore` takes. */
  readonly ignored: ReadonlySet<string>;
  /** Our keys that variables of the environment set, such as `http_api.listen`. */
  readonly replaced: ReadonlySet<string>;
  /** Variables of the environment that replace the file's directives. */
  readonly variables: readonly SrsVariable[];
}

/** Reads a configuration in SRS's own syntax, of any version from 1.0 on. Throws ConfigErrors when its syntax is wrong. */
export function readSrsConf(text: string, fileName: string, options: SrsOptions): Document {
  const { mapping, mistakes } = mapSrsConf(text, fileName, options);
  if (mistakes.length > 0) throw new ConfigErrors(mistakes);
  return mapping;
}

/** The same for a file with mistakes: the readable part and the mistakes. Throws ConfigErrors for a file of nginx. */
export function mapSrsConf(
  text: string,
  fileName: string,
  { root, read, ignored, replaced, variables }: SrsOptions,
): { readonly mapping: Mapping; readonly mistakes: readonly string[] } {
  const { directives, mistakes } = readDirectives(text, fileName, read);
  refuseNginx(directives);
  const mapping = new Mapping(root, ignored, replaced);
  applyAll(setByVariables(asNewest(directives), variables, mapping), { mapping, path: [] });
  return { mapping, mistakes };
}

/** nginx files have the same syntax and the same extension. */
function refuseNginx(directives: readonly Directive[]): void {
  const own = directives.find(({ name, body = [] }) => {
    return /^(?:events|worker_processes)$/.test(name) || (/^(?:http|rtmp)$/.test(name) && body.some(isServer));
  });
  if (own === undefined) return;
  throw new ConfigErrors([
    `${locationOf(own)}: ${own.name}: this is a configuration of nginx's; SRS has no such directive`,
  ]);
}

function isServer({ name, body }: Directive): boolean {
  return name === "server" && body !== undefined;
}
