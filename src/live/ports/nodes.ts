import type { Clock } from "../../base/clock.ts";

/** How a node has a stream: its publisher is there, or the stream comes from another server. */
export type StreamRole = "published" | "relayed";

/** A node's load. */
export interface NodeLoad {
  readonly connections: number;
  readonly maxConnections: number;
  /** What it sends, kbit/s. */
  readonly kbps: number;
  /** The capacity of its line, kbit/s; 0 if it is unknown. */
  readonly maxKbps: number;
  /** Share of one processor's time; 1 is all of it. */
  readonly cpu: number;
}

/**
 * The connections of a node to or from one other server, over all streams: `push` sends streams there, `pull` fetches them from
 * there, `serve` is a server that fetches here.
 */
export interface NodeLink {
  readonly flow: "push" | "pull" | "serve";
  /** Host and port of the other server; of `serve`, the host alone. */
  readonly to: string;
  readonly running: number;
  readonly failing: number;
  readonly paused: number;
  /** Media of all connections, kbit/s. */
  readonly kbps: number;
  /** How far the slowest connection is behind, ms; undefined if it is unknown. */
  readonly lagMs: number | undefined;
  /** The error of a failing connection. */
  readonly error: string | undefined;
}

/** Maximum number of links that a node reports; it leaves out running ones with the least media. */
export const MAX_NODE_LINKS = 64;

/** The traffic of a node. */
export interface NodeFlow {
  /** Clients that publish and are no servers. */
  readonly encoders: number;
  /** Clients that play and are no servers. */
  readonly viewers: number;
  /** What it receives, kbit/s. */
  readonly kbpsIn: number;
  /** The greatest age of the packets that it sends, ms; undefined if it is unknown. */
  readonly ageMs: number | undefined;
  /** Streams whose health is bad. */
  readonly unhealthy: number;
  /** Failing links first. */
  readonly links: readonly NodeLink[];
}

/** A node's own description of itself. */
export interface NodeState {
  /** Its process's id in hop traces. */
  readonly id: string;
  readonly version: string;
  /** URLs of servers by which others reach it, without a path. Without any, clients can't be sent to it. */
  readonly advertise: readonly string[];
  /** Its location; "" if it is unknown. */
  readonly zone: string;
  /** Its share of clients in comparison to other nodes; 0: none. */
  readonly weight: number;
  /** It takes no new clients. */
  readonly draining: boolean;
  readonly load: NodeLoad;
  /** Vhosts whose streams it fetches from other servers when they are wanted. */
  readonly fetches: readonly string[];
  /** Undefined if the node's release does not report it. */
  readonly flow?: NodeFlow | undefined;
  /** Its streams by key; empty for a node that reports only their numbers. */
  readonly streams: ReadonlyMap<string, StreamRole>;
  /** How many streams it has, if it does not list them. */
  readonly streamCounts?: Readonly<Record<StreamRole, number>>;
}

/** How nodes know one another: by each peer's answers, or by the registry. */
export type HeardBy = "peers" | "registry";

/** A node, as this process knows it. Times are by this process's monotonic clock, as clocks of nodes may differ. */
export interface KnownNode {
  /** Whether it is this process. */
  readonly isSelf: boolean;
  /** Its name for people: a peer's URL, a registered node's URL or id, "" for this process. */
  readonly source: string;
  /** It has answered recently, or the registry listed it as living when it was last read. */
  readonly alive: boolean;
  /** When its state was current, monotonic ms; undefined when it never answered. */
  readonly seenAt: number | undefined;
  /** Its last state; undefined when it never answered. */
  readonly state: NodeState | undefined;
  /** Its problems, as sentences. */
  readonly problems: readonly string[];
  /** How this process knows it; undefined for itself. */
  readonly heardBy?: readonly HeardBy[];
}

/** A node that has a stream. */
export interface StreamPlace {
  readonly node: KnownNode;
  readonly role: StreamRole;
  /** Ids of the servers through which the stream came to the node; undefined if they are unknown. */
  readonly hops: readonly string[] | undefined;
}

/** The nodes that have a stream. */
export interface StreamPlaces {
  /** Living nodes, this process among them. */
  readonly places: readonly StreamPlace[];
  /** Whether every node and registry that was asked has answered; if there are no places then, no node has the stream. */
  readonly sure: boolean;
}

/**
 * What this node knows of itself and of the other nodes of its cluster. An implementation asks the others in the background.
 */
export interface Nodes {
  /** All known nodes, this process first; a node that has not answered has a problem. */
  all(): readonly KnownNode[];
  /** All known nodes except this process, whose load costs a walk over all clients. */
  peers(): readonly KnownNode[];
  /** What is wrong with this process as a node, as sentences: others can't reach it at its address, for example. */
  readonly ownProblems: readonly string[];
  /** Which nodes have the stream of this key: at once, or by a promise if others must be asked. It never rejects, and takes a second at most. */
  locate(key: string): StreamPlaces | Promise<StreamPlaces>;
}

/** Nodes in memory: this process, and those that a test adds. */
export class MemoryNodes implements Nodes {
  /** The other nodes. */
  others: readonly KnownNode[] = [];
  ownProblems: readonly string[] = [];
  readonly #self: () => NodeState;
  readonly #clock: Pick<Clock, "now">;

  constructor(self: () => NodeState, clock: Pick<Clock, "now">) {
    this.#self = self;
    this.#clock = clock;
  }

  all(): readonly KnownNode[] {
    return [selfAsNode(this.#self(), this.#clock.now()), ...this.others];
  }

  peers(): readonly KnownNode[] {
    return this.others;
  }

  locate(key: string): StreamPlaces {
    return { places: placesAmong(this.all(), key), sure: true };
  }
}

/** The nodes that several sources know. The first source knows this process. */
export class JoinedNodes implements Nodes {
  readonly #makers: readonly Nodes[];

  constructor(makers: readonly Nodes[]) {
    this.#makers = makers;
  }

  all(): readonly KnownNode[] {
    const nodes = together(this.#makers.map((maker) => maker.all()));
    const { ownProblems } = this;
    if (ownProblems.length === 0) return nodes;
    return nodes.map((node) => (node.isSelf ? { ...node, problems: ownProblems } : node));
  }

  get ownProblems(): readonly string[] {
    return [...new Set(this.#makers.flatMap((maker) => maker.ownProblems))];
  }

  peers(): readonly KnownNode[] {
    return together(this.#makers.map((maker) => maker.peers()));
  }

  locate(key: string): StreamPlaces | Promise<StreamPlaces> {
    const answers = this.#makers.map((maker) => maker.locate(key));
    const known = answers.flatMap((answer) => (answer instanceof Promise ? [] : [answer]));
    return known.length === answers.length ? joined(known) : Promise.all(answers).then(joined);
  }
}

function together([first = [], ...others]: readonly (readonly KnownNode[])[]): readonly KnownNode[] {
  const ids = new Set(first.flatMap(({ alive, state }) => (alive && state !== undefined ? [state.id] : [])));
  const more = others.flat().filter(({ isSelf }) => !isSelf);
  const [again, rest] = [true, false].map((known) => more.filter(({ state }) => ids.has(state?.id ?? "") === known));
  const heardAgain = new Map(again?.map(({ state, heardBy = [] }) => [state?.id, heardBy]));
  const whole = first.map((node) => {
    const { isSelf, alive, state, heardBy = [] } = node;
    const also = isSelf || !alive ? undefined : heardAgain.get(state?.id);
    return also === undefined ? node : { ...node, heardBy: [...heardBy, ...also] };
  });
  return [...whole, ...(rest ?? [])];
}

function joined(answers: readonly StreamPlaces[]): StreamPlaces {
  const places = new Map<string, StreamPlace>();
  for (const place of answers.flatMap((answer) => answer.places)) {
    const id = place.node.state?.id ?? "";
    // An answer with hops says more.
    if (places.get(id)?.hops === undefined) places.set(id, place);
  }
  return { places: [...places.values()], sure: answers.every(({ sure }) => sure) };
}

/** Uses the answer of `locate`, at once if it is no promise. */
export function located<T>(
  answer: StreamPlaces | Promise<StreamPlaces>,
  use: (places: StreamPlaces) => T,
): T | Promise<T> {
  return answer instanceof Promise ? answer.then(use) : use(answer);
}

/** The living nodes that list a stream. */
export function placesAmong(nodes: readonly KnownNode[], key: string): readonly StreamPlace[] {
  return nodes.flatMap((node): readonly StreamPlace[] => {
    const role = node.alive ? node.state?.streams.get(key) : undefined;
    if (role === undefined) return [];
    return [{ node, role, hops: role === "published" ? [] : undefined }];
  });
}

/** This process as one of the nodes. */
export function selfAsNode(state: NodeState, now: number): KnownNode {
  return { isSelf: true, source: "", alive: true, seenAt: now, state, problems: [] };
}
