import { quote } from "../show.ts";
import { type Scope, wordIn, wordOf } from "./mapping.ts";
import { mapped, type Rule } from "./rules.ts";

/** The URL scheme of an origin's address, by the protocol that an SRS edge uses to fetch from it. */
const schemes: Readonly<Record<string, string>> = { rtmp: "", flv: "http://", flvs: "https://" };

/** The rule of a directive for edges, which have `mode remote;` in the same block; elsewhere SRS ignores the directive. */
export function ofAnEdge(rule: Rule): Rule {
  return {
    ...rule,
    apply(directive, scope) {
      // A block is a mistake everywhere, such as a vhost in a vhost: what it says must not be lost.
      if (isEdge(scope) || directive.body !== undefined) rule.apply(directive, scope);
    },
  };
}

/** `mode local` or `mode remote`. An SRS edge accepts publishers; ours accepts them only where a rule decides who may publish. */
export const mode: Rule = mapped(
  "with `remote` the vhost is an edge; it accepts publishers (`edge.publish`) if `token_traverse on;` stands beside it, else that is left out; `local` and further edge directives beside it are as it is",
  (directive, { mapping, path, block }) => {
    const word = wordOf(directive);
    if (word !== "local" && word !== "remote") mapping.error(directive, `must be local or remote, not ${quote(word)}`);
    if (word !== "remote") return;
    if (!block.some(({ name }) => name === "origin"))
      mapping.error(directive, "an edge needs an origin; write origin and its servers beside it");
    else if (wordIn(block, "token_traverse") === "on") mapping.set([...path, "edge", "publish"], directive, ["on"]);
    else mapping.leaveOut(directive, "this edge accepts no publishers; publish = true in its edge table permits them");
  },
);

/** The servers that an edge fetches from. */
export const origin: Rule = ofAnEdge(
  mapped(
    "`edge.origin`, its servers by `http://` where the protocol is `flv` and by `https://` where it is `flvs`",
    (directive, { mapping, path, block }) => {
      const scheme = schemes[wordIn(block, "protocol") ?? "rtmp"] ?? "";
      mapping.set(
        [...path, "edge", "origin"],
        directive,
        directive.args.map(({ text }) => scheme + text),
      );
    },
  ),
);

/** The protocol by which an edge asks its origins. */
export const protocol: Rule = ofAnEdge(
  mapped("see `origin`", (directive, { mapping }) => {
    const word = wordOf(directive);
    if (!Object.hasOwn(schemes, word)) mapping.error(directive, `must be rtmp, flv or flvs, not ${quote(word)}`);
  }),
);

function isEdge({ block }: Scope): boolean {
  return wordIn(block, "mode") === "remote";
}
