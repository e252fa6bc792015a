import { directives, type Entry } from "./directives.ts";
import type { Rule } from "./rules.ts";

/** A name allowed in a block, by the table of directives. */
export interface Node {
  /** The names of the blocks around it, from the top of the file down, and its own. */
  readonly words: readonly string[];
  /** The rule of a directive there; undefined if only older versions write it there. */
  rule: Rule | undefined;
  /** Where the newest SRS writes this directive, if older ones write it here. */
  newest: readonly string[] | undefined;
  /** The names allowed in it, if it is a block. */
  readonly inside: Map<string, Node>;
}

/** The names allowed in a file of any version of SRS. */
export const rootNode: Node = treeOf(directives);

/** The names that `--ignore` takes. */
export const ignorable: ReadonlySet<string> = new Set(directives.flatMap(({ rule }) => rule.ignore ?? []));

/** The names among them of features that this server lacks: it can start only without these. */
export const lacking: ReadonlySet<string> = new Set(
  directives.flatMap(({ rule }) => (rule.kind === "key" ? [] : (rule.ignore ?? []))),
);

/** The names that may stand in a block. */
export function namesIn({ inside }: Node): readonly string[] {
  return [...inside.keys()];
}

function treeOf(entries: readonly Entry[]): Node {
  const root: Node = { words: [], rule: undefined, newest: undefined, inside: new Map() };
  for (const { spellings, rule } of entries) {
    const newest = spellings.at(-1)?.split(" ") ?? [];
    nodeAt(root, newest).rule = rule;
    for (const older of spellings.slice(0, -1)) nodeAt(root, older.split(" ")).newest = newest;
  }
  return root;
}

function nodeAt(root: Node, words: readonly string[]): Node {
  let at = root;
  for (const [index, word] of words.entries()) {
    let next = at.inside.get(word);
    if (next === undefined) {
      next = { words: words.slice(0, index + 1), rule: undefined, newest: undefined, inside: new Map() };
      at.inside.set(word, next);
    }
    at = next;
  }
  return at;
}
