import type { KnownNode } from "../../live/ports/nodes.ts";
import { selfAsNode } from "../../live/ports/nodes.ts";
import { Outage } from "../../relay/outage.ts";
import type { ClusterContext } from "./context.ts";
import type { OwnNode } from "./own-node.ts";
import { Peer, type PeerEvents } from "./peer.ts";
import { Reachability } from "./reachability.ts";

/** The nodes that are named by `cluster.peers`: each is asked about itself every second. */
export class PeerNodes implements PeerEvents {
  readonly #context: ClusterContext;
  readonly #own: OwnNode;
  readonly #peers = new Map<string, Peer>();
  readonly #reachability: Reachability;
  /** What is wrong with nodes beside their answers, as sentences by the peer's URL. */
  #problems: ReadonlyMap<string, readonly string[]> = new Map();
  /** Those of the problems that were logged, with their time. */
  readonly #told = new Map<string, Outage>();

  constructor(context: ClusterContext, own: OwnNode) {
    this.#context = context;
    this.#own = own;
    this.#reachability = new Reachability(context);
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
      const node = peer.known(this.#problems.get(peer.url) ?? []);
      // Two URLs of one node are one node.
      if (node.alive && node.state !== undefined) {
        if (ids.has(node.state.id)) continue;
        ids.add(node.state.id);
      }
      nodes.push(node);
    }
    return nodes;
  }

  /** Asks exactly these peers from now on; those that stay are not asked anew. */
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

  /** Tells all peers now that this node drains. */
  drain(): void {
    for (const peer of this.#peers.values()) peer.askNow();
  }

  /** A node with this id has asked us, and says that it drains. */
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
    this.#reachability.stop();
    for (const peer of this.#peers.values()) peer.stop();
    this.#peers.clear();
  }

  /** Compares what nodes say with each other, and tries their addresses. */
  #examine(): void {
    const nodes = this.all().filter(({ alive, state }) => alive && state !== undefined);
    const byUrl = Map.groupBy(
      nodes.flatMap(({ source, state }) => (state?.advertise ?? []).map((url) => ({ url, source, id: state?.id }))),
      ({ url }) => url,
    );
    this.#reachability.follow(new Set(byUrl.keys()));
    const problems = new Map<string, string[]>();
    for (const [url, users] of byUrl) {
      const unreached = this.#reachability.problemOf(url);
      for (const { source } of users) {
        const found = problems.get(source) ?? [];
        if (users.length > 1)
          found.push(`${url} is advertised by ${users.length} nodes: ${users.map(nameOf).join(" and ")}`);
        if (unreached !== undefined) found.push(`${url} can't be reached from this server: ${unreached}`);
        problems.set(source, found);
      }
    }
    this.#problems = problems;
    this.#tell(new Set([...problems.values()].flat()));
  }

  #tell(sentences: ReadonlySet<string>): void {
    const { log, clock } = this.#context;
    for (const [sentence, outage] of this.#told) {
      if (sentences.has(sentence)) continue;
      this.#told.delete(sentence);
      log.info("cluster: no more", { problem: sentence, outage_seconds: outage.end() });
    }
    for (const sentence of sentences) {
      const outage = this.#told.get(sentence) ?? new Outage(clock);
      this.#told.set(sentence, outage);
      const told = outage.failed(sentence);
      if (told !== undefined) log.warn("cluster", { problem: sentence, ...(told === "new" ? {} : told) });
    }
  }
}

function nameOf({ source }: { readonly source: string }): string {
  return source === "" ? "this server" : source;
}
