import type { NodeAnswer, NodeLink } from "./api-answers.ts";

/** A box of the picture: a node of the cluster, a server outside it, or the encoders or viewers of a node. */
export type Box =
  | { readonly kind: "node"; readonly key: string; readonly column: number; readonly node: NodeAnswer }
  | { readonly kind: "server"; readonly key: string; readonly column: number; readonly name: string }
  | {
      readonly kind: "encoders" | "viewers";
      readonly key: string;
      readonly column: number;
      readonly of: string;
      readonly count: number;
      readonly kbps: number;
    };

/** The state of a line: that of its worst connection. */
export type LineState = "running" | "failing" | "paused";

/** The streams from one box to another. */
export interface Line {
  readonly from: string;
  readonly to: string;
  readonly state: LineState;
  /** Undefined for lines of encoders and viewers, whose boxes have all figures. */
  readonly link: NodeLink | undefined;
}

/** The cluster as boxes in columns, sources first, and lines between them. */
export interface Picture {
  readonly boxes: readonly Box[];
  readonly lines: readonly Line[];
}

/** The name of a node: "" for this server, else the address at which clients or peers reach the node. */
export function nodeName({ self, advertise, peer, id }: NodeAnswer): string {
  if (self) return "";
  return hostPort(advertise[0] ?? peer) || id || "?";
}

/** Makes the picture from what nodes report of themselves and their connections. */
export function pictureOf(all: readonly NodeAnswer[]): Picture {
  const nodes = distinct(all);
  const { lines, servers } = linesOf(nodes);
  const depth = depths(lines);
  const columnOf = (key: string) => (depth.get(key) ?? 0) + 1;
  const boxes: Box[] = nodes.map((node) => ({ kind: "node", key: keyOf(node), column: columnOf(keyOf(node)), node }));
  for (const name of servers)
    boxes.push({ kind: "server", key: serverKey(name), column: columnOf(serverKey(name)), name });
  const ends = nodes.flatMap((node) => endsOf(node, columnOf(keyOf(node)), lines));
  const endLines = ends.map(({ key, kind, of }): Line => {
    const [from, to] = kind === "encoders" ? [key, of] : [of, key];
    return { from, to, state: "running", link: undefined };
  });
  return { boxes: [...boxes, ...ends].toSorted((a, b) => a.column - b.column), lines: [...lines, ...endLines] };
}

/** Leaves out dead nodes that share their key with another node: they have restarted with another id. */
function distinct(nodes: readonly NodeAnswer[]): readonly NodeAnswer[] {
  const byKey = Map.groupBy(nodes, keyOf);
  return [...byKey.values()].flatMap((same) => same.find(({ state }) => state !== "dead") ?? same.slice(0, 1));
}

/** The lines between nodes and servers, and the servers outside the cluster. */
function linesOf(nodes: readonly NodeAnswer[]): { lines: readonly Line[]; servers: ReadonlySet<string> } {
  const lines = new Map<string, Line>();
  const servers = new Set<string>();
  const linked = linksOf(nodes);
  const isDead = ({ node }: Linked) => node.state === "dead";
  for (const { from, to, link, server } of linked.filter((each) => !isDead(each))) {
    if (server !== undefined) servers.add(server);
    const before = lines.get(`${from} ${to}`)?.link;
    lines.set(`${from} ${to}`, lineOf(from, to, before === undefined ? link : joined(before, link)));
  }
  // The last report of a dead node adds only lines to nodes, where no living node reports the line.
  for (const { from, to, link, server } of linked.filter(isDead)) {
    if (server !== undefined || lines.has(`${from} ${to}`)) continue;
    const lost = { ...link, running: 0, failing: Math.max(1, link.failing + link.running), kbps: 0 };
    lines.set(`${from} ${to}`, lineOf(from, to, lost));
  }
  return { lines: [...lines.values()], servers };
}

/** A link with the boxes at its ends; `server`: the one outside the cluster, if there is one. */
interface Linked {
  readonly node: NodeAnswer;
  readonly link: NodeLink;
  readonly from: string;
  readonly to: string;
  readonly server: string | undefined;
}

function linksOf(nodes: readonly NodeAnswer[]): Linked[] {
  const find = finder(nodes);
  return nodes.flatMap((node) =>
    (node.flow?.links ?? []).flatMap((link) => {
      const own = keyOf(node);
      const other = find(link.to, own);
      // A node that pulls from this one reports the link itself, with more figures.
      if (other === own || (link.flow === "serve" && other !== undefined)) return [];
      const [from, to] = endsOfLink(link, own, other ?? serverKey(link.to));
      return [{ node, link, from, to, server: other === undefined ? link.to : undefined }];
    }),
  );
}

function endsOfLink({ flow }: NodeLink, own: string, other: string): readonly [from: string, to: string] {
  return flow === "pull" ? [other, own] : [own, other];
}

type End = Extract<Box, { kind: "encoders" | "viewers" }>;

/** The encoders and viewers of a node. Their traffic is what the lines to and from the node don't carry. */
function endsOf(node: NodeAnswer, column: number, lines: readonly Line[]): End[] {
  const { flow, state, kbps } = node;
  if (flow === null || state === "dead") return [];
  const of = keyOf(node);
  const carried = (end: "from" | "to") =>
    lines.reduce((sum, line) => sum + (line[end] === of ? (line.link?.kbps ?? 0) : 0), 0);
  const ends: End[] = [];
  const rest = (all: number, part: number) => Math.max(0, all - part);
  if (flow.encoders > 0)
    ends.push({
      ...{ kind: "encoders", key: `encoders ${of}`, of, column: column - 1, count: flow.encoders },
      kbps: rest(flow.kbps_in, carried("to")),
    });
  if (flow.viewers > 0)
    ends.push({
      ...{ kind: "viewers", key: `viewers ${of}`, of, column: column + 1, count: flow.viewers },
      kbps: rest(kbps, carried("from")),
    });
  return ends;
}

function keyOf({ self, peer }: NodeAnswer): string {
  return self ? "node" : `node ${peer}`;
}

function serverKey(name: string): string {
  return `server ${name}`;
}

function lineOf(from: string, to: string, link: NodeLink): Line {
  const state = link.failing > 0 ? "failing" : link.running === 0 && link.paused > 0 ? "paused" : "running";
  return { from, to, state, link };
}

/** Joins two links between the same servers: a push and a pull, or links to two addresses of one server. */
function joined(one: NodeLink, other: NodeLink): NodeLink {
  const lag = Math.max(one.lag_ms ?? -1, other.lag_ms ?? -1);
  return {
    ...{ flow: one.flow, to: one.to, running: one.running + other.running, failing: one.failing + other.failing },
    ...{ paused: one.paused + other.paused, kbps: one.kbps + other.kbps, lag_ms: lag < 0 ? null : lag },
    error: one.error ?? other.error,
  };
}

/** Finds the node that a link names: by its address, or by its host if only one node has that host. */
function finder(nodes: readonly NodeAnswer[]): (to: string, own: string) => string | undefined {
  const byAddress = new Map<string, string>();
  const byHost = new Map<string, Set<string>>();
  for (const node of nodes) {
    const key = keyOf(node);
    for (const url of [...node.advertise, ...(node.self ? [] : [node.peer])]) {
      byAddress.set(hostPort(url), key);
      const host = hostOf(url);
      byHost.set(host, (byHost.get(host) ?? new Set()).add(key));
    }
  }
  return (to, own) => {
    const exact = byAddress.get(hostPort(to));
    if (exact !== undefined) return exact;
    const there = [...(byHost.get(hostOf(to)) ?? [])];
    if (there.length === 1) return there[0];
    // A link without a port may mean any node at the host.
    return to === hostOf(to) ? there.find((key) => key !== own) : undefined;
  };
}

/** The depth of each box: the longest path from a source. Boxes of a circle have the same depth, as none is before the others. */
function depths(lines: readonly Line[]): ReadonlyMap<string, number> {
  const into = Map.groupBy(lines, ({ to }) => to);
  const depth = new Map<string, number>();
  // `circlesOf` lists each circle after those that lead to it.
  for (const circle of circlesOf(into)) {
    const before = circle.flatMap((key) => into.get(key) ?? []).map(({ from }) => depth.get(from));
    const own = before.reduce<number>((most, at) => Math.max(most, at === undefined ? 0 : at + 1), 0);
    for (const key of circle) depth.set(key, own);
  }
  return depth;
}

/** Groups of boxes that lead to one another (strongly connected components, by Tarjan), each after the groups that lead to it. */
function circlesOf(into: ReadonlyMap<string, readonly Line[]>): string[][] {
  const circles: string[][] = [];
  const order = new Map<string, number>();
  const open: string[] = [];
  /** Visits a box; returns the place in the order of the first box in `open` that it leads back to. */
  const visit = (key: string): number => {
    const own = order.size;
    order.set(key, own);
    open.push(key);
    let first = own;
    for (const { from } of into.get(key) ?? []) {
      const known = order.get(from);
      if (known === undefined) first = Math.min(first, visit(from));
      else if (open.includes(from)) first = Math.min(first, known);
    }
    if (first === own) circles.push(open.splice(open.indexOf(key)));
    return first;
  };
  for (const key of into.keys()) if (!order.has(key)) visit(key);
  return circles;
}

function hostPort(address: string): string {
  return address.replace(/^[a-z]+:\/\//, "").replace(/[/?#].*$/, "");
}

function hostOf(address: string): string {
  return hostPort(address)
    .replace(/:\d+$/, "")
    .replace(/^\[|\]$/g, "");
}
