import { printable } from "../base/printable.ts";
import type {
  ClientAnswer,
  ClusterAnswer,
  ClusterNodeAnswer,
  ConfigAnswer,
  LimitsAnswer,
  NodeAnswer,
  OriginAnswer,
  RegistryAnswer,
  RelayAnswer,
  StreamAnswer,
  TargetAnswer,
  TranscoderAnswer,
} from "./api-types.ts";

/** Lines of streams' health that `srs top` shows. */
const MAX_TOP_HEALTH = 10;

/** All that `srs status` shows; also what `--json` prints. */
export interface Status extends NodeAnswer, LimitsAnswer, ConfigAnswer {
  readonly streams: readonly StreamAnswer[];
  readonly forwards: readonly RelayAnswer[];
  readonly upstreams: readonly RelayAnswer[];
  readonly origins: readonly OriginAnswer[];
  readonly transcoders: readonly TranscoderAnswer[];
  readonly targets: readonly TargetAnswer[];
  /** Servers that fetch streams from this one. */
  readonly edges: readonly ClientAnswer[];
  /** Viewers that have lost packets or are behind. */
  readonly slow: readonly ClientAnswer[];
}

/** The status as lines for people; `now` is Unix ms. */
export function statusLines(status: Status, now: number): string[] {
  const { node, streams, forwards, edges, upstreams, origins, transcoders, targets, slow, near, refused, config } =
    status;
  const lines = [
    `srs ${node.version} ${node.stage}, up ${duration(node.uptime * 1000)}: ${node.connections} connections, ${node.publishers} publishers, ${node.players} players, ${node.streams} streams`,
    `configuration ${config.file || "of the environment"}, in effect for ${duration(now - config.loaded_at)}${reloadWords(config, now)}`,
    ...section("streams", streamRows(streams, now)),
    ...section("unhealthy streams", healthRows(streams, now)),
    ...section("sources that stand by", standbyRows(streams)),
    ...section("forwards", relayRows(forwards, now)),
    ...section("targets that were added", targets.map(targetRow)),
    ...section(
      "edges that fetch",
      edges.map(({ id, ip, url, alive, lag_ms, lost_packets }) => {
        return [id, url, ip, `for ${duration(alive * 1000)}`, lagWords(lag_ms, lost_packets)];
      }),
    ),
    ...section("upstreams", relayRows(upstreams, now)),
    ...section(
      "origins",
      origins.map(({ origin, state, last_error }) => [origin, state, last_error ?? ""]),
    ),
    ...section("transcoders", transcoderRows(transcoders, now)),
    ...section("slow viewers", clientRows(slow)),
    ...section("near a limit", limitRows(near)),
    ...section(
      "refused since the start",
      Object.entries(refused).map(([rule, count]) => [rule, String(count)]),
    ),
  ];
  return lines.map(printable);
}

/** States of a stream's health in which its viewers get nothing that they can show. The others are the encoder's matter. */
const BROKEN: ReadonlySet<string> = new Set(["stall", "headers"]);

/** The problems of a server, one line each; none when it is well. */
export function problemsOf({ node, streams, forwards, origins, transcoders, config, near }: Status): string[] {
  const failing = forwards.filter((forward) => forward.failing);
  return [
    ...(node.stage === "running" ? [] : [`the server is ${node.stage}`]),
    ...failing.map(({ to, url, last_error }) => `forward of ${url} to ${to} fails: ${last_error ?? "unknown"}`),
    ...origins
      .filter(({ state }) => state === "dead")
      .map(({ origin, last_error }) => `origin ${origin} is dead: ${last_error ?? ""}`),
    ...transcoders
      .filter(({ failing }) => failing)
      .map(({ engines, url, last_error }) => `transcode of ${url} (${engines}) fails: ${last_error ?? "unknown"}`),
    ...streams.flatMap(({ url, health }) =>
      health.filter(({ state }) => BROKEN.has(state)).map(({ detail }) => `stream ${url}: ${detail}`),
    ),
    ...(config.refused === null ? [] : [`the last reload was refused: ${config.refused.lines.join("; ")}`]),
    ...limitRows(near).map((row) => `near a limit: ${row.join(" ")}`),
  ].map(printable);
}

/** The problems of streams, then rows of clients, the fastest first, as `srs top` shows them; `now` is Unix ms. */
export function topLines(clients: readonly ClientAnswer[], streams: readonly StreamAnswer[], now: number): string[] {
  const rate = ({ kbps }: ClientAnswer) => kbps.recv_30s + kbps.send_30s;
  const sorted = [...clients].sort((a, b) => rate(b) - rate(a));
  const health = section("unhealthy streams", healthRows(streams, now).slice(0, MAX_TOP_HEALTH));
  return [...health, ...section("clients", clientRows(sorted))].map(printable);
}

/** The nodes of a cluster as rows, their registry, and their problems; `now` is Unix ms. */
export function clusterLines({ nodes, registry }: ClusterAnswer, now: number): string[] {
  const rows = nodes.map((node) => {
    const { id, peer, state, zone, weight, connections, max_connections, kbps, cpu, published, relayed } = node;
    const by = node.heard_by.includes("registry") ? ` by ${node.heard_by.join(" and ")}` : "";
    const seen = node.seen_ms === null ? "never seen" : node.self ? "" : `seen ${duration(node.seen_ms)} ago${by}`;
    const load = `${connections} of ${max_connections} connections, ${kbps} kbit/s, ${Math.round(100 * cpu)} % CPU`;
    const streams = `${published} published, ${relayed} relayed`;
    const place = [zone === "" ? "" : `zone ${zone}`, weight === 100 ? "" : `weight ${weight}`].filter(Boolean);
    return [
      node.self ? "this server" : peer,
      id ?? "",
      state,
      ...(id === null ? [] : [load, streams, place.join(", "), seen]),
    ];
  });
  return [
    ...section("nodes", rows).slice(1),
    ...section("registry", registry === null ? [] : [registryRow(registry, now)]),
    ...section("problems", problemRows(nodes)),
  ].map(printable);
}

function registryRow({ to, up, since, commands, lost_claims, last_error, ...rest }: RegistryAnswer, now: number) {
  const state = `${up ? "up" : "away"} for ${duration(now - since)}`;
  const counts = `${commands} commands, ${rest.refused} refused, ${rest.dropped} dropped, ${rest.waiting} waiting`;
  return [to, state, counts, `${lost_claims} lost claims`, last_error ?? ""];
}

/** The problems of the nodes of a cluster, one line each; none when they are well. */
export function clusterProblemsOf({ nodes, registry }: ClusterAnswer): string[] {
  const away = nodes.filter(({ state, problems }) => state !== "alive" && problems.length === 0);
  return [
    ...away.map(({ peer, self, state }) => `${self ? "this server" : peer} is ${state}`),
    ...problemRows(nodes).map((row) => row.join(": ")),
    ...registryProblems(registry),
  ].map(printable);
}

function registryProblems(registry: RegistryAnswer | null): string[] {
  if (registry === null) return [];
  const { up, last_error, to } = registry;
  if (up) return last_error === null ? [] : [`the registry refuses commands: ${last_error}`];
  return [`the registry is away: ${last_error ?? to}`];
}

function problemRows(nodes: readonly ClusterNodeAnswer[]): string[][] {
  return nodes.flatMap(({ peer, self, problems }) => problems.map((each) => [self ? "this server" : peer, each]));
}

function reloadWords({ reloads, refused }: ConfigAnswer["config"], now: number): string {
  const last =
    refused === null ? "" : `; a reload was refused ${duration(now - refused.at)} ago: ${refused.lines.join("; ")}`;
  return `, ${reloads} reloads${last}`;
}

function streamRows(streams: readonly StreamAnswer[], now: number): string[][] {
  return streams.map((stream) => {
    const { url, publish, sources, since, kbps, video, audio, fps, gop_ms, age_ms, viewers } = stream;
    if (!publish.active) return [url, "nobody publishes", "", "", "", "", `${viewers} waiting`];
    const from = sources[0]?.ip ?? "";
    const picture = video === null ? "no video" : `${video.codec} ${video.width}x${video.height} ${fps} fps`;
    const gop = video === null || gop_ms === 0 ? "" : `GOP ${gop_ms / 1000} s`;
    const sound = audio?.codec ?? "no audio";
    const age = age_ms === null ? "age unknown" : `${age_ms} ms old`;
    const who = `${publish.cid} from ${from} for ${since === null ? "?" : duration(now - since)}`;
    return [url, who, `${kbps.recv_30s} kbit/s`, `${picture}, ${sound}`, gop, age, `${viewers} viewers`];
  });
}

function healthRows(streams: readonly StreamAnswer[], now: number): string[][] {
  return streams.flatMap(({ url, health }) =>
    health.map(({ state, since, detail }) => [url, state, detail, `for ${duration(now - since)}`]),
  );
}

function standbyRows(streams: readonly StreamAnswer[]): string[][] {
  return streams.flatMap(({ url, sources }) =>
    sources
      .filter(({ role }) => role === "standby")
      .map(({ id, ip, via, silent_ms }) => [url, id, `from ${ip} (${via})`, `silent for ${duration(silent_ms)}`]),
  );
}

function relayRows(relays: readonly RelayAnswer[], now: number): string[][] {
  return relays.map(({ id, url, to, state, attempt, failing_since, next_retry, last_error, lag_ms, dropped }) => {
    if (failing_since === null) return [id, url, to, state, state === "running" ? lagWords(lag_ms, dropped) : ""];
    const retry = next_retry === null ? "" : `, next in ${duration(next_retry - now)}`;
    const since = `failing for ${duration(now - failing_since)}: ${last_error ?? "unknown"}`;
    return [id, url, to, state, `${since} (attempt ${attempt}${retry})`];
  });
}

function lagWords(ms: number | null, lost: number): string {
  const words = [ms === null ? "" : `${ms} ms behind`, lost === 0 ? "" : `${lost} packets lost`];
  return words.filter((each) => each !== "").join(", ");
}

function transcoderRows(transcoders: readonly TranscoderAnswer[], now: number): string[][] {
  return transcoders.map(({ url, engines, state, pid, lag_ms, restarts, failing_since, next_retry, last_error }) => {
    const process = `${pid === null ? "" : `pid ${pid}, `}${lag_ms} ms behind, ${restarts} restarts`;
    if (failing_since === null) return [url, engines, state, process];
    const retry = next_retry === null ? "" : ` (next in ${duration(next_retry - now)})`;
    return [url, engines, state, `failing for ${duration(now - failing_since)}: ${last_error ?? "unknown"}${retry}`];
  });
}

function targetRow({ id, target, vhost, app, stream, keep }: TargetAnswer): string[] {
  const scope = Object.entries({ vhost, app, stream }).flatMap(([name, of]) => (of === null ? [] : [`${name} ${of}`]));
  return [id, target, scope.length === 0 ? "for all streams" : `for ${scope.join(", ")}`, keep ? "kept" : ""];
}

function clientRows(clients: readonly ClientAnswer[]): string[][] {
  return clients.map(({ id, ip, url, type, format, alive, kbps, lost_packets, lag_ms }) => {
    const kind = type === "flv-play" ? `${format}-play` : type;
    const rates = `in ${kbps.recv_30s} out ${kbps.send_30s} kbit/s`;
    const slow = lost_packets > 0 || lag_ms > 0 ? lagWords(lag_ms, lost_packets) : "";
    return [id, ip, kind, url, rates, `for ${duration(alive * 1000)}`, slow];
  });
}

function limitRows(near: LimitsAnswer["near"]): string[][] {
  return near.map(({ limit, of, now, max }) => [...[limit, of].filter(Boolean), `${now} of ${max}`]);
}

/** A title and aligned rows; nothing without rows. */
function section(title: string, rows: readonly (readonly string[])[]): string[] {
  if (rows.length === 0) return [];
  const widths: number[] = [];
  for (const row of rows) for (const [at, cell] of row.entries()) widths[at] = Math.max(widths[at] ?? 0, cell.length);
  const lines = rows.map((row) => `  ${row.map((cell, at) => cell.padEnd(widths[at] ?? 0)).join("  ")}`.trimEnd());
  return ["", `${title}:`, ...lines];
}

function duration(ms: number): string {
  const seconds = Math.max(0, Math.round(ms / 1000));
  if (seconds < 120) return `${seconds} s`;
  const minutes = Math.round(seconds / 60);
  if (minutes < 120) return `${minutes} min`;
  return minutes < 2880 ? `${Math.round(minutes / 60)} h` : `${Math.round(minutes / 1440)} d`;
}
