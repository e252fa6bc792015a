import type { Argument, Directive } from "./directive.ts";
import { type Node, rootNode } from "./spellings.ts";

const vhostNode = rootNode.inside.get("vhost");

/** The directives of a file, each moved to the place where the newest SRS writes it. */
export function asNewest(directives: readonly Directive[]): readonly Directive[] {
  const moved = move(directives, rootNode);
  return moved.map((directive) => {
    if (directive.name !== "vhost" || directive.body === undefined || vhostNode === undefined) return directive;
    return { ...directive, body: move(directive.body, vhostNode) };
  });
}

/** Moves directives that stand at an older place in a block, or in the blocks below it. */
function move(block: readonly Directive[], node: Node): readonly Directive[] {
  const older: Insertion[] = [];
  const rest = kept(block, node);
  return insert(rest, older, { switchOn: node });

  function kept(directives: readonly Directive[], around: Node): Directive[] {
    return directives.flatMap((written): Directive[] => {
      const directive = { ...written, swallowed: swallowedBy(written, around) };
      const own = around.inside.get(directive.name);
      if (own === undefined || own === vhostNode) return [directive];
      // A name may be both an older directive and a block. Without a body it is the directive: forward a; forward { … }.
      if (own.newest !== undefined && (own.inside.size === 0 || directive.body === undefined)) {
        const name = own.newest.at(-1) ?? directive.name;
        older.push({
          words: own.newest.slice(node.words.length),
          directive: { ...directive, name, written: directive.name },
        });
        return [];
      }
      if (directive.body === undefined || own.inside.size === 0) return [directive];
      const body = kept(directive.body, own);
      // A block that the newest SRS doesn't have is dropped once its directives are moved.
      return own.rule === undefined && body.length === 0 ? [] : [{ ...directive, body }];
    });
  }
}

/** The first argument that begins a line and is a valid directive of the surrounding block. */
function swallowedBy({ args }: Directive, around: Node): Argument | undefined {
  return args.find(({ text, beginsLine }) => beginsLine && around.inside.has(text));
}

/** A directive and its target in a block: the names of the blocks below, and its own. */
export interface Insertion {
  readonly words: readonly string[];
  readonly directive: Directive;
}

/**
 * A block with directives inserted into it or into the blocks below it, in the order of the file. Missing blocks are created;
 * with `switchOn` (the node of `block`), those that count only when switched on are switched on. With `replace`, an inserted
 * directive replaces those of the same name.
 */
export function insert(
  block: readonly Directive[],
  insertions: readonly Insertion[],
  { switchOn, replace = false }: { readonly switchOn?: Node | undefined; readonly replace?: boolean },
): readonly Directive[] {
  if (insertions.length === 0) return block;
  const here = insertions.filter(({ words }) => words.length === 1).map(({ directive }) => directive);
  const gone = new Set(replace ? here.map(({ name }) => name) : []);
  const result = [...block.filter(({ name }) => !gone.has(name)), ...here];
  const below = new Map<string, Insertion[]>();
  for (const { words, directive } of insertions) {
    const [name = "", ...rest] = words;
    if (rest.length === 0) continue;
    const inner = below.get(name) ?? [];
    inner.push({ words: rest, directive });
    below.set(name, inner);
  }
  for (const [name, inner] of below) {
    const node = switchOn?.inside.get(name);
    const at = result.findIndex((each) => each.name === name && each.body !== undefined);
    const around = result[at] ?? made(name, node, inner);
    const whole = { ...around, body: insert(around.body ?? [], inner, { switchOn: node, replace }) };
    if (at < 0) result.push(whole);
    else result[at] = whole;
  }
  return result.sort((a, b) => a.order - b.order);
}

/** A block that no file contains, created for inserted directives. */
function made(name: string, node: Node | undefined, [first]: readonly Insertion[]): Directive {
  const { file, line, order } = first?.directive ?? { file: "", line: 0, order: 0 };
  const enabled = {
    name: "enabled",
    args: [{ text: "on", line, beginsLine: false }],
    body: undefined,
    file,
    line,
    order,
  };
  // A block with a rule for `enabled` is switched by that directive alone.
  const switchesItself = node?.rule?.opens === "switched" && !node.inside.has("enabled");
  return { name, args: [], body: switchesItself ? [enabled] : [], file, line, order };
}
