import type { Clock } from "../../base/clock.ts";
import { hashOf } from "../../base/hash.ts";
import type { KnownNode, NodeState } from "../../live/ports/nodes.ts";

/** Loads within this share of their mean count as equal, so that a client returns to the node that it had. */
const SLACK = 0.04;
/** Nodes of the client's own zone come before those of other zones below this use of their capacity. */
const BUSY = 0.9;
/** A client that was sent to a node arrives within this time, ms, or never; after it, the node's own numbers are right. */
const ARRIVAL_MS = 300;
/** Maximum number of clients counted as on the way to a node: its numbers may stay old for as long as a registry is away. */
const MAX_SENT = 10_000;

/** What a client needs of a node. */
export interface Criteria {
  /** The client and its stream: the same key gets the same node while that node is fit and no fuller than others. */
  readonly key: string;
  /** URL schemes that the client can use, best first. */
  readonly schemes: readonly string[];
  /** The client's zone; "" if it is unknown. */
  readonly zone: string;
  /** The id of the client's present node, which it keeps while the node is fit; "" without one. */
  readonly current: string;
  /** Whether weights don't count. */
  readonly unweighted?: boolean;
  /** Why a living node can't serve the client; undefined if it can. */
  unfit(node: NodeState): string | undefined;
}

/** A node that a client may be sent to. */
export interface ChosenNode {
  readonly isSelf: boolean;
  readonly id: string;
  /** An advertised URL of the node, with one of the schemes. */
  readonly url: string;
}

/** One node's standing for a client. */
export interface Standing {
  readonly node: KnownNode;
  /** Why the node is left out; undefined if it is fit. */
  readonly reason: string | undefined;
  /** Share of the node's capacity that is in use; 1 is all of it. */
  readonly use: number;
  /** Number of clients that were sent to the node and are not in its numbers yet. */
  readonly onTheWay: number;
}

interface Candidate extends ChosenNode {
  readonly zone: string;
  /** Share of its capacity that is in use, including the clients on their way. */
  readonly use: number;
  /** `use` divided by the node's weight: nodes of equal load have clients in proportion to their weights. */
  readonly load: number;
  /** What one more client adds to `load`. */
  readonly step: number;
  /** A hash of the node's id and the client's key, as for a lottery among the nodes. */
  readonly drawn: number;
}

/** Clients that were sent to a node and are not in its numbers yet. */
interface Sent {
  /** When each was sent, oldest first. */
  readonly times: number[];
  /** Time and connections of the node's numbers that do not include them. */
  seenAt: number;
  connections: number;
}

/**
 * Chooses the node for a client: alive, not draining, with an address that the client can use. Nodes' loads are a second old, so clients
 * that were sent since then are counted here; otherwise all clients of that second would go to the same node.
 */
export class Choice {
  readonly #clock: Pick<Clock, "now">;
  readonly #sent = new Map<string, Sent>();

  constructor(clock: Pick<Clock, "now">) {
    this.#clock = clock;
  }

  /** The node for one more client, which then counts there; undefined when none is fit. */
  choose(nodes: readonly KnownNode[], criteria: Criteria): ChosenNode | undefined {
    const [best] = this.rank(nodes, criteria);
    if (best !== undefined) this.#count(best.id, nodes);
    return best;
  }

  /** All fit nodes, best first. No client is counted. */
  rank(nodes: readonly KnownNode[], criteria: Criteria): readonly ChosenNode[] {
    const { zone, current } = criteria;
    const fit = this.#candidates(nodes, criteria);
    const near = zone === "" ? fit : fit.filter((node) => node.zone === zone && node.use < BUSY);
    const first = near.length > 0 ? near : fit;
    const ranked = byShare(first);
    const rest = fit.filter((node) => !first.includes(node)).toSorted((a, b) => a.load - b.load);
    const all = rest.length === 0 ? ranked : [...ranked, ...rest];
    const kept = all.find(({ id, use }) => id === current && use < 1);
    return kept === undefined ? all : [kept, ...all.filter((node) => node !== kept)];
  }

  /** All nodes, and why some are left out. */
  standings(nodes: readonly KnownNode[], criteria: Criteria): readonly Standing[] {
    return nodes.map((node) => {
      const { state, seenAt } = node;
      const onTheWay = state === undefined ? 0 : this.#onTheWay(state, seenAt ?? this.#clock.now());
      const use = state === undefined ? 0 : useOf(state, onTheWay).use;
      return { node, reason: reasonOf(node, criteria, addressOf(state, criteria.schemes)), use, onTheWay };
    });
  }

  #candidates(nodes: readonly KnownNode[], criteria: Criteria): Candidate[] {
    const now = this.#clock.now();
    const candidates: Candidate[] = [];
    const ids = new Set<string>();
    const known = new Set<string>();
    for (const node of nodes) {
      const { isSelf, seenAt, state } = node;
      if (state === undefined) continue;
      known.add(state.id);
      const { id, zone, weight } = state;
      const url = addressOf(state, criteria.schemes);
      if (url === undefined || ids.has(id) || reasonOf(node, criteria, url) !== undefined) continue;
      ids.add(id);
      const { use, step } = useOf(state, this.#onTheWay(state, seenAt ?? now));
      const share = criteria.unweighted ? 1 : 100 / weight;
      const drawn = hashOf(`${id}\n${criteria.key}`);
      candidates.push({ isSelf, id, url, zone, use, load: use * share, step: step * share, drawn });
    }
    for (const id of this.#sent.keys()) if (!known.has(id)) this.#sent.delete(id);
    return candidates;
  }

  /** Number of clients that were sent to a node and are not in its numbers, which were true at `seenAt`. */
  #onTheWay({ id, load }: NodeState, seenAt: number): number {
    const sent = this.#sent.get(id);
    if (sent === undefined) return 0;
    const { times } = sent;
    if (seenAt !== sent.seenAt) {
      const before = countUntil(times, seenAt);
      const arrived = Math.max(0, load.connections - sent.connections);
      // The numbers include all clients that had time to arrive, and at least as many as the connections have grown.
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
      if (sent.times.length >= MAX_SENT) sent.times.shift();
      sent.times.push(now);
      return;
    }
    const node = nodes.find(({ state }) => state?.id === id);
    const connections = node?.state?.load.connections ?? 0;
    this.#sent.set(id, { times: [now], seenAt: node?.seenAt ?? now, connections });
  }
}

/** Number of the times, which are in order, that are not after `last`. */
function countUntil(times: readonly number[], last: number): number {
  const after = times.findIndex((at) => at > last);
  return after < 0 ? times.length : after;
}

/** Why a node is left out; `url` is the address that the client would be sent to. */
function reasonOf({ alive, state }: KnownNode, criteria: Criteria, url: string | undefined): string | undefined {
  if (!alive || state === undefined) return "it does not answer";
  if (state.draining) return "it drains";
  if (state.weight === 0 && !criteria.unweighted) return "its weight is 0";
  if (url === undefined) return `it advertises no address that begins with ${criteria.schemes.join(":// or ")}://`;
  return criteria.unfit(state);
}

/** The node's first advertised address with the best of these schemes; undefined without one. */
function addressOf(state: NodeState | undefined, schemes: readonly string[]): string | undefined {
  if (state === undefined) return undefined;
  for (const scheme of schemes)
    for (const url of state.advertise) if (url.startsWith("://", scheme.length) && url.startsWith(scheme)) return url;
  return undefined;
}

/** A node's use: the highest of connections, line and processor, where 1 is full. The processor counts from 50 % on. */
function useOf({ load }: NodeState, onTheWay: number): { use: number; step: number } {
  const { connections, maxConnections, kbps, maxKbps, cpu } = load;
  const step = 1 / Math.max(1, maxConnections);
  const more = connections > 0 ? 1 + onTheWay / connections : 1;
  const line = maxKbps > 0 ? (kbps * more) / maxKbps : 0;
  return { use: Math.max((connections + onTheWay) * step, line, 2 * cpu - 1), step };
}

/**
 * Sorts nodes by their `drawn` numbers (rendezvous hashing): if a node goes, only its own clients move. Nodes with less than their
 * share of clients come first, nodes with more come last.
 */
function byShare(nodes: readonly Candidate[]): readonly Candidate[] {
  const mean = nodes.reduce((sum, { load }) => sum + load, 0) / Math.max(1, nodes.length);
  const group = ({ load, step }: Candidate) => {
    if (load + step < mean * (1 - SLACK)) return 0;
    return load <= mean * (1 + SLACK) + step / 2 ? 1 : 2;
  };
  return nodes.toSorted((a, b) => group(a) - group(b) || b.drawn - a.drawn);
}
