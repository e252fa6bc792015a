import { nearest } from "../../../base/suggest.ts";
import { quote } from "../../../config/show.ts";
import type { Directive } from "./directive.ts";
import { type Scope, wordOf } from "./mapping.ts";

/** What a directive means here. */
export type Rule = (directive: Directive, scope: Scope) => void;

/** The directives that a block may have, by name. */
export type Rules = Readonly<Record<string, Rule>>;

/** It is a key of this server, in the table that stands for the block. */
export function key(...path: string[]): Rule {
  return (directive, { mapping, path: table }) => mapping.set([...table, ...path], directive);
}

/** Its one word is another word of this server's for the key. */
export function keyByWord(words: Readonly<Record<string, string>>, ...path: string[]): Rule {
  return (directive, { mapping, path: table }) => {
    const given = wordOf(directive);
    if (Object.hasOwn(words, given)) mapping.set([...table, ...path], directive, [words[given] ?? ""]);
    else mapping.error(directive, `must be ${Object.keys(words).join(", ")}, not ${quote(given)}`);
  };
}

/** It says what this server does anyway. */
export const asItIs: Rule = () => {};

/** It makes no difference to this server, which is told once. */
export function unused(why: string): Rule {
  return (directive, { mapping }) => mapping.warn(directive, `ignored: ${why}`);
}

/** The same, unless it is switched off. */
export function unusedIfOn(why: string): Rule {
  return (directive, scope) => {
    const isOff = directive.body === undefined ? wordOf(directive) === "off" : !isOn(directive);
    if (!isOff) unused(why)(directive, scope);
  };
}

/** A feature that this server doesn't have: to leave it out without a word would be wrong when it is switched on. */
export function missing(feature: string, instead = ""): Rule {
  return (directive, { mapping }) => {
    const used = directive.body === undefined ? wordOf(directive) !== "off" : isOn(directive);
    if (!used) return;
    const off = directive.body === undefined ? quote(`${directive.name} off;`) : quote("enabled off;");
    const hint = instead === "" ? `write ${off} or remove it` : `${instead}, and write ${off} here`;
    mapping.error(directive, `this server has no ${feature}; ${hint}`);
  };
}

/** A block whose directives mean the same as beside it. */
export function block(rules: Rules): Rule {
  return (directive, scope) => {
    if (directive.body === undefined) scope.mapping.error(directive, `must be a block, ${directive.name} { … }`);
    else applyRules(directive.body, rules, scope);
  };
}

/** A block that counts only with `enabled on;` in it. */
export function switchedBlock(rules: Rules): Rule {
  return (directive, scope) => {
    if (isOn(directive)) return block({ ...rules, enabled: asItIs })(directive, scope);
    const says = directive.body?.some(({ name }) => name === "enabled");
    if (says || directive.body?.length === 0) return;
    scope.mapping.warn(directive, 'switched off, as SRS does with a block that has no "enabled on;"');
  };
}

/** Whether a directive, or its block, is switched on. */
export function isOn(directive: Directive): boolean {
  if (directive.body === undefined) return wordOf(directive) === "on";
  return directive.body.some((inner) => inner.name === "enabled" && wordOf(inner) === "on");
}

/** Does what each directive of a block means. `elsewhere` are blocks that a misplaced directive may belong to. */
export function applyRules(
  directives: readonly Directive[],
  rules: Rules,
  around: Omit<Scope, "block">,
  elsewhere: readonly (readonly [where: string, rules: Rules])[] = [],
): void {
  const scope = { ...around, block: directives };
  for (const directive of directives) {
    const { name, args } = directive;
    const next = args.find(({ text, beginsLine }) => beginsLine && Object.hasOwn(rules, text));
    if (!Object.hasOwn(rules, name)) scope.mapping.error(directive, unknown(name, rules, elsewhere));
    else if (next !== undefined) {
      scope.mapping.error(directive, `a semicolon is missing before ${quote(next.text)} on line ${next.line}`);
    } else rules[name]?.(directive, scope);
  }
}

function unknown(name: string, rules: Rules, elsewhere: readonly (readonly [string, Rules])[]): string {
  const home = elsewhere.find(([, there]) => Object.hasOwn(there, name));
  if (home !== undefined) return `unknown directive here; it belongs ${home[0]}`;
  const meant = nearest(name, Object.keys(rules));
  if (meant !== undefined) return `unknown directive; did you mean ${quote(meant)}?`;
  return "unknown directive, and what it would change is not known; remove it (docs/srs-conf.md lists the known ones)";
}
