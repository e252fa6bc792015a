import { firstIn, wordOf } from "./mapping.ts";
import { mapped, type Rule } from "./rules.ts";

/** SRS listens on a default port when a block is switched on without one. */
export function listensWhenOn(port: number, ...path: string[]): Rule {
  return mapped(
    `without \`listen\`, \`${path.join(".")}\` is ${port}`,
    (directive, { mapping, path: table, block }) => {
      if (wordOf(directive) === "on" && firstIn(block, "listen") === undefined)
        mapping.set([...table, ...path], directive, [String(port)]);
    },
  );
}

/** Pages of all hosts may ask here. */
export const crossdomain: Rule = {
  kind: "as it is",
  becomes: "`on` as it is; `off` is ignored: pages of other hosts may always ask",
  apply(directive, { mapping }) {
    if (wordOf(directive) === "off") mapping.warn(directive, "ignored: pages of other hosts may always ask");
  },
};
