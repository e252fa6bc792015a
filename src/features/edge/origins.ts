import type { Clock } from "../../base/clock.ts";
import { UserError } from "../../base/errors.ts";
import { hashOf } from "../../base/hash.ts";
import { located, type Nodes } from "../../live/ports/nodes.ts";
import { type OriginAddress, originIdentity, parseOrigin, REGISTRY } from "./address.ts";
import type { EdgeConfig } from "./config.ts";
import { FoundOrigins } from "./found-origins.ts";
import { Origin, type OriginHealth, type OriginRules } from "./origin.ts";
import { waysTo } from "./ways.ts";

/** Dependencies of a vhost's origins. */
export interface OriginsContext {
  readonly clock: Clock;
  /** Numbers in [0, 1). */
  readonly randomNumber: () => number;
  readonly nodes: Nodes;
  onHealth(origin: Origin, health: OriginHealth): void;
  /** Finds out whether an origin is alive. */
  examine(origin: Origin): void;
}

/** The nodes that have a stream. */
interface Found {
  /** The shortest way first. */
  readonly origins: readonly Origin[];
  /** How many servers the stream passes before each of them. */
  readonly hops: ReadonlyMap<Origin, number>;
  /** Whether every node and registry that was asked has answered. */
  readonly sure: boolean;
}

/** The origins of one vhost, with nodes of the cluster that are origins of single streams, and their order for each stream. */
export class Origins {
  readonly #context: OriginsContext;
  readonly #origins = new Map<string, Origin>();
  readonly #rules: OriginRules;
  /** Nodes of the cluster that are no origin of the configuration, by their identity. */
  readonly #nodeOrigins = new Map<string, Origin>();
  /** By the stream's key, while it is searched for or fetched. */
  readonly #found = new Map<string, Found>();
  /** The origins at which streams were found. */
  readonly foundOrigins = new FoundOrigins();
  #config: EdgeConfig;
  #turn = 0;

  constructor(context: OriginsContext, config: EdgeConfig) {
    this.#context = context;
    this.#config = config;
    const current = () => this.#config;
    this.#rules = {
      get probe() {
        return current().probe;
      },
      get max_dials() {
        return current().max_dials;
      },
    };
    this.configure(config);
  }

  /** The configuration has changed. The state of origins that stay is kept. */
  configure(config: EdgeConfig): void {
    this.#config = config;
    const listed = config.origin.filter((address) => address !== REGISTRY);
    const wanted = new Map(listed.map((address) => [originIdentity(address), address]));
    for (const identity of this.#origins.keys()) if (!wanted.has(identity)) this.#origins.delete(identity);
    for (const [identity, address] of wanted) {
      if (!this.#origins.has(identity))
        this.#origins.set(identity, this.#nodeOrigins.get(identity) ?? this.#new(address));
      this.#nodeOrigins.delete(identity);
    }
    if (this.asksNodes) return;
    this.#nodeOrigins.clear();
    this.#found.clear();
  }

  /** Whether nodes of the cluster that have a stream are among its origins. */
  get asksNodes(): boolean {
    return this.#config.origin.includes(REGISTRY);
  }

  /** All origins, including nodes of the cluster. */
  *all(): Iterable<Origin> {
    yield* this.#origins.values();
    yield* this.#nodeOrigins.values();
  }

  has(origin: Origin): boolean {
    const identity = originIdentity(origin.address);
    return this.#origins.get(identity) === origin || this.#nodeOrigins.get(identity) === origin;
  }

  /** Finds out whether an origin that has not answered a request is alive: it may have other reasons not to answer. */
  examine(origin: Origin): void {
    this.#context.examine(origin);
  }

  /** Asks which nodes have a stream; returns a promise if that takes time, which is a second at most. */
  look(key: string): Promise<void> | undefined {
    if (!this.asksNodes) return undefined;
    const { nodes } = this.#context;
    const answer = located(nodes.locate(key), ({ places, sure }) => {
      const self = nodes.all().find(({ isSelf }) => isSelf)?.state;
      const ways = self === undefined || !this.asksNodes ? [] : waysTo(places, self);
      const found = ways.flatMap(({ url, hops }) => this.#at(url).map((origin) => [origin, hops] as const));
      this.#found.set(key, { origins: found.map(([origin]) => origin), hops: new Map(found), sure });
    });
    return answer instanceof Promise ? answer : undefined;
  }

  /** Whether no origin can have the stream: none is configured, and all nodes and registries have answered that no node has it. */
  isNowhere(key: string): boolean {
    const found = this.#found.get(key);
    return this.#origins.size === 0 && found?.sure === true && found.origins.length === 0;
  }

  /** Whether an origin is one of the configuration, or a node that had the stream when nodes were last asked. */
  mayHave(key: string, origin: Origin): boolean {
    const { origins, sure } = this.#found.get(key) ?? { origins: [], sure: false };
    return !sure || origins.includes(origin) || this.#origins.get(originIdentity(origin.address)) === origin;
  }

  /** Whether the stream passes fewer servers on its way to another living node than to the node `than`. */
  hasShorter(key: string, than: Origin): boolean {
    const { origins = [], hops } = this.#found.get(key) ?? {};
    const of = (origin: Origin) => hops?.get(origin) ?? 0;
    return origins.some((origin) => origin.eligible && of(origin) < of(than));
  }

  /** The stream is no longer needed: nodes that no other needed stream uses are forgotten. */
  forget(key: string): void {
    if (!this.#found.delete(key)) return;
    const used = new Set([...this.#found.values()].flatMap(({ origins }) => origins));
    for (const [identity, origin] of this.#nodeOrigins) if (!used.has(origin)) this.#nodeOrigins.delete(identity);
  }

  /** All origins that may get a connection for a stream, best first; `turn` is the stream's. */
  eligible(key: string, turn: number, suits: (address: OriginAddress) => boolean): Origin[] {
    return this.#ranked(key, turn).filter((origin) => suits(origin.address) && origin.eligible);
  }

  /** The origin that is most likely to have recovered, if all are dead. */
  leastDead(key: string, suits: (origin: Origin) => boolean): Origin | undefined {
    const all = [...this.#ranked(key, 0)].filter(suits);
    return all.toSorted((a, b) => a.health.deadUntil - b.health.deadUntil)[0];
  }

  /** The turn of another stream: with "round_robin", each stream begins with the next origin. */
  nextTurn(): number {
    return this.#turn++;
  }

  /** The origin at a node's URL; none if the URL, which another node has written, is malformed. */
  #at(url: string): readonly Origin[] {
    const address = readNodeUrl(url);
    if (address === undefined) return [];
    const identity = originIdentity(address);
    const origin = this.#origins.get(identity) ?? this.#nodeOrigins.get(identity) ?? this.#new(address);
    if (!this.#origins.has(identity)) this.#nodeOrigins.set(identity, origin);
    return [origin];
  }

  #new(address: OriginAddress): Origin {
    const { clock, randomNumber, onHealth } = this.#context;
    return new Origin(address, clock, randomNumber, this.#rules, onHealth);
  }

  /** The configured origins, with the nodes that have the stream at the position of the word "registry". */
  #ranked(key: string, turn: number): Origin[] {
    const listed = this.#listed(key, turn);
    const found = this.#found.get(key)?.origins ?? [];
    if (found.length === 0) return listed;
    const place = this.#config.origin.indexOf(REGISTRY);
    const at = this.#config.choice === "order" || place === 0 ? place : listed.length;
    return [...new Set([...listed.slice(0, at), ...found, ...listed.slice(at)])];
  }

  #listed(key: string, turn: number): Origin[] {
    const all = [...this.#origins.values()];
    if (this.#config.choice === "hash") {
      const weight = new Map(all.map((origin) => [origin, hashOf(`${originIdentity(origin.address)}\n${key}`)]));
      return all.toSorted((a, b) => (weight.get(a) ?? 0) - (weight.get(b) ?? 0));
    }
    if (this.#config.choice === "order" || all.length === 0) return all;
    const first = turn % all.length;
    return [...all.slice(first), ...all.slice(0, first)];
  }
}

function readNodeUrl(url: string): OriginAddress | undefined {
  try {
    return parseOrigin(url);
  } catch (error) {
    if (!(error instanceof UserError)) throw error;
    return undefined;
  }
}
