import { quote } from "../../../config/show.ts";
import { type Scope, wordIn, wordOf } from "./mapping.ts";
import { asItIs, key, missing, type Rule, type Rules, unusedIfOn } from "./rules.ts";

/** What an origin's address begins with, by the protocol that an edge of SRS's asks it by. */
const schemes: Readonly<Record<string, string>> = { rtmp: "", flv: "http://", flvs: "https://" };

/** A server is an edge where `mode remote;` stands beside; else SRS doesn't look at the directive. */
function ofAnEdge(rule: Rule): Rule {
  return (directive, scope) => {
    if (isEdge(scope)) rule(directive, scope);
  };
}

const mode: Rule = (directive, { mapping, block }) => {
  const word = wordOf(directive);
  if (word !== "local" && word !== "remote") mapping.error(directive, `must be local or remote, not ${quote(word)}`);
  if (word !== "remote" || block.some(({ name }) => name === "origin")) return;
  mapping.error(directive, "an edge needs an origin; write origin and its servers beside it");
};

const origin: Rule = (directive, { mapping, path, block }) => {
  const scheme = schemes[wordIn(block, "protocol") ?? "rtmp"] ?? "";
  mapping.set(
    [...path, "edge", "origin"],
    directive,
    directive.args.map(({ text }) => scheme + text),
  );
};

const protocol: Rule = (directive, { mapping }) => {
  const word = wordOf(directive);
  if (!Object.hasOwn(schemes, word)) mapping.error(directive, `must be rtmp, flv or flvs, not ${quote(word)}`);
};

/** What 1.0 has of an edge in the vhost itself. */
export const edge: Rules = {
  mode,
  origin: ofAnEdge(origin),
  token_traverse: ofAnEdge(key("edge", "token_traverse")),
  debug_srs_upnode: asItIs,
};

/** The directives of the block `cluster`. */
export const cluster: Rules = {
  ...edge,
  vhost: ofAnEdge(key("edge", "vhost")),
  protocol: ofAnEdge(protocol),
  follow_client: ofAnEdge(unusedIfOn("origins are asked by the protocol that is written here")),
  origin_cluster: missing("origin cluster"),
  coworkers: asItIs,
};

function isEdge({ block }: Scope): boolean {
  return wordIn(block, "mode") === "remote";
}
