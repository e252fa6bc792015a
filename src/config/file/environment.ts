import { UserError } from "../../base/errors.ts";
import { nearest } from "../../base/suggest.ts";
import type { Table } from "../table.ts";
import { valueOfText } from "../words.ts";
import type { Document } from "./document.ts";
import { Overlay } from "./overlay.ts";
import type { ReadSecret } from "./secret-files.ts";
import { tablePrefixes, type Variable, variablesOf } from "./variables.ts";

/** The variables of a process. */
export type Environment = Readonly<Record<string, string | undefined>>;

/** Mistakes in variables are listed after those in the file. */
const afterTheFile = 1e9;
/** Variables that Kubernetes sets in each container for a service whose name begins with "srs"; no operator has written them. */
const serviceLink = /_(?:SERVICE_HOST|SERVICE_PORT(?:_\w+)?|PORT(?:_\d+_(?:TCP|UDP|SCTP)(?:_(?:PROTO|PORT|ADDR))?)?)$/;

/**
 * The document with the values of environment variables: a key's variable has the value, or, with `_FILE` after its name, the
 * path of a file that has it. Empty variables are ignored. `count`: how many keys were set. The variables in `taken` are in the
 * document already.
 */
export function withEnvironment(
  root: Table,
  document: Document,
  environment: Environment,
  read: ReadSecret,
  taken: ReadonlySet<string> = new Set(),
): { document: Document; count: number } {
  const result = new Overlay(document);
  const variables = variablesOf(root, document.tree);
  const setBy = new Map<Variable, string>();
  const given = Object.entries(environment).filter(([name, value]) => {
    return name.startsWith("SRS_") && value !== "" && !taken.has(name);
  });
  for (const [index, [name, text = ""]] of given.sort(([a], [b]) => (a < b ? -1 : 1)).entries()) {
    try {
      take(name, text, afterTheFile + index);
    } catch (error) {
      if (!(error instanceof UserError)) throw error;
      result.errors.push({ order: afterTheFile + index, text: `${name}: ${error.message}` });
    }
  }
  return { document: result, count: setBy.size };

  function take(name: string, text: string, order: number): void {
    // A key whose own name ends in _FILE wins over the file variable of another key.
    const isFile = !variables.has(name) && name.endsWith("_FILE");
    const variable = variables.get(isFile ? name.slice(0, -"_FILE".length) : name);
    if (variable === undefined) {
      if (!serviceLink.test(name)) result.warnings.push(`${name}: ${unknown(name)}`);
      return;
    }
    const at = document.location(variable.path)?.at ?? "";
    const other = setBy.get(variable) ?? (taken.has(at) ? at : undefined);
    const problem = variable.problem ?? (other && `says what ${other} says; unset one of them`);
    if (problem !== undefined) throw new UserError(problem);
    setBy.set(variable, name);
    const value = valueOfText(variable.key, isFile ? read(text) : text);
    result.set(variable.path, value, { at: isFile ? `${name} (${text})` : name, order });
  }

  /** The warning for a variable that sets no key. Throws UserError when it was probably meant for a key. */
  function unknown(name: string): string {
    const names = [...variables.keys()];
    const close = nearest(name, suggestible(name, names), 2);
    const isOurs = close !== undefined || tablePrefixes(root).some((prefix) => name.startsWith(prefix));
    // SRS's own variables are longer, as its directives stand in blocks: SRS_VHOST_FORWARD_DESTINATION.
    const shorter = names.filter((known) => name.startsWith(`${known}_`));
    const meant = close ?? shorter.at(-1) ?? nearest(name, suggestible(name, names));
    const hint = meant === undefined ? "see docs/configuration.md for their names" : `did you mean ${meant}?`;
    if (isOurs) throw new UserError(`no key is set by this variable; ${hint}`);
    return `ignored: no key is set by this variable; ${hint}`;
  }
}

/** Security keys are suggested only when the variable's name mentions security: a typing error must not lead to them. */
function suggestible(name: string, names: readonly string[]): readonly string[] {
  return /SECUR/i.test(name) ? names : names.filter((known) => !known.includes("_SECURITY_"));
}
