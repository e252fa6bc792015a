import type { KnownNode, NodeFlow, NodeState } from "../../live/ports/nodes.ts";
import type { ApiContext } from "./context.ts";
import type { Operation } from "./operation.ts";
import { boolean, listOf, number, object, oneOf, orNull, string, whole } from "./schema.ts";

const link = object({
  flow: oneOf("push", "pull", "serve"),
  to: string,
  running: whole,
  failing: whole,
  paused: whole,
  kbps: number,
  lag_ms: orNull(whole),
  error: orNull(string),
});

const flow = object({
  encoders: whole,
  viewers: whole,
  kbps_in: number,
  age_ms: orNull(whole),
  unhealthy: whole,
  links: listOf(link),
});

const node = object({
  id: orNull(string),
  self: boolean,
  peer: string,
  state: oneOf("alive", "draining", "dead"),
  version: orNull(string),
  advertise: listOf(string),
  zone: string,
  weight: whole,
  connections: whole,
  max_connections: whole,
  kbps: number,
  max_kbps: number,
  cpu: number,
  streams: whole,
  published: whole,
  relayed: whole,
  seen_ms: orNull(whole),
  problems: listOf(string),
  flow: orNull(flow),
});

/** The nodes of the cluster, as this server knows them. */
export function nodeOperations({ nodes, clock }: Pick<ApiContext, "nodes" | "clock">): readonly Operation[] {
  return [
    {
      method: "GET",
      path: "/api/v1/nodes",
      role: "read",
      summary: "The nodes of the cluster: this server first, then its peers, with their load and what is wrong.",
      answer: { nodes: listOf(node) },
      run: () => ({ nodes: nodes.all().map((each) => write(each, clock.now())) }),
    },
  ];
}

/** How a node stands, in one word. */
export function nodeWord({ alive, state }: KnownNode): "alive" | "draining" | "dead" {
  if (!alive || state === undefined) return "dead";
  return state.draining ? "draining" : "alive";
}

function write(known: KnownNode, now: number) {
  const { isSelf, source, state, seenAt, problems } = known;
  const { published, relayed } = countsOf(state);
  return {
    ...{ id: state?.id ?? null, self: isSelf, peer: source, state: nodeWord(known) },
    ...{ version: state?.version ?? null, advertise: state?.advertise ?? [] },
    ...{ zone: state?.zone ?? "", weight: state?.weight ?? 0 },
    ...{ connections: state?.load.connections ?? 0, max_connections: state?.load.maxConnections ?? 0 },
    ...{ kbps: state?.load.kbps ?? 0, max_kbps: state?.load.maxKbps ?? 0, cpu: state?.load.cpu ?? 0 },
    ...{ streams: published + relayed, published, relayed },
    seen_ms: seenAt === undefined ? null : Math.max(0, Math.round(now - seenAt)),
    problems,
    flow: state?.flow === undefined ? null : writeFlow(state.flow),
  };
}

function writeFlow({ encoders, viewers, kbpsIn, ageMs, unhealthy, links }: NodeFlow) {
  return {
    ...{ encoders, viewers, kbps_in: kbpsIn, age_ms: ageMs ?? null, unhealthy },
    links: links.map(({ lagMs, error, ...rest }) => ({ ...rest, lag_ms: lagMs ?? null, error: error ?? null })),
  };
}

function countsOf(state: NodeState | undefined): Required<NodeState>["streamCounts"] {
  if (state?.streamCounts !== undefined) return state.streamCounts;
  const published = [...(state?.streams.values() ?? [])].filter((role) => role === "published").length;
  return { published, relayed: (state?.streams.size ?? 0) - published };
}
