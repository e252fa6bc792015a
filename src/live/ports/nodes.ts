import type { Clock } from "../../base/clock.ts";

/** How a node has a stream: its publisher is there, or the stream comes from another server. */
export type StreamRole = "published" | "relayed";

/** How much a node has to do. */
export interface NodeLoad {
  readonly connections: number;
  readonly maxConnections: number;
  /** What it sends, kbit/s. */
  readonly kbps: number;
  /** What its line carries, kbit/s; 0 when nobody has said. */
  readonly maxKbps: number;
  /** Of one processor, where 1 is all of it. */
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
  /** Of media. */
  readonly kbps: number;
  /** How far the slowest one is behind, ms; undefined where nobody knows. */
  readonly lagMs: number | undefined;
  /** Of one that fails. */
  readonly error: string | undefined;
}

/** Links that a node tells; one with more servers leaves out those that run with the least. */
export const MAX_NODE_LINKS = 64;

/** What comes into a node and leaves it. */
export interface NodeFlow {
  /** Clients that publish and are no servers. */
  readonly encoders: number;
  /** Clients that play and are no servers. */
  readonly viewers: number;
  /** What it receives, kbit/s. */
  readonly kbpsIn: number;
  /** How old the oldest packets are that leave it, ms; undefined when nobody knows. */
  readonly ageMs: number | undefined;
  /** Streams whose health is bad. */
  readonly unhealthy: number;
  /** Those that fail first. */
  readonly links: readonly NodeLink[];
}

/** What a node says of itself. */
export interface NodeState {
  /** Its process's id in hop traces. */
  readonly id: string;
  readonly version: string;
  /** URLs of servers by which others reach it, without a path. Without any, clients can't be sent to it. */
  readonly advertise: readonly string[];
  /** Where it is; "" when nobody has said. */
  readonly zone: string;
  /** Its share of clients beside other nodes; 0: none. */
  readonly weight: number;
  /** It takes no new clients. */
  readonly draining: boolean;
  readonly load: NodeLoad;
  /** Vhosts whose streams it fetches from other servers when they are wanted. */
  readonly fetches: readonly string[];
  /** Undefined for a node of a release that does not tell it. */
  readonly flow?: NodeFlow | undefined;
  /** The streams that it has, by their keys; of a node that only tells their number, none. */
  readonly streams: ReadonlyMap<string, StreamRole>;
  /** How many it has, of a node that does not list them. */
  readonly streamCounts?: Readonly<Record<StreamRole, number>>;
}

/** By what nodes hear of one another: each peer's own answers, or the registry. */
export type HeardBy = "peers" | "registry";

/** A node, and what this process knows of it. Times are of this process's monotonic clock: clocks of nodes need not agree. */
export interface KnownNode {
  /** Whether it is this process. */
  readonly isSelf: boolean;
  /** By what it is known: a peer's URL, "" for this process. */
  readonly source: string;
  /** It has answered a moment ago. */
  readonly alive: boolean;
  /** When its state was current, monotonic ms; undefined when it never answered. */
  readonly seenAt: number | undefined;
  /** Its last state; undefined when it never answered. */
  readonly state: NodeState | undefined;
  /** What is wrong with it, as sentences. */
  readonly problems: readonly string[];
  /** By what this process hears of it; undefined for itself. */
  readonly heardBy?: readonly HeardBy[];
}

/** A node that has a stream. */
export interface StreamPlace {
  readonly node: KnownNode;
  readonly role: StreamRole;
  /** Ids of the servers that the stream has passed before it came to the node; undefined when nobody has said. */
  readonly hops: readonly string[] | undefined;
}

/** Where a stream is. */
export interface StreamPlaces {
  /** Living nodes, as far as anybody knows, this process among them. */
  readonly places: readonly StreamPlace[];
  /** Whether all who may know have answered: without any place, no node has the stream. */
  readonly sure: boolean;
}

/**
 * What this node knows of itself and of the other nodes of its cluster. An implementation asks the others in the background.
 */
export interface Nodes {
  /** This process first. Nodes that have not answered stand there with their problem. Answers from what is already known. */
  all(): readonly KnownNode[];
  /** The same without this process, whose load takes a walk over all clients. */
  peers(): readonly KnownNode[];
  /** Where a stream is, by its key: at once, unless somebody is to be asked. It never rejects, and takes a second at most. */
  locate(key: string): StreamPlaces | Promise<StreamPlaces>;
}

/** Nodes in memory: this process, and those that a test adds. */
export class MemoryNodes implements Nodes {
  /** The other nodes. */
  others: readonly KnownNode[] = [];
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

/** What several makers of nodes know together. The first of them knows this process. */
export class JoinedNodes implements Nodes {
  readonly #makers: readonly Nodes[];

  constructor(makers: readonly Nodes[]) {
    this.#makers = makers;
  }

  all(): readonly KnownNode[] {
    return together(this.#makers.map((maker) => maker.all()));
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
    // Who tells the hops knows more.
    if (places.get(id)?.hops === undefined) places.set(id, place);
  }
  return { places: [...places.values()], sure: answers.every(({ sure }) => sure) };
}

/** Goes on with the answer of `locate`, at once where that is at hand. */
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
