import type { NodeState, StreamPlace } from "../../live/ports/nodes.ts";

/** Schemes by which nodes are asked, best first. */
const SCHEMES = ["rtmp://", "rtmps://", "http://", "https://"];

/** A node from which a stream may be fetched. */
export interface Way {
  readonly url: string;
  /** Servers that the stream has passed before it came to the node. */
  readonly hops: number;
}

/**
 * The nodes from which a stream may be fetched, ordered by the number of servers on the way, then by zone, then by load. A node
 * whose stream has passed this server is left out, and so is one whose hops are unknown, as they may include it.
 */
export function waysTo(places: readonly StreamPlace[], self: NodeState): readonly Way[] {
  const ways = places.flatMap(({ node: { isSelf, state }, hops }) => {
    if (isSelf || state === undefined || state.id === self.id || state.draining || hops === undefined) return [];
    const url = SCHEMES.flatMap((scheme) => state.advertise.find((each) => each.startsWith(scheme)) ?? [])[0];
    // This node's own addresses lead back here, even when another node advertises one.
    if (url === undefined || self.advertise.includes(url) || hops.includes(self.id)) return [];
    return [{ url, hops: hops.length, isNear: state.zone === self.zone, use: useOf(state) }];
  });
  return ways.toSorted((a, b) => a.hops - b.hops || Number(b.isNear) - Number(a.isNear) || a.use - b.use);
}

/** The greatest of the shares in use of a node's connections, line and processor; 1 is full. */
function useOf({ load: { connections, maxConnections, kbps, maxKbps, cpu } }: NodeState): number {
  return Math.max(connections / Math.max(1, maxConnections), maxKbps > 0 ? kbps / maxKbps : 0, cpu);
}
