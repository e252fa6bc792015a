import type { Directive } from "./directive.ts";
import { applyRules, isOn, key, type Rule, type Rules, switchedBlock } from "./rules.ts";

/** The directives of the block `refer`. */
export const referLists = {
  all: key("security", "refer"),
  publish: key("security", "refer_publish"),
  play: key("security", "refer_play"),
} as const satisfies Rules;

/** `refer a b;` of 1.0, or the block of later versions. */
export const refer: Rule = (directive, scope) => {
  const rule = directive.body === undefined ? referLists.all : switchedBlock(referLists);
  rule(directive, scope);
};

/** The directives of the block `security` besides `enabled`. */
export const securityLists = ["allow", "deny"] as const;

/** `security { enabled on; allow play all; deny publish 10.0.0.0/8; }`, where `allow` and `deny` may stand many times. */
export const security: Rule = (directive, scope) => {
  if (directive.body === undefined) return scope.mapping.error(directive, "must be a block, security { … }");
  if (!isOn(directive)) return switchedBlock({})(directive, scope);
  const found: Directive[] = [];
  // SRS looks at the first address only; ours would take a second one for publishers and players alike.
  const keep: Rule = (rule, { mapping }) => {
    if (rule.args.length === 2) found.push(rule);
    else mapping.error(rule, `takes an action and one address, as in ${rule.name} play 10.0.0.0/8`);
  };
  const lists = Object.fromEntries(securityLists.map((name) => [name, keep]));
  applyRules(directive.body, { ...lists, enabled: key("security", "enabled") }, scope);
  for (const name of securityLists) {
    const all = found.filter((rule) => rule.name === name);
    const [first] = all;
    const words = all.flatMap(({ args }) => args.map(({ text }) => text));
    if (first !== undefined) scope.mapping.set([...scope.path, "security", name], first, words, all);
  }
};
