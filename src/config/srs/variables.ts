import type { Directive } from "./directive.ts";
import type { Mapping } from "./mapping.ts";
import { insert } from "./newest.ts";
import type { Rule } from "./rules.ts";
import { type Node, rootNode } from "./spellings.ts";

/** A variable of the environment that SRS has for a directive. */
export interface SrsVariable {
  readonly name: string;
  /** Where the newest SRS has the directive, from the top of a file down. */
  readonly words: readonly string[];
  readonly value: string;
}

type Variables = Readonly<Record<string, string | undefined>>;

/**
 * The variables that SRS knows: `SRS_`, then the names of the enclosing blocks and the directive, in capitals. `ours` are the
 * variables of our keys, which take precedence over SRS's of the same name.
 */
export function srsVariables(environment: Variables, ours: { has(name: string): boolean }): SrsVariable[] {
  const found = Object.entries(environment).flatMap(([name, value = ""]): SrsVariable[] => {
    if (value === "" || !name.startsWith("SRS_") || (ours.has(name) && !meansSrs(name, value, environment))) return [];
    const words = wordsOf(name);
    return words === undefined ? [] : [{ name, words, value }];
  });
  // The variable that switches a block on comes first, so that messages about the block name it.
  const order = ({ name }: SrsVariable) => `${name.endsWith("_ENABLED") ? 0 : 1}${name}`;
  return found.sort((a, b) => (order(a) < order(b) ? -1 : 1));
}

/** Whether a variable that both servers know has SRS's meaning: that of two names differs for some values. */
function meansSrs(name: string, value: string, environment: Variables): boolean {
  if (name === "SRS_LOG_LEVEL") return value === "trace" || value === "verbose";
  return name === "SRS_LOG_FILE" && Boolean(environment.SRS_LOG_TANK ?? environment.SRS_SRS_LOG_TANK);
}

/** The directives with variables in place of the file's values. Variables of a vhost concern the default one. */
export function setByVariables(
  directives: readonly Directive[],
  variables: readonly SrsVariable[],
  mapping: Mapping,
): readonly Directive[] {
  const isVhost = ({ name, body }: Directive) => name === "vhost" && body !== undefined;
  const insertions = variables.map(({ name, words, value }) => {
    const own = { name: words.at(-1) ?? "", args: argumentsOf(value), body: undefined };
    return { words, directive: { ...own, file: name, line: 0, order: behindTheFile } };
  });
  const inVhost = insertions.filter(({ words }) => words[0] === "vhost");
  const result = insert(
    directives,
    insertions.filter(({ words }) => words[0] !== "vhost"),
    { replace: true },
  );
  const [first] = inVhost;
  if (first === undefined) return result;
  const isDefault = (each: Directive) => isVhost(each) && each.args[0]?.text === defaultVhost;
  const vhost = result.find(isDefault);
  if (vhost === undefined && result.some(isVhost)) {
    for (const { directive } of inVhost) {
      mapping.error(directive, `it is for ${defaultVhost}, which the file does not have`);
    }
    return result;
  }
  const open = vhost ?? { ...first.directive, name: "vhost", args: argumentsOf(defaultVhost), body: [] };
  const inner = inVhost.map(({ words, directive }) => ({ words: words.slice(1), directive }));
  const whole = { ...open, body: insert(open.body ?? [], inner, { replace: true }) };
  return vhost === undefined ? [...result, whole] : result.map((each) => (each === vhost ? whole : each));
}

/** Mistakes in variables are listed after those in the file. */
const behindTheFile = 1e9;
const defaultVhost = "__defaultVhost__";

/** The path of the newest directive that has the variable; undefined when SRS has no such variable. */
function wordsOf(variable: string): readonly string[] | undefined {
  return pathsByVariable.get(variable) ?? partOfFeature(variable);
}

/** A feature's block may contain directives that the table lacks: SRS_VHOST_HLS_HLS_PATH. */
function partOfFeature(variable: string): readonly string[] | undefined {
  const around = [...features.keys()].filter((name) => variable.startsWith(`${name}_`));
  const [prefix] = around.sort((a, b) => b.length - a.length);
  if (prefix === undefined || variable.length === prefix.length + 1) return undefined;
  return [...(features.get(prefix) ?? []), variable.slice(prefix.length + 1).toLowerCase()];
}

/** Kinds of directives whose blocks are not read. */
const NOT_HERE: ReadonlySet<Rule["kind"]> = new Set(["left out", "refused", "ignored"]);
const pathsByVariable = new Map<string, readonly string[]>();
const features = new Map<string, readonly string[]>();
collect(rootNode);

function collect(node: Node): void {
  for (const each of node.inside.values()) {
    const newest = each.newest ?? each.words;
    const { rule } = each;
    for (const name of namesOf(each.words)) {
      if (each.newest !== undefined || (rule !== undefined && rule.opens === undefined))
        pathsByVariable.set(name, newest);
      if (rule?.opens === "switched") pathsByVariable.set(`${name}_ENABLED`, [...each.words, "enabled"]);
      if (rule !== undefined && NOT_HERE.has(rule.kind)) features.set(name, newest);
    }
    collect(each);
  }
}

/** SRS writes the variable of a directive `srs_…` with or without a second SRS_. */
function namesOf(words: readonly string[]): string[] {
  const name = `SRS_${words.join("_").toUpperCase()}`;
  return name.startsWith("SRS_SRS_") ? [name, name.slice("SRS_".length)] : [name];
}

function argumentsOf(value: string): Directive["args"] {
  return value
    .split(/\s+/)
    .filter(Boolean)
    .map((text) => ({ text, line: 0, beginsLine: false }));
}
