import type { HttpRequest } from "../../http/request.ts";
import type { Feature } from "../../live/ports/feature.ts";
import type { HttpExchange, HttpRoute } from "../../live/ports/http.ts";
import { type KnownNode, type NodeState, type Nodes, placesAmong, type StreamPlaces } from "../../live/ports/nodes.ts";
import type { StreamObserver } from "../../live/streams.ts";
import { Outage } from "../../relay/outage.ts";
import { Challenges } from "./challenges.ts";
import type { ClusterContext } from "./context.ts";
import { PATH, writeAnswer } from "./messages.ts";
import { OwnNode } from "./own-node.ts";
import { PeerNodes } from "./peer-nodes.ts";
import { answerMac, isSameMac, PROTOCOL, parseCredentials, questionMac } from "./signature.ts";

/** Maximum number of addresses whose wrong questions are remembered, so that each is logged once. */
const MAX_ADDRESSES = 256;
/** An address is forgotten after this time without wrong questions, ms. */
const FORGET_MS = 60_000;

const encoder = new TextEncoder();

/** Asks the other nodes for their state, and answers their questions by a read-only route of the API's port, with its own credentials. */
export class Cluster implements Feature, HttpRoute, Nodes {
  readonly name = "cluster";
  readonly streams: StreamObserver;
  readonly #context: ClusterContext;
  readonly #own: OwnNode;
  readonly #nodes: PeerNodes;
  readonly #challenges: Challenges;
  /** The faults of questions, by the asker's address. */
  readonly #refused = new Map<string, { readonly outage: Outage; at: number }>();

  constructor(context: ClusterContext) {
    this.#context = context;
    this.#own = new OwnNode({ ...context, epoch: context.randomHex(8) });
    this.streams = this.#own;
    this.#nodes = new PeerNodes(context, this.#own);
    this.#challenges = new Challenges(context.clock, context.randomHex(32));
  }

  /** This process's own state. */
  get own(): NodeState {
    return this.#own.state;
  }

  all(): readonly KnownNode[] {
    return this.#nodes.all();
  }

  get ownProblems(): readonly string[] {
    return this.#nodes.ownProblems;
  }

  locate(key: string): StreamPlaces {
    return { places: placesAmong(this.all(), key), sure: true };
  }

  peers(): readonly KnownNode[] {
    return this.#nodes.peers();
  }

  /** Begins to ask the peers. */
  start(): void {
    this.reconfigure();
  }

  /** This node has begun to drain and no longer listens: its peers are notified at once, and again until it ends. */
  drain(): void {
    this.#nodes.drain();
  }

  reconfigure(): void {
    this.#nodes.follow(this.#context.config().peers);
  }

  stop(): void {
    this.#nodes.stop();
  }

  handle(request: HttpRequest, exchange: HttpExchange): boolean {
    if (request.path !== PATH) return false;
    const secret = this.#context.secret();
    // Without a secret this route does not exist: the API answers.
    if (secret === "" || request.method !== "GET") return false;
    const credentials = parseCredentials(request.header("authorization") ?? "");
    if (credentials === undefined) return false;
    const { version, nonce, challenge, mac } = credentials;
    if (version !== PROTOCOL) {
      const error = `a node speaks version ${version} of the cluster's protocol, and this server ${PROTOCOL}: run the same release on both`;
      this.#refuse(exchange, 400, error);
      return true;
    }
    if (!isSameMac(mac, questionMac(secret, `${request.path}?${request.query}`, nonce, challenge))) {
      const error = "a question of the cluster has a wrong signature; all nodes need the same cluster.secret_file";
      this.#refuse(exchange, 403, error);
      return true;
    }
    if (this.#challenges.take(challenge, nonce)) this.#answer(request, exchange, secret, nonce);
    else respond(exchange, 401, JSON.stringify({ cluster: PROTOCOL, challenge: this.#challenges.current }));
    return true;
  }

  #answer({ query }: HttpRequest, exchange: HttpExchange, secret: string, nonce: string): void {
    const params = new URLSearchParams(query);
    if (params.get("draining") === "1") this.#nodes.drains(params.get("node") ?? "");
    const { state, revision } = this.#own;
    const body = writeAnswer(state, revision, params.get("known") ?? "", this.#challenges.current);
    respond(exchange, 200, `${answerMac(secret, nonce, body)}\n${body}`);
  }

  #refuse(exchange: HttpExchange, status: number, error: string): void {
    const { log, clock } = this.#context;
    const { host } = exchange.remote;
    const now = clock.now();
    for (const [other, { at }] of this.#refused) if (now - at > FORGET_MS) this.#refused.delete(other);
    const known = this.#refused.get(host) ?? { outage: new Outage(clock), at: now };
    known.at = now;
    if (this.#refused.size < MAX_ADDRESSES) this.#refused.set(host, known);
    const told = this.#refused.has(host) ? known.outage.failed(error) : undefined;
    if (told !== undefined) log.warn("cluster problem", { addr: host, error, ...(told === "new" ? {} : told) });
    respond(exchange, status, JSON.stringify({ cluster: PROTOCOL, error }));
  }
}

function respond(exchange: HttpExchange, status: number, text: string): void {
  exchange.respond({ status, type: "application/json", body: encoder.encode(text) });
}
