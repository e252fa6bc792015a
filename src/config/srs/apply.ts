import { nearest } from "../../base/suggest.ts";
import { quote, showName } from "../show.ts";
import { type Directive, locationOf } from "./directive.ts";
import { firstIn, type Scope, wordIn, wordOf } from "./mapping.ts";
import { isOn, type Rule } from "./rules.ts";
import { type Node, namesIn, rootNode } from "./spellings.ts";

type Around = Omit<Scope, "block">;

/** Applies the directives of a whole file, each at the place where the newest SRS writes it. */
export function applyAll(directives: readonly Directive[], around: Around): void {
  applyBlock(directives, rootNode, around);
}

/** Applies each directive of a block; unknown ones are mistakes. */
function applyBlock(block: readonly Directive[], node: Node, around: Around): void {
  const scope = { ...around, block };
  scope.mapping.enter(scope);
  for (const directive of block) {
    const own = node.inside.get(directive.name);
    const { swallowed } = directive;
    if (own !== undefined && swallowed !== undefined) {
      scope.mapping.error(
        directive,
        `a semicolon is missing before ${quote(swallowed.text)} on line ${swallowed.line}`,
      );
    } else if (own?.rule !== undefined) applyOne(directive, own, own.rule, scope);
    else if (own !== undefined && directive.body !== undefined) applyBlock(directive.body, own, around);
    else if (directive.name !== "enabled" || node.rule?.opens !== "switched") unknown(directive, node, scope);
  }
}

function applyOne(directive: Directive, node: Node, rule: Rule, scope: Scope): void {
  const { mapping } = scope;
  const first = rule.opens === undefined ? undefined : firstIn(scope.block, directive.name);
  if (rule.opens === undefined) {
    rule.apply(directive, scope);
    if (directive.body !== undefined && isOn(directive)) applyKnown(directive.body, node, scope);
  } else if (directive.body === undefined || (rule.opens === "vhost" && wordOf(directive) === "")) {
    mapping.error(directive, `must be a block, ${directive.name} ${rule.opens === "vhost" ? "NAME " : ""}{ … }`);
  } else if (rule.opens === "vhost") {
    const table = ["vhost", wordOf(directive)];
    if (mapping.open(table, directive)) applyBlock(directive.body, node, { mapping, path: table });
  } else if (first !== undefined && first !== directive) {
    mapping.leaveOut(directive, `it stands already at ${locationOf(first)}, and the first counts, as in SRS`);
  } else if (rule.opens === "switched" && !isOn(directive)) switchedOff(directive, directive.body, scope);
  else switchedOn(directive, directive.body, node, scope);
}

function switchedOn(directive: Directive, body: readonly Directive[], node: Node, scope: Scope): void {
  const { mapping, path } = scope;
  const reason = node.rule?.whyLeftOut?.(directive, scope);
  if (reason === undefined) applyBlock(body, node, { mapping, path });
  else mapping.leaveOut(directive, reason);
}

/** In a feature's block, only the directives in the table count. */
function applyKnown(body: readonly Directive[], node: Node, { mapping, path }: Scope): void {
  const scope = { mapping, path, block: body };
  mapping.enter(scope);
  for (const directive of body) node.inside.get(directive.name)?.rule?.apply(directive, scope);
}

function switchedOff(directive: Directive, body: readonly Directive[], { mapping }: Scope): void {
  if (body.length === 0) return;
  const says = wordIn(body, "enabled");
  if (says === undefined) {
    mapping.warn(directive, 'switched off, as SRS does with a block that has no "enabled on;"');
  } else if (says !== "off") mapping.error(directive, `enabled must be on or off, not ${quote(says)}`);
}

function unknown(directive: Directive, node: Node, { mapping }: Scope): void {
  const { name } = directive;
  const home = homeOf(name, node);
  const meant = nearest(name, namesIn(node));
  if (home !== undefined) mapping.error(directive, `unknown directive here; it belongs ${home}`);
  else if (meant !== undefined) mapping.error(directive, `unknown directive; did you mean ${quote(meant)}?`);
  else {
    const message = "unknown directive of unknown effect; remove it (docs/srs-conf.md lists the known ones)";
    mapping.error(directive, message, showName(name));
  }
}

/** Where a misplaced directive may belong. */
function homeOf(name: string, { words }: Node): string | undefined {
  if (words.length === 0) {
    const vhost = rootNode.inside.get("vhost");
    const inside = [vhost, ...(vhost?.inside.values() ?? [])];
    return inside.some((node) => node?.inside.has(name)) ? "in a vhost" : undefined;
  }
  return words.length === 1 && rootNode.inside.has(name) ? "at the top of the file" : undefined;
}
