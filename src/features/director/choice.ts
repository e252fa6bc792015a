import type { Clock } from "../../base/clock.ts";
import type { KnownNode, NodeState } from "../../live/ports/nodes.ts";

/** Loads may differ from their mean by this share: within it, a client comes back to the node that it had. */
const SLACK = 0.04;
/** A node with this share of its capacity in use has room for clients of other zones only when all have as much. */
const BUSY = 0.9;
/** A client that was sent has arrived after this time, ms, or comes no more: the node's own numbers are right then. */
const ARRIVAL_MS = 300;

/** What a client is to be sent to a node for. */
export interface Wish {
  /** The client and its stream: the same one comes to the same node while that is fit and no fuller than others. */
  readonly key: string;
  /** Schemes of addresses that the client can use, best first. */
  readonly schemes: readonly string[];
  /** Where the client is; "" when nobody knows. */
  readonly zone: string;
  /** The id of the node that the client has, and keeps while that is fit; "" without one. */
  readonly current: string;
  /** Whether weights don't count. */
  readonly unweighted?: boolean;
  /** Why a living node can't serve it; undefined when it can. */
  unfit(node: NodeState): string | undefined;
}

/** Where a client is sent. */
export interface Place {
  readonly isSelf: boolean;
  readonly id: string;
  /** An advertised URL of the node, with one of the schemes. */
  readonly url: string;
}

/** One node as a client sees it. */
export interface Standing {
  readonly node: KnownNode;
  /** Why it is left out; undefined when it is fit. */
  readonly reason: string | undefined;
  /** Of its capacity, the share that is in use, where 1 is all. */
  readonly use: number;
  /** Clients that were sent there and are not in its numbers yet. */
  readonly onTheWay: number;
}

interface Candidate extends Place {
  readonly zone: string;
  /** Share of its capacity that is in use, the clients that are on their way counted. */
  readonly use: number;
  /** The same by its weight: nodes of equal loads have as much of what is theirs. */
  readonly load: number;
  /** What one more client adds to that. */
  readonly step: number;
  /** Drawn for the client and this node. */
  readonly drawn: number;
}

/** Clients that were sent to a node and are not in its numbers yet. */
interface Sent {
  /** When each was sent, oldest first. */
  readonly times: number[];
  /** The numbers that they are not in: their time, and its connections. */
  seenAt: number;
  connections: number;
}

/**
 * Chooses the node for a client: alive, not draining, with an address that the client can use. Loads are a second old, so clients that
 * were sent meanwhile are counted, or all would go to the same node.
 */
export class Choice {
  readonly #clock: Pick<Clock, "now">;
  readonly #sent = new Map<string, Sent>();

  constructor(clock: Pick<Clock, "now">) {
    this.#clock = clock;
  }

  /** The node for one more client, which then counts there; undefined when none is fit. */
  choose(nodes: readonly KnownNode[], wish: Wish): Place | undefined {
    const [best] = this.rank(nodes, wish);
    if (best !== undefined) this.#count(best.id, nodes);
    return best;
  }

  /** All fit nodes, the one to choose first. Nothing is counted. */
  rank(nodes: readonly KnownNode[], wish: Wish): readonly Place[] {
    const { zone, current } = wish;
    const fit = this.#candidates(nodes, wish);
    const near = zone === "" ? fit : fit.filter((node) => node.zone === zone && node.use < BUSY);
    const first = near.length > 0 ? near : fit;
    const ranked = byShare(first);
    const rest = fit.filter((node) => !first.includes(node)).toSorted((a, b) => a.load - b.load);
    const all = rest.length === 0 ? ranked : [...ranked, ...rest];
    const kept = all.find(({ id, use }) => id === current && use < 1);
    return kept === undefined ? all : [kept, ...all.filter((node) => node !== kept)];
  }

  /** All nodes, and why some are left out. */
  standings(nodes: readonly KnownNode[], wish: Wish): readonly Standing[] {
    return nodes.map((node) => {
      const { state, seenAt } = node;
      const onTheWay = state === undefined ? 0 : this.#onTheWay(state, seenAt ?? this.#clock.now());
      const use = state === undefined ? 0 : useOf(state, onTheWay).use;
      return { node, reason: reasonOf(node, wish, addressOf(state, wish.schemes)), use, onTheWay };
    });
  }

  #candidates(nodes: readonly KnownNode[], wish: Wish): Candidate[] {
    const now = this.#clock.now();
    const candidates: Candidate[] = [];
    const ids = new Set<string>();
    const known = new Set<string>();
    for (const node of nodes) {
      const { isSelf, seenAt, state } = node;
      if (state === undefined) continue;
      known.add(state.id);
      const { id, zone, weight } = state;
      const url = addressOf(state, wish.schemes);
      if (url === undefined || ids.has(id) || reasonOf(node, wish, url) !== undefined) continue;
      ids.add(id);
      const { use, step } = useOf(state, this.#onTheWay(state, seenAt ?? now));
      const share = wish.unweighted ? 1 : 100 / weight;
      const drawn = hash(`${id}\n${wish.key}`);
      candidates.push({ isSelf, id, url, zone, use, load: use * share, step: step * share, drawn });
    }
    for (const id of this.#sent.keys()) if (!known.has(id)) this.#sent.delete(id);
    return candidates;
  }

  /** Clients that were sent there and are not in its numbers, which were true at `seenAt`. */
  #onTheWay({ id, load }: NodeState, seenAt: number): number {
    const sent = this.#sent.get(id);
    if (sent === undefined) return 0;
    const { times } = sent;
    if (seenAt !== sent.seenAt) {
      const before = countUntil(times, seenAt);
      const arrived = Math.max(0, load.connections - sent.connections);
      // Those that had the time, and as many as have come, are in the numbers.
      times.splice(0, Math.max(countUntil(times, seenAt - ARRIVAL_MS), Math.min(before, arrived)));
      sent.seenAt = seenAt;
      sent.connections = load.connections;
    }
    return times.length;
  }

  #count(id: string, nodes: readonly KnownNode[]): void {
    const now = this.#clock.now();
    const sent = this.#sent.get(id);
    if (sent !== undefined) {
      sent.times.push(now);
      return;
    }
    const node = nodes.find(({ state }) => state?.id === id);
    const connections = node?.state?.load.connections ?? 0;
    this.#sent.set(id, { times: [now], seenAt: node?.seenAt ?? now, connections });
  }
}

/** How many of these times, in their order, are not after one. */
function countUntil(times: readonly number[], last: number): number {
  const after = times.findIndex((at) => at > last);
  return after < 0 ? times.length : after;
}

/** Why a node is left out; `url` is the address that the client would be sent to. */
function reasonOf({ alive, state }: KnownNode, wish: Wish, url: string | undefined): string | undefined {
  if (!alive || state === undefined) return "it does not answer";
  if (state.draining) return "it drains";
  if (state.weight === 0 && !wish.unweighted) return "its weight is 0";
  if (url === undefined) return `it advertises no address that begins with ${wish.schemes.join(":// or ")}://`;
  return wish.unfit(state);
}

/** The first of its addresses with the best of these schemes. */
function addressOf(state: NodeState | undefined, schemes: readonly string[]): string | undefined {
  if (state === undefined) return undefined;
  for (const scheme of schemes)
    for (const url of state.advertise) if (url.startsWith("://", scheme.length) && url.startsWith(scheme)) return url;
  return undefined;
}

/** What is fullest of connections, line and processor, where 1 is full. Half of a processor is no reason to go elsewhere. */
function useOf({ load }: NodeState, onTheWay: number): { use: number; step: number } {
  const { connections, maxConnections, kbps, maxKbps, cpu } = load;
  const step = 1 / Math.max(1, maxConnections);
  const more = connections > 0 ? 1 + onTheWay / connections : 1;
  const line = maxKbps > 0 ? (kbps * more) / maxKbps : 0;
  return { use: Math.max((connections + onTheWay) * step, line, 2 * cpu - 1), step };
}

/**
 * Nodes by a number that is drawn for each with the client (rendezvous hashing): when one goes, its own clients move alone. Those
 * that have less than their share come first, those with more last.
 */
function byShare(nodes: readonly Candidate[]): readonly Candidate[] {
  const mean = nodes.reduce((sum, { load }) => sum + load, 0) / Math.max(1, nodes.length);
  const group = ({ load, step }: Candidate) => {
    if (load + step < mean * (1 - SLACK)) return 0;
    return load <= mean * (1 + SLACK) + step / 2 ? 1 : 2;
  };
  return nodes.toSorted((a, b) => group(a) - group(b) || b.drawn - a.drawn);
}

/** FNV-1a with a last mixing: as good as drawn for each text. */
function hash(text: string): number {
  let value = 0x811c9dc5;
  for (let at = 0; at < text.length; at++) value = Math.imul(value ^ text.charCodeAt(at), 0x01000193);
  value = Math.imul(value ^ (value >>> 16), 0x85ebca6b);
  value = Math.imul(value ^ (value >>> 13), 0xc2b2ae35);
  return (value ^ (value >>> 16)) >>> 0;
}
