import { type EdgeConfig, edgeTable } from "../../src/features/edge/config.ts";
import type { EdgeContext } from "../../src/features/edge/context.ts";
import { Edge } from "../../src/features/edge/edge.ts";
import type { ForwardContext } from "../../src/features/forward/forward.ts";
import { Forward } from "../../src/features/forward/forward.ts";
import { Handover } from "../../src/features/handover/handover.ts";
import type { RegistryConfig } from "../../src/features/registry/config.ts";
import { Registry } from "../../src/features/registry/registry.ts";
import { RtmpConnection } from "../../src/features/rtmp/connection.ts";
import type { RtmpContext, RtmpVhost } from "../../src/features/rtmp/context.ts";
import { SlabPool } from "../../src/live/log/slabs.ts";
import type { Guard } from "../../src/live/ports/access.ts";
import type { Carry } from "../../src/live/ports/carry.ts";
import type { FoundVhost } from "../../src/live/ports/entry.ts";
import { JoinedNodes, MemoryNodes, type NodeState } from "../../src/live/ports/nodes.ts";
import type { OnConflict, SourceInfo } from "../../src/live/source/source.ts";
import { Streams } from "../../src/live/streams.ts";
import { RelayLogLimit } from "../../src/relay/relay-log-limit.ts";
import { RtmpPullClient } from "../../src/relay/rtmp-pull-client.ts";
import { parseTarget, type RelayTarget } from "../../src/relay/target.ts";
import { RtmpFormats } from "../../src/rtmp/format.ts";
import { defaultLimits } from "../../src/rtmp/limits.ts";
import { nodeState } from "./api-stage.ts";
import { epochIds } from "./epoch-ids.ts";
import { FakeClock } from "./fake-clock.ts";
import type { FakeServers } from "./fake-redis.ts";
import type { FakeNet, Host } from "./fake-transport.ts";
import { rethrow } from "./faults.ts";
import { Feed, streamDefaults } from "./live.ts";
import { limitDefaults, openDoor } from "./open-door.ts";
import { RecordingLog } from "./recording-log.ts";
import { publishDefaults } from "./rtmp-stage.ts";

const CHUNK_SIZE = 4096;

const noRegistry: RegistryConfig = { registry: [], registry_prefix: "srs" };

/** `[vhost.X.edge]` as it is when the file says nothing. */
const edgeDefaults = Object.fromEntries(
  Object.entries(edgeTable.entries).map(([name, key]) => [name, key.default]),
) as unknown as EdgeConfig;

/** Not random: handshakes need no secrets here. */
function fill(into: Uint8Array): void {
  for (let i = 0; i < into.length; i++) into[i] = 7 * i + 3;
}

/** A whole server without sockets: accepts RTMP at an address of the fake network and forwards what is published. */
export class FakeNode {
  readonly log = new RecordingLog();
  readonly streams: Streams;
  readonly forward: Forward;
  readonly #context: RtmpContext;
  readonly #clock: FakeClock;
  readonly #connections = new Set<RtmpConnection>();
  #accepted = 0;
  readonly #onConflict: OnConflict;
  /** What streams are forwarded to; after a change, `forward.reconfigure` is to be called. */
  targets: readonly RelayTarget[];
  /** Vhosts beside the default one, configured alike. */
  readonly vhosts = new Set<string>();
  /** The program stands still: it looks at no clock. */
  frozen = false;

  /** What the node carries over in an upgrade, by name. */
  readonly carries = new Map<string, Carry>();
  /** How it is found in the network. */
  readonly host: Host = { accept: () => this.accept() };
  /** Accepts the address's clients from now on, in place of another process. */
  readonly listen: () => void;
  readonly handover: Handover;
  readonly edge: Edge;
  /** Without a registry's server, it knows of no other node. */
  readonly registry: Registry;
  /** What it says of itself to other nodes. */
  state: NodeState;
  /** Who decides on its clients; a test may add more. */
  readonly guards: Guard[] = [];
  /** After a change, `edge.reconfigure` is to be called. */
  edgeConfig: EdgeConfig;

  constructor(
    clock: FakeClock,
    net: FakeNet,
    address: string,
    forward: readonly string[] = [],
    publish = publishDefaults,
    edge: Partial<EdgeConfig> = {},
    redis?: FakeServers,
    randomNumber: () => number = () => 0.5,
  ) {
    this.#clock = clock;
    this.#onConflict = publish.on_conflict;
    this.edgeConfig = { ...edgeDefaults, ...edge };
    // Unused memory is given back by another clock: the timers of this one are those that a test counts.
    this.streams = new Streams(
      clock,
      rethrow,
      epochIds(Bun.hash.crc32(`${address} ${net.processes}`)),
      new SlabPool(new FakeClock()),
    );
    this.targets = forward.map(parseTarget);
    const vhost: FoundVhost<RtmpVhost> = {
      name: "__defaultVhost__",
      config: { ...streamDefaults, enabled: true, chunk_size: CHUNK_SIZE, publish, limits: limitDefaults },
    };
    // In a registry, ids are as processes have them.
    const nodeId = redis === undefined ? address : Buffer.from(address).toString("hex");
    this.state = nodeState(nodeId, { advertise: [`rtmp://${address}`] });
    const registryConfig = redis === undefined ? noRegistry : { ...noRegistry, registry: redis.servers };
    this.registry = new Registry({
      ...{ clock, log: this.log, nodeId, randomNumber, dial: net.dial },
      openRedis: redis?.opener(nodeId, this) ?? (() => Promise.reject(new Error("there is none"))),
      config: () => registryConfig,
      self: () => this.state,
      onConflict: () => publish.on_conflict,
      moved: (key) => this.edge.streamMoved(key),
    });
    const shared = {
      clock,
      log: this.log,
      formats: new RtmpFormats(),
      limits: defaultLimits,
      random: fill,
      ...openDoor(clock, this.log, {
        nodeId,
        guards: this.guards,
        vhosts: {
          find: (name) => (this.vhosts.has(name) ? { ...vhost, name } : vhost),
          named: (name) => ({ ...vhost, name }),
        },
      }),
      nodeId,
      identity: { srs_server: `srs at ${address}`, srs_node: nodeId },
      chunkSize: CHUNK_SIZE,
    };
    const dial = net.dialer(address.split(":")[0] ?? "", this);
    const context: ForwardContext & EdgeContext = {
      ...shared,
      playRtmp: (target, events) => new RtmpPullClient({ ...shared, dial }, target, events),
      httpGet: net.httpGet,
      nodes: new JoinedNodes([new MemoryNodes(() => this.state, clock), this.registry]),
      configOf: () => this.edgeConfig,
      dial,
      randomNumber,
      logLimit: new RelayLogLimit(clock),
      targets: () => this.targets,
      store: undefined,
      chunkSizeOf: () => CHUNK_SIZE,
    };
    this.forward = new Forward(context);
    this.edge = new Edge(context);
    this.handover = new Handover({
      carries: () => this.carries,
      ...shared,
      local: net.local,
      pid: ++net.processes,
      onConflict: () => publish.on_conflict,
      theirs: (key, source) => this.registry.atSibling(key, source),
    });
    // As in `app/features`.
    this.guards.push(this.handover, ...this.edge.guards, this.registry.claims);
    this.streams.observe(this.registry.streams);
    this.streams.observe(this.handover);
    this.streams.observe(this.forward);
    this.streams.observe(this.edge);
    this.#context = {
      ...shared,
      streams: this.streams,
    };
    this.listen = () => void net.hosts.set(address, this.host);
    this.listen();
    this.registry.start();
    clock.every(1000, () => {
      if (!this.frozen) for (const connection of this.#connections) connection.tick(clock.now());
    });
  }

  /** A connection for somebody who dialled. */
  accept(): RtmpConnection {
    const connection: RtmpConnection = new RtmpConnection(this.#context, `c${++this.#accepted}`, {
      hungUp: () => undefined,
      gone: () => this.#connections.delete(connection),
    });
    this.#connections.add(connection);
    return connection;
  }

  get connections(): number {
    return this.#connections.size;
  }

  /** `show` or `app/show`. */
  stream(name = "show") {
    const [stream = "", app = "live"] = name.split("/").reverse();
    return this.streams.open({ vhost: "__defaultVhost__", app, stream }, { ...streamDefaults });
  }

  /** Publishes on the node itself. */
  publish(name = "show", info: Partial<SourceInfo> = {}): Feed {
    const source = this.stream(name).publish(
      { id: "p", remote: "test", param: "", hops: [], via: "client", ...info },
      { onConflict: this.#onConflict },
    );
    if (source === undefined) throw new Error(`${name} is busy`);
    return new Feed(source, this.#clock);
  }
}
