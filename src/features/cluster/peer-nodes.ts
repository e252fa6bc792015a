import type { KnownNode } from "../../live/ports/nodes.ts";
import { selfAsNode } from "../../live/ports/nodes.ts";
import { AddressProblems } from "../../relay/address-problems.ts";
import type { ClusterContext } from "./context.ts";
import type { OwnNode } from "./own-node.ts";
import { Peer, type PeerEvents } from "./peer.ts";

/** The nodes of `cluster.peers`, each of which is asked for its state every second. */
export class PeerNodes implements PeerEvents {
  readonly #context: ClusterContext;
  readonly #own: OwnNode;
  readonly #peers = new Map<string, Peer>();
  /** Problems of the nodes' advertised addresses, which their answers do not show. */
  readonly #addresses: AddressProblems;

  constructor(context: ClusterContext, own: OwnNode) {
    this.#context = context;
    this.#own = own;
    this.#addresses = new AddressProblems(context);
  }

  /** Problems of this process's own addresses. */
  get ownProblems(): readonly string[] {
    return this.#addresses.of("");
  }

  /** This process first, then the peers. */
  all(): readonly KnownNode[] {
    return [selfAsNode(this.#own.state, this.#context.clock.now()), ...this.peers()];
  }

  peers(): readonly KnownNode[] {
    const nodes: KnownNode[] = [];
    const ids = new Set<string>();
    for (const peer of this.#peers.values()) {
      if (peer.isSelf) continue;
      const node = peer.known(this.#addresses.of(peer.url));
      // Two URLs of one node are one node.
      if (node.alive && node.state !== undefined) {
        if (ids.has(node.state.id)) continue;
        ids.add(node.state.id);
      }
      nodes.push(node);
    }
    return nodes;
  }

  /** Asks exactly these peers from now on; those that stay keep their state. */
  follow(urls: readonly string[]): void {
    for (const [url, peer] of this.#peers) {
      if (urls.includes(url)) continue;
      peer.stop();
      this.#peers.delete(url);
    }
    for (const url of urls) {
      if (this.#peers.has(url)) continue;
      const peer = new Peer(url, this.#context, this);
      this.#peers.set(url, peer);
      peer.start();
    }
    this.#examine();
  }

  /** Notifies all peers at once that this node drains. */
  drain(): void {
    for (const peer of this.#peers.values()) peer.askNow();
  }

  /** A node with this id has asked this one, and reports that it drains. */
  drains(id: string): void {
    for (const peer of this.#peers.values()) if (peer.known([]).state?.id === id) peer.drains();
  }

  answered(peer: Peer, returned: boolean): void {
    this.#examine();
    const state = peer.known([]).state;
    if (!returned || state === undefined) return;
    const hosts = new Set([peer.url, ...state.advertise].map((url) => URL.parse(url)?.hostname ?? ""));
    this.#context.onReturn(hosts);
  }

  stop(): void {
    this.#addresses.stop();
    for (const peer of this.#peers.values()) peer.stop();
    this.#peers.clear();
  }

  #examine(): void {
    this.#addresses.examine(this.all());
  }
}
