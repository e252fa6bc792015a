import type { Clock } from "../../base/clock.ts";
import { isCount, isObject, jsonObject, readNodeState } from "../../live/ports/node-state.ts";
import type { KnownNode, NodeState, StreamRole } from "../../live/ports/nodes.ts";
import type { NodesRead } from "./store.ts";

/** That the registry has not listed a living node for this long is a problem, ms. */
const RECENT_MS = 2500;
/** A dead node is shown for this long, ms. */
const SHOW_DEAD_MS = 60_000;
/** Maximum length of an entry, characters; a longer one is damaged. */
const MAX_TEXT = 512 * 1024;
const MAX_NODES = 1000;

/** The entry of another node. */
interface Entry {
  text: string;
  state: NodeState | undefined;
  /** When the registry last listed the node as living, and when its entry last changed, monotonic ms. */
  seenAt: number;
  changedAt: number;
  /** The node's lease is over. */
  dead: boolean;
}

/** The other nodes, as last read from the registry. */
export class KnownNodes {
  readonly #clock: Pick<Clock, "now">;
  readonly #ownId: string;
  readonly #entries = new Map<string, Entry>();

  constructor(clock: Pick<Clock, "now">, ownId: string) {
    this.#clock = clock;
    this.#ownId = ownId;
  }

  /**
   * The other nodes, also those whose entry can't be read. Each has a `source` of its own: its address, or its id if several nodes
   * have that address. A dead node with the address of a living one is left out, as its server was started again.
   */
  all(): readonly KnownNode[] {
    const known = [...this.#entries].map(([id, entry]) => ({ id, node: this.#known(id, entry) }));
    const living = new Set(known.flatMap(({ node }) => (node.alive ? [node.source] : [])));
    const shown = known.filter(({ node }) => node.alive || !living.has(node.source));
    const uses = Map.groupBy(shown, ({ node }) => node.source);
    return shown.map(({ id, node }) => ((uses.get(node.source)?.length ?? 0) > 1 ? { ...node, source: id } : node));
  }

  /** Number of other nodes, dead ones that are still shown included. */
  get size(): number {
    return this.#entries.size;
  }

  /** The node with this id; undefined if it is unknown. */
  of(id: string): KnownNode | undefined {
    const entry = this.#entries.get(id);
    return entry === undefined ? undefined : this.#known(id, entry);
  }

  /** Takes what was read at `askedAt`, monotonic ms. False if the entry of a living node is missing, so that all must be read. */
  update({ living, dead, texts }: NodesRead, askedAt: number): boolean {
    let isComplete = true;
    const alive = new Set(living);
    for (const id of alive) {
      if (id === this.#ownId) continue;
      const text = texts.get(id) ?? this.#entries.get(id)?.text;
      if (text === undefined) isComplete &&= this.#entries.size >= MAX_NODES;
      else this.#see(id, text, askedAt, texts.has(id));
    }
    for (const [id, entry] of this.#entries) {
      if (alive.has(id)) continue;
      // A node that has left is in neither list; neither is a dead one once it has been swept.
      const hasLeft = !dead.includes(id) && !entry.dead;
      entry.dead = true;
      if (hasLeft || askedAt - entry.seenAt > SHOW_DEAD_MS) this.#entries.delete(id);
    }
    return isComplete;
  }

  clear(): void {
    this.#entries.clear();
  }

  #see(id: string, text: string, askedAt: number, isNew: boolean): void {
    const before = this.#entries.get(id);
    if (before !== undefined) {
      before.seenAt = askedAt;
      before.dead = false;
      if (!isNew || before.text === text) return;
      before.text = text;
      before.state = readEntry(id, text);
      before.changedAt = askedAt;
    } else if (this.#entries.size < MAX_NODES)
      this.#entries.set(id, { text, state: readEntry(id, text), seenAt: askedAt, changedAt: askedAt, dead: false });
  }

  /** While the registry can't be read, nodes stay as they were: directors need them, and nothing says that they are dead. */
  #known(id: string, { state, seenAt, changedAt, dead }: Entry): KnownNode {
    const isRecent = this.#clock.now() - seenAt < RECENT_MS;
    const problem = dead
      ? "it has not renewed its entry in the registry"
      : state === undefined
        ? "its entry in the registry can't be read"
        : isRecent
          ? undefined
          : "the registry has not been read since";
    return {
      isSelf: false,
      source: state?.advertise[0] ?? id,
      alive: !dead && state !== undefined,
      seenAt: changedAt,
      state,
      problems: problem === undefined ? [] : [problem],
      heardBy: ["registry"],
    };
  }
}

/** Reads a node's entry; undefined if it is damaged, or of a version that can't be read. */
function readEntry(id: string, text: string): NodeState | undefined {
  const value = text.length > MAX_TEXT ? undefined : jsonObject(text);
  const state = value === undefined ? undefined : readNodeState(value);
  if (state === undefined || state.id !== id) return undefined;
  const counts = isObject(value?.streams) ? value.streams : {};
  const count = (role: StreamRole) => (isCount(counts[role]) ? Math.floor(Number(counts[role])) : 0);
  const streamCounts = { published: count("published"), relayed: count("relayed") };
  return { ...state, streams: new Map(), streamCounts };
}
