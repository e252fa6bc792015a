import type { Client } from "./client.ts";
import { PacedFeed } from "./paced-feed.ts";
import { startRedis, type TestRedis } from "./redis.ts";
import { ReloadServer } from "./reload/server.ts";
import type { Stage } from "./stage.ts";
import { until } from "./wait.ts";

/** Where a node is, if not on this host's loopback. */
export interface NodePlace {
  readonly address?: string;
  readonly executed?: string;
  /** The registry's URL from there. */
  readonly redis?: string;
  /** More lines of its file, of no table. */
  readonly lines?: string;
}

/** Nodes of one cluster that know each other by a registry, and their Redis. */
export class RegistryNodes {
  redis: TestRedis;
  /** More servers that nodes know, in their order. */
  readonly others: TestRedis[] = [];
  readonly #stage: Stage;
  readonly #nodes = new Map<string, ReloadServer>();
  readonly #lines: string;

  private constructor(stage: Stage, redis: TestRedis, lines: string) {
    this.#stage = stage;
    this.redis = redis;
    this.#lines = lines;
  }

  /** `lines`: more of the default vhost's keys; `options`: of Redis. */
  static async start(
    stage: Stage,
    names: readonly string[],
    lines = "",
    options: readonly string[] = [],
  ): Promise<RegistryNodes> {
    const nodes = new RegistryNodes(stage, await startRedis(stage.directory, undefined, options), lines);
    stage.defer(() => nodes.redis.stop());
    await Promise.all(names.map((name) => nodes.add(name)));
    return nodes;
  }

  /** Starts a replica of Redis, which nodes that are added from now on know; resolves once it has all. */
  async addReplica(): Promise<TestRedis> {
    const { port } = this.redis.server;
    const replica = await startRedis(this.#stage.directory, undefined, ["--replicaof", "127.0.0.1", String(port)]);
    this.#stage.defer(() => replica.stop());
    await until("the replica has all", () => replica.cli("INFO", "replication").includes("master_link_status:up"));
    this.others.push(replica);
    return replica;
  }

  /** Starts one more node; resolves once it is connected. `place`: where others reach it, and the program that runs there. */
  async add(name: string, place: NodePlace = {}): Promise<ReloadServer> {
    const { address = "127.0.0.1", executed, redis, lines = "" } = place;
    const top = `${address === "127.0.0.1" ? "" : 'listen = "0.0.0.0:0"\n'}${lines}`;
    const node = await ReloadServer.start(this.#stage, top, name, executed);
    const urls = redis === undefined ? [this.redis, ...this.others].map(({ url }) => url) : [redis];
    await node.reload(
      `${top}[cluster]\nregistry = ${JSON.stringify(urls)}\nadvertise = "rtmp://${address}:${node.port}"\n` +
        `[vhost.__defaultVhost__]\nedge.origin = "registry"\n${this.#lines}\n`,
    );
    await node.program.line(/registry connected/);
    this.#nodes.set(name, node);
    return node;
  }

  of(name: string): ReloadServer {
    const node = this.#nodes.get(name);
    if (node === undefined) throw new Error(`no node ${name}`);
    return node;
  }

  /** An encoder that sends in real time from when the node takes it, and tries again until then. */
  async encode(name: string, stream = "show"): Promise<Client> {
    const client = await until(`an encoder at ${name}`, () =>
      this.of(name)
        .publish(stream)
        .catch(() => undefined),
    );
    new PacedFeed(this.#stage, client);
    return client;
  }

  /** Waits until a player gets pictures that it did not have before. */
  async plays(...players: readonly Client[]): Promise<void> {
    const before = players.map(({ packets }) => packets.length);
    await Promise.all(
      players.map((player, at) =>
        until(`player ${at} gets more`, () => {
          if (player.closed) throw new Error(`player ${at} was disconnected: ${player.statuses.join()}`);
          return player.packets.length > (before[at] ?? 0) + 5;
        }),
      ),
    );
  }
}
