import type { KnownNode } from "../../live/ports/nodes.ts";
import type { RelayReport } from "../../live/ports/report.ts";
import type { ApiConfig } from "./config.ts";
import type { ApiContext } from "./context.ts";
import { hookMetrics } from "./hooks.ts";
import { namesOf } from "./ids.ts";
import type { Load } from "./load.ts";
import { delayBounds, type LoopDelay } from "./loop-delay.ts";
import { nodeWord, registryMetrics } from "./nodes.ts";
import { type Labels, PrometheusText } from "./prometheus.ts";
import type { ReportCache } from "./report-cache.ts";
import { StreamMetrics } from "./stream-metrics.ts";
import type { Traffic } from "./traffic.ts";
import { transcoderMetrics } from "./transcoders.ts";

/** A scrape within this time after another gets the same text, ms. */
const FRESH_MS = 1000;

/** Sums of the connections to another server for one stream. */
interface RelaySum {
  readonly labels: Labels;
  up: number;
  lagMs: number | undefined;
  bytes: number;
  dropped: number;
}

/** The server's numbers for Prometheus. */
export class Metrics {
  readonly #context: ApiContext;
  readonly #traffic: Traffic;
  readonly #streams: StreamMetrics;
  readonly #load: Load;
  readonly #reports: ReportCache;
  readonly #delay: LoopDelay;
  #text: Uint8Array | undefined;
  #writtenAt = 0;
  #writtenFor: ApiConfig | undefined;

  constructor(context: ApiContext, traffic: Traffic, load: Load, reports: ReportCache, delay: LoopDelay) {
    this.#context = context;
    this.#traffic = traffic;
    this.#streams = new StreamMetrics(context, traffic, reports);
    this.#load = load;
    this.#reports = reports;
    this.#delay = delay;
  }

  /** The text in Prometheus's format, at most a second old. */
  async text(): Promise<Uint8Array> {
    this.#delay.start();
    await this.#traffic.fresh();
    const now = this.#context.clock.now();
    const config = this.#context.config();
    if (this.#text === undefined || now - this.#writtenAt >= FRESH_MS || config !== this.#writtenFor) {
      this.#writtenFor = config;
      const text = new PrometheusText();
      this.#process(text);
      this.#server(text);
      this.#streams.write(text);
      this.#relays(text);
      this.#nodes(text);
      transcoderMetrics(text, this.#reports.current.transcoders, config.metrics_streams);
      hookMetrics(text, this.#reports.current.hooks);
      registryMetrics(text, this.#reports.current.registries);
      this.#text = text.bytes;
      this.#writtenAt = now;
    }
    return this.#text;
  }

  #process(text: PrometheusText): void {
    const { process } = this.#load.current;
    const started = this.#context.clock.wall() / 1000 - process.uptime;
    text.counter("process_cpu_seconds_total", "Processor time that the process has used.", process.cpuSeconds);
    text.gauge("process_resident_memory_bytes", "Memory of the process.", process.residentBytes);
    text.gauge("process_virtual_memory_bytes", "Address space of the process.", process.virtualBytes);
    text.gauge("process_open_fds", "Open files and sockets.", process.openFiles);
    text.gauge("process_max_fds", "Files and sockets that may be open.", process.maxFiles);
    text.gauge("process_start_time_seconds", "When the process started, Unix time.", Math.round(started));
    const { counts, sum } = this.#delay;
    text.histogram(
      "srs_event_loop_delay_seconds",
      "How late the event loop came to a timer.",
      delayBounds,
      counts,
      sum,
    );
    const { rounds, busyMs } = this.#context.streams.flushes;
    text.counter("srs_flush_rounds_total", "Rounds in which packets went to readers.", rounds);
    text.counter("srs_flush_seconds_total", "Time that these rounds took.", busyMs / 1000);
  }

  #server(text: PrometheusText): void {
    const { version, nodeId, clients, refusals } = this.#context;
    const { received, sent, now } = this.#reports.current;
    text.gauge("srs_build_info", "The program's version; always 1.", [[{ version, node: nodeId }, 1]]);
    text.gauge("srs_connections", "Connections that have not hung up.", this.#context.connections());
    text.gauge("srs_connections_limit", "max_connections.", this.#context.maxConnections());
    const byProtocol = [...clients.byProtocol].map(([protocol, count]) => [{ protocol }, count] as const);
    text.gauge("srs_clients", "Clients by protocol, whatever they do.", byProtocol);
    text.gauge("srs_publishers", "Streams that clients publish.", now.publishers ?? 0);
    text.gauge("srs_players", "Streams that clients play.", now.players ?? 0);
    text.gauge("srs_streams", "Streams that are published or waited for.", now.streams ?? 0);
    text.counter("srs_received_bytes_total", "Bytes from clients and from origins.", received);
    text.counter("srs_sent_bytes_total", "Bytes to clients and to other servers.", sent);
    const refused = [...refusals.totals].map(([reason, count]) => [{ reason }, count] as const);
    text.counter("srs_refusals_total", "Clients and requests that were refused, by rule.", refused);
    const { loadedAt, refused: failed } = this.#context.configState();
    text.gauge(
      "srs_config_last_reload_successful",
      "1, or 0 when the last reload was refused.",
      failed === undefined ? 1 : 0,
    );
    text.gauge("srs_config_loaded_timestamp_seconds", "Since when the configuration is in effect.", loadedAt / 1000);
  }

  #nodes(text: PrometheusText): void {
    const { nodes, clock } = this.#context;
    const peers = nodes.peers();
    const of = (value: (node: KnownNode) => number) =>
      peers.map((node) => [{ peer: node.source }, value(node)] as const);
    text.gauge(
      "srs_node_up",
      "1 while the other node of the cluster answers and does not drain.",
      of((node) => (nodeWord(node) === "alive" ? 1 : 0)),
    );
    text.gauge(
      "srs_node_connections",
      "Connections of the other node, as it said last.",
      of(({ state }) => state?.load.connections ?? 0),
    );
    text.gauge(
      "srs_node_seen_seconds",
      "How old that is; -1 when it never answered.",
      of(({ seenAt }) => (seenAt === undefined ? -1 : Math.round(clock.now() - seenAt) / 1000)),
    );
    const problems = of((node) => node.problems.length);
    text.gauge("srs_node_problems", "What is wrong with the other node, in number.", problems);
  }

  #relays(text: PrometheusText): void {
    const { relays, origins } = this.#reports.current;
    const sums = new Map<string, RelaySum>();
    // Failing relays come first, so that they are not left out.
    const shown = [...relays]
      .sort((a, b) => Number(b.failing) - Number(a.failing))
      .slice(0, 4 * this.#context.config().metrics_streams);
    for (const relay of shown) {
      const labels = labelsOf(relay);
      const key = JSON.stringify(labels);
      // Two targets that differ only in their secrets have the same labels.
      const sum = sums.get(key) ?? { labels, up: 1, lagMs: undefined, bytes: 0, dropped: 0 };
      sum.up = Math.min(sum.up, relay.running ? 1 : 0);
      if (relay.lagMs !== undefined) sum.lagMs = Math.max(sum.lagMs ?? 0, relay.lagMs);
      sum.bytes += relay.bytes;
      sum.dropped += relay.dropped;
      sums.set(key, sum);
    }
    const all = [...sums.values()];
    text.gauge(
      "srs_relay_up",
      "1 while the connection to another server runs.",
      all.map(({ labels, up }) => [labels, up]),
    );
    text.gauge(
      "srs_relay_lag_seconds",
      "How far the server that is sent to is behind.",
      all.flatMap(({ labels, lagMs }) => (lagMs === undefined ? [] : [[labels, lagMs / 1000] as const])),
    );
    text.counter(
      "srs_relay_bytes_total",
      "Bytes of media sent or fetched.",
      all.map(({ labels, bytes }) => [labels, bytes]),
    );
    text.counter(
      "srs_relay_dropped_packets_total",
      "Packets that the other server was too slow for.",
      all.map(({ labels, dropped }) => [labels, dropped]),
    );
    text.gauge(
      "srs_origin_up",
      "0 while the origin does not answer.",
      origins.map(({ vhost, origin, state }) => [{ vhost, origin }, state === "alive" ? 1 : 0]),
    );
  }
}

function labelsOf({ flow, to, stream }: RelayReport): Labels {
  return { flow, to, ...namesOf(stream) };
}
