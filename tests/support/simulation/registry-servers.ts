import type { OpenRedis } from "../../../src/base/redis.ts";
import { type RegistryServer, serverLabel } from "../../../src/features/registry/config.ts";
import type { FakeRedis, FakeServers } from "../fake-redis.ts";
import { between, pick } from "../random.ts";
import { RedisModel } from "../redis-model.ts";
import type { HistoryNode } from "./history-stage.ts";
import type { Member } from "./registry-members.ts";

/** Nodes that reach all servers are all at one of them within this time after the last change of a server or a node, ms. */
const PARTED_MS = 30_000;

/** What the servers of a history need. */
export interface ServersContext {
  readonly redis: FakeRedis;
  /** Another server beside that one. */
  readonly second: FakeRedis | undefined;
  readonly random: () => number;
  now(): number;
  after(ms: number, run: () => void): void;
  note(text: string): void;
}

/** The registry of a history: one server, or a primary and a replica that may come to be two primaries; and what befalls them. */
export class HistoryServers implements FakeServers {
  readonly all: readonly FakeRedis[];
  readonly servers: readonly RegistryServer[];
  readonly #context: ServersContext;
  /** What a replica knows. */
  readonly #backup = new RedisModel(() => 0);
  /** Nodes that are gone, by their ids. */
  readonly #gone = new Set<string>();
  /** When a server changed last, ms. */
  #changedAt = 0;
  /** The server that nodes used when they were looked at last. */
  #last: FakeRedis | undefined;
  /** Since when the registry does all that it should, ms; undefined while it does not. */
  since: number | undefined = 0;
  /** Whether nodes look at servers beside the one that they use; see `BrokenRule`. */
  areCompared = true;

  constructor(context: ServersContext) {
    const { redis, second } = context;
    this.#context = context;
    this.all = second === undefined ? [redis] : [redis, second];
    this.servers = this.all.flatMap(({ servers }) => servers);
    if (second !== undefined) second.replica = true;
  }

  opener(from: string, process: object): OpenRedis {
    const openers = new Map(this.all.map((redis) => [redis.servers[0].host, redis.opener(from, process)]));
    return (server, timeoutMs, closed) => {
      const isUsed = this.all.some((redis) => redis.connectionsOf(from) > 0);
      const open = openers.get(server.host);
      if (open === undefined || (isUsed && !this.areCompared)) return Promise.reject(new Error("no connection"));
      return open(server, timeoutMs, closed);
    };
  }

  /** The server that a node uses; undefined while it has none. */
  usedBy({ registry }: HistoryNode): FakeRedis | undefined {
    const report = registry.report().registries?.[0];
    return report?.up ? this.all.find(({ servers }) => serverLabel(servers[0]) === report.to) : undefined;
  }

  /** A node can't reach all of them. */
  isCutOff(id: string): boolean {
    return this.all.some(({ cutOff }) => cutOff.has(id));
  }

  /** Cuts a node off from one of them or from all, or joins it to all. */
  part(id: string): void {
    const { random, note } = this.#context;
    const isCut = this.isCutOff(id);
    const cut = random() < 0.5 ? this.all : [pick(random, this.all)];
    note(`${isCut ? "joined to" : "cut off from"} ${isCut ? "all" : cut.map((redis) => nameOf(redis))}`);
    for (const redis of this.all) if (isCut) redis.cutOff.delete(id);
    if (!isCut) for (const redis of cut) redis.cutOff.add(id);
  }

  /** One of a node's processes is gone. */
  end(process: object): void {
    for (const redis of this.all) redis.forget(process);
  }

  /** A node's processes are gone, and nothing comes from them any more. */
  forget(id: string): void {
    this.#gone.add(id);
    for (const redis of this.all) {
      redis.cutOff.add(id);
      redis.forget(id);
    }
  }

  /** Injects a fault, by its number from 0 to 6. */
  injectFault(what: number, members: readonly Member[]): void {
    const { random } = this.#context;
    const redis = pick(random, this.all);
    if (what === 0) this.#stop(redis);
    else if (what === 1) this.#kill(redis);
    else if (what === 2) this.#change(redis, "is flushed", () => redis.model.flush());
    else if (what === 3) this.#change(redis, "disconnects", () => redis.disconnect());
    else if (what === 4) this.#replicate();
    else if (what === 5) this.#failover(members);
    else this.#demote();
  }

  /** All of it is over, though there may be two primaries yet. */
  heal(): void {
    for (const redis of this.all) {
      if (redis.stopped) redis.resume();
      redis.dead = false;
      for (const id of redis.cutOff) if (!this.#gone.has(id)) redis.cutOff.delete(id);
    }
    this.#changed();
  }

  /** Sees whether nodes are where they should be; what is wrong with that. */
  look(members: readonly Member[]): string | undefined {
    if (this.all.length === 1) return undefined;
    const now = this.#context.now();
    const fit = members.filter(({ drains, node }) => !drains && !this.isCutOff(node.state.id));
    if (fit.length === 0) return undefined;
    const used = new Set(fit.map(({ node }) => this.usedBy(node)));
    const [one] = used;
    const isWell = used.size === 1 && one !== undefined && isUsable(one);
    // A node that is alone may change servers between two looks.
    const isUsed = isWell && this.all.some(isUsable);
    if (!isUsed || one !== this.#last) this.since = undefined;
    if (isUsed) this.since ??= now;
    this.#last = one;
    if (isWell || !this.all.some(isUsable)) return undefined;
    const since = Math.max(this.#changedAt, ...members.flatMap((member) => [member.since, member.startedAt]));
    if (now - since < PARTED_MS) return undefined;
    return `${now}: nodes are at ${[...used].map((redis) => redis && nameOf(redis)).join(" and ")}`;
  }

  /** The server that all nodes use when all is well. */
  leading(members: readonly Member[]): FakeRedis {
    const fit = members.filter(({ drains, node }) => !drains && !this.isCutOff(node.state.id));
    const used = [...fit, ...members].map(({ node }) => this.usedBy(node)).find((redis) => redis !== undefined);
    return used ?? this.#context.redis;
  }

  #changed(): void {
    const { now } = this.#context;
    this.#changedAt = now();
    const isWell = this.all.length === 1 && this.all.every(isUsable);
    this.since = isWell ? now() : undefined;
  }

  #change(redis: FakeRedis, what: string, happens: () => void): void {
    this.#context.note(`${nameOf(redis)} ${what}`);
    happens();
    this.#changed();
  }

  #stop(redis: FakeRedis): void {
    if (redis.dead) return;
    this.#change(redis, redis.stopped ? "goes on" : "is stopped", () => {
      if (redis.stopped) redis.resume();
      else redis.stopped = true;
    });
  }

  #kill(redis: FakeRedis): void {
    if (redis.stopped) return;
    this.#change(redis, redis.dead ? "starts" : "is killed", () => {
      if (redis.dead) redis.dead = false;
      else redis.kill();
    });
  }

  /** A replica hears all that its primary has. */
  #replicate(): void {
    const primary = this.all.find(({ replica, dead }) => !replica && !dead);
    if (primary === undefined) return;
    this.#backup.copyFrom(primary.model);
    for (const redis of this.all) if (redis.replica && !redis.dead) redis.model.copyFrom(primary.model);
  }

  /** A replica that has not heard the last seconds becomes a primary: in the place of the other, or beside it. */
  #failover(members: readonly Member[]): void {
    const [first, second] = this.all;
    if (first === undefined) return;
    if (second !== undefined) this.#promote(members);
    else if (!first.dead && !first.stopped)
      this.#change(first, "fails over", () => {
        first.kill();
        first.model.copyFrom(this.#backup);
        first.dead = false;
      });
  }

  /** There are two primaries from now on, and some nodes come to the second one, as they don't reach the first for a while. */
  #promote(members: readonly Member[]): void {
    const { random, after, now } = this.#context;
    const [primary, replica] = this.all.toSorted((one, other) => Number(one.replica) - Number(other.replica));
    if (primary === undefined || replica === undefined) return;
    this.#change(replica, "is promoted", () => {
      replica.replica = false;
    });
    for (const member of members) {
      const { id } = member.node.state;
      if (random() < 0.5 || this.isCutOff(id)) continue;
      primary.cutOff.add(id);
      member.since = now();
      after(between(random, 3000, 8000), () => {
        if (this.#gone.has(id)) return;
        primary.cutOff.delete(id);
        member.since = now();
      });
    }
  }

  /** One of two primaries becomes a replica of the other. */
  #demote(): void {
    const [one, other] = this.all;
    if (one === undefined || other === undefined || this.all.some(({ replica, dead }) => replica || dead)) return;
    const redis = pick(this.#context.random, this.all);
    const primary = redis === one ? other : one;
    this.#change(redis, "becomes a replica", () => {
      redis.model.copyFrom(primary.model);
      redis.replica = true;
    });
  }
}

function isUsable({ dead, stopped, replica }: FakeRedis): boolean {
  return !dead && !stopped && !replica;
}

function nameOf({ servers }: FakeRedis): string {
  return `redis ${servers[0].host}`;
}
