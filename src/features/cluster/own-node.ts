import type { Clock } from "../../base/clock.ts";
import type { NodeFlow, NodeState, StreamRole } from "../../live/ports/nodes.ts";
import type { Source } from "../../live/source/source.ts";
import type { Stream } from "../../live/stream.ts";
import type { StreamObserver } from "../../live/streams.ts";
import type { ClusterConfig } from "./config.ts";

/** Minimum time over which rates are measured, ms. */
const WINDOW_MS = 900;
/** The state is cached for this time, ms, unless connections change, as a director asks for it with each request. */
const FRESH_MS = 20;

/** What this process's own state is made of. */
export interface OwnNodeContext {
  readonly clock: Pick<Clock, "now">;
  /** This process's id in hop traces. */
  readonly nodeId: string;
  readonly version: string;
  /** Random; distinguishes this process's revisions from others'. */
  readonly epoch: string;
  config(): ClusterConfig;
  draining(): boolean;
  /** Vhosts whose streams this node fetches. */
  fetches(): readonly string[];
  connections(): number;
  maxConnections(): number;
  flow(): NodeFlow;
  /** Bytes sent since the start, to clients and to servers. */
  bytesSent(): number;
  /** Processor time that the process has used. */
  cpuSeconds(): number;
}

/** This process as one of the nodes: its load and its streams. */
export class OwnNode implements StreamObserver {
  readonly #context: OwnNodeContext;
  readonly #streams = new Map<string, StreamRole>();
  #changes = 0;
  /** Counters at the start of the measurement; undefined before the first request for the state. */
  #sample: { at: number; sent: number; cpu: number } | undefined;
  #rates = { kbps: 0, cpu: 0 };
  #cached: { readonly at: number; readonly config: ClusterConfig; readonly state: NodeState } | undefined;

  constructor(context: OwnNodeContext) {
    this.#context = context;
  }

  /** Identifies the version of the streams: it changes with each change of them. */
  get revision(): string {
    return `${this.#context.epoch}.${this.#changes}`;
  }

  get state(): NodeState {
    const { draining, connections } = this.#context;
    const now = this.#context.clock.now();
    const config = this.#context.config();
    const cached = this.#cached;
    if (cached !== undefined && now - cached.at < FRESH_MS && cached.config === config) {
      const { state } = cached;
      if (state.load.connections === connections() && state.draining === draining()) return state;
    }
    this.#measureRates();
    const state = this.#read(config);
    this.#cached = { at: now, config, state };
    return state;
  }

  #read({ advertise, zone, weight, bandwidth }: ClusterConfig): NodeState {
    const { nodeId, version, draining, fetches, connections, maxConnections } = this.#context;
    return {
      ...{ id: nodeId, version, advertise, zone, weight, draining: draining() },
      fetches: fetches(),
      load: { connections: connections(), maxConnections: maxConnections(), maxKbps: 1000 * bandwidth, ...this.#rates },
      flow: this.#context.flow(),
      streams: this.#streams,
    };
  }

  published(stream: Stream, _name: unknown, source: Source): void {
    this.#set(stream.key, source);
  }

  switched(stream: Stream): void {
    if (stream.source !== undefined) this.#set(stream.key, stream.source);
  }

  rerouted(stream: Stream): void {
    this.switched(stream);
  }

  unpublished(stream: Stream): void {
    if (this.#streams.delete(stream.key)) this.#changes++;
  }

  #set(key: string, { info }: Source): void {
    const role = info.via === "pull" || info.hops.length > 0 ? "relayed" : "published";
    if (this.#streams.get(key) === role) return;
    this.#streams.set(key, role);
    this.#changes++;
  }

  #measure(): { at: number; sent: number; cpu: number } {
    const { clock, bytesSent, cpuSeconds } = this.#context;
    return { at: clock.now(), sent: bytesSent(), cpu: cpuSeconds() };
  }

  #measureRates(): void {
    const before = this.#sample ?? this.#measure();
    this.#sample ??= before;
    if (this.#context.clock.now() - before.at < WINDOW_MS) return;
    const now = this.#measure();
    const ms = now.at - before.at;
    this.#sample = now;
    const kbps = Math.max(0, Math.round(((now.sent - before.sent) * 8) / ms));
    this.#rates = { kbps, cpu: Math.max(0, Math.round(((now.cpu - before.cpu) * 1e6) / ms) / 1000) };
  }
}
