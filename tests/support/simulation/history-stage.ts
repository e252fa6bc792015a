import type { EdgeConfig } from "../../../src/features/edge/config.ts";
import type { Edge } from "../../../src/features/edge/edge.ts";
import type { Handover } from "../../../src/features/handover/handover.ts";
import type { Registry } from "../../../src/features/registry/registry.ts";
import type { Guard } from "../../../src/live/ports/access.ts";
import type { NodeState } from "../../../src/live/ports/nodes.ts";
import type { OnConflict } from "../../../src/live/source/source.ts";
import type { Stream } from "../../../src/live/stream.ts";
import type { Streams } from "../../../src/live/streams.ts";
import type { FakeClock } from "../fake-clock.ts";
import type { FakeServers } from "../fake-redis.ts";

/** A publisher that sends nothing at all keeps its stream for this long, ms (`publish.firstpkt_timeout`). */
export const FIRST_PACKET_MS = 8000;

/** One process of a node. */
export interface HistoryNode {
  readonly registry: Registry;
  readonly edge: Pick<Edge, "stop">;
  readonly handover: Handover;
  readonly streams: Streams;
  readonly guards: Guard[];
  /** What it says of itself to other nodes. */
  state: NodeState;
  /** Clients that are connected. */
  readonly connections: number;
  stream(name: string): Stream;
  /** Accepts the node's clients from now on: until then, the process before this one does. */
  listen(): void;
}

/** An attempt to publish. */
export interface Push {
  /** What was reported: `running`, then why the attempt has ended. */
  readonly told: readonly string[];
  stop(): void;
}

/** An encoder, which publishes at one node after the other. */
export interface HistoryEncoder {
  /** Sends the next key frame, `afterMs` after the last one. */
  frame(afterMs: number): void;
  publish(node: string, stream: string, running: () => void): Push;
  /** Pulls its cable: nothing arrives, and after a while both kernels give its connections up. */
  unplug(): void;
  /** Its connections end without a message to the other end. */
  hangUp(): void;
  end(): void;
}

/** A viewer of a stream at a node. */
export interface HistoryViewer {
  /** Whether a key frame has come since the last call. */
  played(): boolean;
  leave(): void;
}

/** How the nodes of a history are configured. */
export interface NodeSetup {
  readonly servers: FakeServers;
  readonly clock: FakeClock;
  readonly random: () => number;
}

/** The parts of a history: nodes, encoders and viewers, and the links between them. */
export interface HistoryStage {
  readonly clock: FakeClock;
  readonly onConflict: OnConflict;
  /** Pairs of nodes, `FROM>TO`, between which nothing passes. */
  readonly cuts: ReadonlySet<string>;
  node(name: string, setup: NodeSetup): HistoryNode;
  encoder(timeMs: number): HistoryEncoder;
  watch(node: HistoryNode, stream: string): HistoryViewer;
  cut(from: string, to: string): void;
  /** Repairs all links. */
  join(): void;
  /**
   * Ends one process of a node with its connections; another process of the node may go on. `silently`: its machine ends, too, so that
   * other nodes get no notice, and dials get no answer.
   */
  end(node: HistoryNode, silently: boolean): void;
  /** Ends the listeners of a node. */
  kill(name: string): void;
  /** Ends connections between the processes of a node, by the paths of their sockets. */
  endLocal(paths: readonly string[]): void;
  /** Connections between nodes and from encoders that are open, `FROM>TO`. */
  readonly open: readonly string[];
}

/** The keys of the nodes' configuration that differ from the defaults. */
export interface HistoryConfig {
  readonly onConflict: OnConflict;
  readonly edge: Partial<EdgeConfig>;
  /** Seconds, as in `[vhost.X.publish]`. */
  readonly grace: number;
}
