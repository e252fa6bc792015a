import type { Argument, Directive } from "./directive.ts";
import { type Node, rootNode } from "./spellings.ts";

/** A block while directives are moved into it. */
interface OpenBlock extends Directive {
  readonly body: Directive[];
}

const vhostNode = rootNode.inside.get("vhost");

/** The directives of a file, each where the newest SRS writes it. */
export function asNewest(directives: readonly Directive[]): Directive[] {
  const moved = move(directives, rootNode);
  return moved.map((directive) => {
    if (directive.name !== "vhost" || directive.body === undefined || vhostNode === undefined) return directive;
    return { ...directive, body: move(directive.body, vhostNode) };
  });
}

/** Moves what stands at an older place in a block, or in the blocks below it. */
function move(block: readonly Directive[], node: Node): Directive[] {
  const older: { readonly words: readonly string[]; readonly directive: Directive }[] = [];
  const result = kept(block, node);
  for (const { words, directive } of older)
    place(result, words.slice(node.words.length), directive, { switchOn: node });
  return result;

  function kept(directives: readonly Directive[], around: Node): Directive[] {
    return directives.flatMap((written): Directive[] => {
      const directive = { ...written, swallowed: swallowedBy(written, around) };
      const own = around.inside.get(directive.name);
      if (own === undefined || own === vhostNode) return [directive];
      // A name of both an older directive and a block is the former when it has no body: forward a; forward { … }.
      if (own.newest !== undefined && (own.inside.size === 0 || directive.body === undefined)) {
        const name = own.newest.at(-1) ?? directive.name;
        older.push({ words: own.newest, directive: { ...directive, name, written: directive.name } });
        return [];
      }
      if (directive.body === undefined || own.inside.size === 0) return [directive];
      const body = kept(directive.body, own);
      // A block that the newest SRS doesn't have is nothing without what was moved.
      return own.rule === undefined && body.length === 0 ? [] : [{ ...directive, body }];
    });
  }
}

/** The first argument that begins a line and may stand in the block itself. */
function swallowedBy({ args }: Directive, around: Node): Argument | undefined {
  return args.find(({ text, beginsLine }) => beginsLine && around.inside.has(text));
}

/**
 * Puts a directive into a block, or into the blocks below it that `words` name, which are made where they are missing.
 * With `switchOn`, the node of the block, those that are made and count only when switched on are; `replace` takes away
 * what stands there by that name.
 */
export function place(
  block: Directive[],
  words: readonly string[],
  directive: Directive,
  { switchOn, replace = false }: { readonly switchOn?: Node; readonly replace?: boolean },
): void {
  let [into, node] = [block, switchOn];
  for (const name of words.slice(0, -1)) {
    const at = into.findIndex((each) => each.name === name && each.body !== undefined);
    const found = into[at];
    node = node?.inside.get(name);
    const { file, line, order } = directive;
    const enabled = {
      name: "enabled",
      args: [{ text: "on", line, beginsLine: false }],
      body: undefined,
      file,
      line,
      order,
    };
    const open: OpenBlock =
      found?.body === undefined
        ? { name, args: [], body: node?.rule?.opens === "switched" ? [enabled] : [], file, line, order }
        : { ...found, body: [...found.body] };
    if (found === undefined) insert(into, open);
    else into[at] = open;
    into = open.body;
  }
  if (replace) into.splice(0, into.length, ...into.filter(({ name }) => name !== directive.name));
  insert(into, directive);
}

/** In the order of the file: of what stands twice the second is told. */
function insert(into: Directive[], directive: Directive): void {
  const after = into.findIndex(({ order }) => order > directive.order);
  into.splice(after < 0 ? into.length : after, 0, directive);
}
