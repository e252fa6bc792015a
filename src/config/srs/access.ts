import { mapped, type Rule } from "./rules.ts";

/**
 * All `allow` or `deny` directives of a block `security`, which may contain many; the first one stands for all. SRS reads one
 * address only; our key would apply a second one to publishers and players alike.
 */
export function addressRules(name: "allow" | "deny"): Rule {
  return mapped(`\`security.${name}\` ([access.md](access.md))`, (directive, { mapping, path, block }) => {
    if (directive.args.length !== 2) {
      return mapping.error(directive, `takes an action and one address, as in ${name} play 10.0.0.0/8`);
    }
    if (block.find((each) => each.name === name && each.args.length === 2) !== directive) return;
    const all = block.filter((each) => each.name === name && each.args.length === 2);
    const words = all.flatMap(({ args }) => args.map(({ text }) => text));
    mapping.set([...path, "security", name], directive, words, all);
  });
}
