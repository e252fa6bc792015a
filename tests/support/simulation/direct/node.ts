import type { Clock } from "../../../../src/base/clock.ts";
import { silentLog } from "../../../../src/base/log.ts";
import type { Transport } from "../../../../src/base/transport.ts";
import type { EdgeConfig } from "../../../../src/features/edge/config.ts";
import { Edge } from "../../../../src/features/edge/edge.ts";
import { Handover } from "../../../../src/features/handover/handover.ts";
import { Registry } from "../../../../src/features/registry/registry.ts";
import type { RtmpVhost } from "../../../../src/features/rtmp/context.ts";
import { type StreamConfig, streamConfig } from "../../../../src/live/config.ts";
import { SlabPool } from "../../../../src/live/log/slabs.ts";
import type { Guard } from "../../../../src/live/ports/access.ts";
import { Entry } from "../../../../src/live/ports/entry.ts";
import { JoinedNodes, MemoryNodes, type NodeState } from "../../../../src/live/ports/nodes.ts";
import type { Stream } from "../../../../src/live/stream.ts";
import { Streams } from "../../../../src/live/streams.ts";
import { RelayLogLimit } from "../../../../src/relay/relay-log-limit.ts";
import { RtmpFormats } from "../../../../src/rtmp/format.ts";
import { defaultLimits } from "../../../../src/rtmp/limits.ts";
import { nodeState } from "../../api-stage.ts";
import { epochIds } from "../../epoch-ids.ts";
import type { FakeServers } from "../../fake-redis.ts";
import type { FakeNet } from "../../fake-transport.ts";
import { rethrow } from "../../faults.ts";
import { openAccount } from "../../open-door.ts";
import type { HistoryNode } from "../history-stage.ts";
import type { DirectEnd, DirectHost, DirectNet } from "./net.ts";
import { DirectPull } from "./pull.ts";
import { DirectServer, type ServerNode } from "./server.ts";

// All histories share these: they keep no state from one history to the next.
const formats = new RtmpFormats();
const account = openAccount(1000);
const never = { cancel: () => undefined };
const slabs = new SlabPool({ after: () => never });
const logLimit = new RelayLogLimit({ after: () => never });
const noConnections = () => {
  throw new Error("nodes of this history have no connections of bytes");
};

/** What a node needs. */
export interface DirectNodeOptions {
  readonly clock: Clock;
  readonly net: DirectNet;
  /** Connections between the processes of a node. */
  readonly machine: FakeNet;
  readonly name: string;
  readonly servers: FakeServers;
  readonly vhost: RtmpVhost;
  readonly edge: EdgeConfig;
  readonly random: () => number;
}

/** A node without sockets and RTMP: its registry, its edge, its handover and its streams are real. */
export class DirectNode implements HistoryNode, DirectHost, ServerNode {
  readonly host: string;
  readonly clock: Clock;
  readonly streams: Streams;
  readonly edge: Edge;
  readonly registry: Registry;
  readonly handover: Handover;
  readonly guards: Guard[] = [];
  readonly entry: Entry<RtmpVhost>;
  state: NodeState;
  readonly #config: StreamConfig;
  readonly #net: DirectNet;
  readonly #connections = new Set<DirectServer>();
  #accepted = 0;

  constructor({ clock, net, machine, name, servers, vhost, edge, random }: DirectNodeOptions) {
    this.host = name;
    this.clock = clock;
    this.#config = streamConfig(vhost);
    const address = `${name}:1935`;
    const nodeId = Buffer.from(address).toString("hex");
    const pid = ++machine.processes;
    this.streams = new Streams(clock, rethrow, epochIds(Bun.hash.crc32(`${address} ${pid}`)), slabs);
    this.state = nodeState(nodeId, { advertise: [`rtmp://${address}`] });
    const config = { registry: servers.servers, registry_prefix: "srs" };
    const onConflict = () => vhost.publish.on_conflict;
    const shared = { clock, log: silentLog, formats, limits: defaultLimits, nodeId, random: () => undefined };
    this.registry = new Registry({
      ...{ ...shared, randomNumber: random, onConflict },
      // The registry dials only to find out whether an address can be reached.
      dial: (_target, handler) => {
        const transport = { abort: () => handler.onClose(undefined) } as Transport;
        clock.soon(() => handler.onOpen(transport));
        return { abort: () => undefined };
      },
      openRedis: servers.opener(nodeId, this),
      config: () => config,
      self: () => this.state,
      moved: (key) => this.edge.streamMoved(key),
    });
    const found = { name: "__defaultVhost__", config: vhost };
    this.entry = new Entry({
      ...{ clock, nodeId, guards: this.guards, countingGuards: [], connections: account },
      vhosts: { find: () => found, named: () => found },
    });
    this.edge = new Edge({
      ...{ ...shared, randomNumber: random, logLimit, dial: noConnections, httpGet: noConnections },
      chunkSizeOf: () => 4096,
      nodes: new JoinedNodes([new MemoryNodes(() => this.state, clock), this.registry]),
      configOf: () => edge,
      playRtmp: (target, events) => new DirectPull(net, name, this, target, events),
    });
    this.handover = new Handover({
      ...{ ...shared, local: machine.local, pid, onConflict, carries: () => new Map() },
      theirs: (key, source) => this.registry.atSibling(key, source),
    });
    // As in `app/features`.
    this.guards.push(this.handover, ...this.edge.guards, this.registry.claims);
    this.streams.observe(this.registry.streams);
    this.streams.observe(this.handover);
    this.streams.observe(this.edge);
    this.#net = net;
    this.registry.start();
    clock.every(1000, () => {
      const now = clock.now();
      for (const connection of this.#connections) connection.tick(now);
    });
  }

  listen(): void {
    this.#net.hosts.set(this.host, this);
  }

  accept(end: DirectEnd): DirectServer {
    const server = new DirectServer(this, end, `c${++this.#accepted}`);
    this.#connections.add(server);
    return server;
  }

  left(server: DirectServer): void {
    this.#connections.delete(server);
  }

  get connections(): number {
    return this.#connections.size;
  }

  stream(name: string): Stream {
    return this.streams.open({ vhost: "__defaultVhost__", app: "live", stream: name }, this.#config);
  }
}
