import { maskText } from "../../base/mask.ts";
import type { KnownNode, NodeFlow, NodeState } from "../../live/ports/nodes.ts";
import type { RegistryReport } from "../../live/ports/report.ts";
import type { ApiContext } from "./context.ts";
import type { Operation } from "./operation.ts";
import type { PrometheusText } from "./prometheus.ts";
import type { ReportCache } from "./report-cache.ts";
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
  heard_by: listOf(oneOf("peers", "registry")),
  flow: orNull(flow),
});

const registry = object({
  to: string,
  up: boolean,
  since: number,
  last_error: orNull(string),
  commands: whole,
  refused: whole,
  dropped: whole,
  waiting: whole,
  lost_claims: whole,
});

/** The nodes of the cluster, as this server knows them. */
export function nodeOperations(
  { nodes, clock }: Pick<ApiContext, "nodes" | "clock">,
  reports: Pick<ReportCache, "current">,
): readonly Operation[] {
  return [
    {
      method: "GET",
      path: "/api/v1/nodes",
      role: "read",
      summary:
        "The nodes of the cluster: this server first, then others, with their load and what is wrong; and the registry that tells of them, if there is one.",
      answer: { nodes: listOf(node), registry: orNull(registry) },
      run: () => ({
        nodes: nodes.all().map((each) => write(each, clock.now())),
        registry: reports.current.registries.map(writeRegistry)[0] ?? null,
      }),
    },
  ];
}

/** The metrics of the registry. */
export function registryMetrics(text: PrometheusText, all: readonly RegistryReport[]): void {
  const of = (value: (report: RegistryReport) => number) => all.map((each) => [{ to: each.to }, value(each)] as const);
  text.gauge(
    "srs_registry_up",
    "1 while the registry takes commands.",
    of(({ up }) => (up ? 1 : 0)),
  );
  text.gauge(
    "srs_registry_since_seconds",
    "Since when it is up, or away, Unix time.",
    of(({ since }) => Math.round(since / 1000)),
  );
  text.counter(
    "srs_registry_commands_total",
    "Commands that were sent to the registry.",
    of(({ commands }) => commands),
  );
  text.counter(
    "srs_registry_refused_total",
    "Commands that the registry refused.",
    of(({ refused }) => refused),
  );
  text.counter(
    "srs_registry_dropped_total",
    "Commands that got no answer, or were not sent.",
    of(({ dropped }) => dropped),
  );
  text.gauge(
    "srs_registry_waiting",
    "Commands that wait for an answer.",
    of(({ waiting }) => waiting),
  );
  text.counter(
    "srs_registry_lost_claims_total",
    "Publishers that gave way, as another node owns their streams.",
    of(({ lostClaims }) => lostClaims),
  );
}

/** A node's state in one word. */
export function nodeWord({ alive, state }: KnownNode): "alive" | "draining" | "dead" {
  if (!alive || state === undefined) return "dead";
  return state.draining ? "draining" : "alive";
}

function write(known: KnownNode, now: number) {
  const { isSelf, source, state, seenAt, problems, heardBy = [] } = known;
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
    heard_by: [...heardBy],
    flow: state?.flow === undefined ? null : writeFlow(state.flow),
  };
}

function writeRegistry({ to, up, since, lastError, lostClaims, ...counts }: RegistryReport): object {
  const last_error = lastError === undefined ? null : maskText(lastError);
  return { to, up, since: Math.round(since), last_error, ...counts, lost_claims: lostClaims };
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
