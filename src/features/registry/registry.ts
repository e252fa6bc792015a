import type { Timer } from "../../base/clock.ts";
import type { Feature } from "../../live/ports/feature.ts";
import { type KnownNode, type Nodes, type StreamPlace, type StreamPlaces, selfAsNode } from "../../live/ports/nodes.ts";
import type { Report } from "../../live/ports/report.ts";
import { nameOfKey, type StreamObserver, streamLabel } from "../../live/streams.ts";
import { AddressProblems } from "../../relay/address-problems.ts";
import { Announcer } from "./announcer.ts";
import { Claims } from "./claims.ts";
import type { RegistryConfig } from "./config.ts";
import type { RegistryContext } from "./context.ts";
import { Hints } from "./hints.ts";
import { KnownNodes } from "./known-nodes.ts";
import { Lookups } from "./lookups.ts";
import { OwnEntry } from "./own-entry.ts";
import { type OwnSource, type OwnStream, OwnStreams } from "./own-streams.ts";
import { RedisLink } from "./redis-link.ts";
import { RedisStore } from "./redis-store.ts";
import { ServerChoice } from "./server-choice.ts";

/** Entries are renewed and read this often, ms. */
const PERIOD_MS = 1000;
/** All streams are announced again about this often, ms, which repairs what others have damaged. */
const REANNOUNCE_MS = 20_000;
/** When the registry has lost its data, nodes announce their streams again at random times within this time, ms. */
const SPREAD_MS = 1000;
/** One node sweeps a dead one after this many readings that show it dead, when all nodes have seen it; after more, each node does. */
const SWEEP_BY_ONE = 2;
const SWEEP_BY_ALL = 5;
/** A stopping server waits this long until its entry is deleted, ms. */
const LEAVE_MS = 2000;

/** The nodes of a cluster and their streams, shared through a registry that all nodes can reach. */
export class Registry implements Feature, Nodes {
  readonly name = "registry";
  readonly streams: StreamObserver;
  readonly #context: RegistryContext;
  readonly #link: RedisLink;
  readonly #store: RedisStore;
  readonly #choice: ServerChoice;
  readonly #hints: Hints;
  readonly #own: OwnStreams;
  readonly #nodes: KnownNodes;
  /** Problems of the nodes' advertised addresses. */
  readonly #addresses: AddressProblems;
  readonly #lookups: Lookups;
  readonly #announcer: Announcer;
  /** The last guard in the chain: it claims streams for clients that all others have let in. */
  readonly claims: Claims;
  #config: RegistryConfig | undefined;
  #timer: Timer | undefined;
  #reannounceTimer: Timer | undefined;
  #beat = 0;
  #renewing = false;
  #reading: Promise<void> | undefined;
  /** Nodes' entries up to this revision are known; 0: none. */
  #revision = 0;
  readonly #ownEntry = new OwnEntry();
  /** Number of readings in which each dead node was seen, by its id. */
  readonly #dead = new Map<string, number>();
  /** Whether this process has yet to renew its entry in this registry for the first time. */
  #new = true;
  #lostClaims = 0;
  #leaving = false;
  /** Whether another process of this node announces the streams of both. */
  #isSilent = false;

  constructor(context: RegistryContext) {
    this.#context = context;
    const { clock, nodeId } = context;
    const prefix = () => context.config().registry_prefix;
    this.#link = new RedisLink(context, { up: () => this.#up(), down: () => this.#down() });
    this.#choice = new ServerChoice({
      ...{ clock, prefix, openRedis: context.openRedis, randomNumber: context.randomNumber },
      servers: () => this.#link.servers,
      used: () => this.#link.server,
      call: (command, args) => this.#link.call(command, args),
      move: (to) => this.#link.move(to),
    });
    this.#store = new RedisStore((command, args) => this.#link.call(command, args), prefix);
    const refused = (reason: string) => this.#link.refused(reason);
    this.#hints = new Hints({ ...context, refused }, (channel, text) => this.#heard(channel, text));
    this.#own = new OwnStreams(() => clock.soon(() => void this.#announcer.run()));
    this.streams = this.#own;
    this.#nodes = new KnownNodes(clock, nodeId);
    this.#addresses = new AddressProblems(context);
    const isUp = () => this.#link.server !== undefined;
    this.#lookups = new Lookups({
      ...{ clock, nodeId, isUp, store: this.#store },
      nodeOf: (id) => this.#nodes.of(id),
      readNodes: () => this.#read(),
    });
    const onConflict = (key: string) => context.onConflict(nameOfKey(key).vhost);
    this.claims = new Claims({
      ...{ clock, nodeId, onConflict, store: this.#store, own: this.#own },
      isUp,
      nameOf: (id) => this.#nameOf(id),
      send: (id, text) => this.#send(id, text),
    });
    this.#announcer = new Announcer({
      // Streams announced after this process has left would stay in the registry.
      isUp: () => isUp() && !this.#leaving && !this.#isSilent,
      ...{ nodeId, store: this.#store, own: this.#own },
      onConflict,
      lost: (key, stream, owner) => this.#lost(key, stream, owner),
      standbyChanged: (key, stream, owner) => this.#logStandby(key, stream, owner),
    });
  }

  all(): readonly KnownNode[] {
    return this.peers();
  }

  peers(): readonly KnownNode[] {
    return this.#nodes.all().map((node) => {
      const found = this.#addresses.of(node.source);
      return node.alive && found.length > 0 ? { ...node, problems: [...node.problems, ...found] } : node;
    });
  }

  get ownProblems(): readonly string[] {
    return this.#addresses.of("");
  }

  report(): Report {
    const link = this.#link.report;
    return link === undefined ? {} : { registries: [{ ...link, lostClaims: this.#lostClaims }] };
  }

  locate(key: string): StreamPlaces | Promise<StreamPlaces> {
    const { clock, self, config } = this.#context;
    const own = this.#own.all.get(key);
    // A stream whose publisher here stands by is located at its owner, as on all other nodes.
    const here: readonly StreamPlace[] =
      own === undefined || own.standsBy ? [] : [{ ...own.place, node: selfAsNode(self(), clock.now()) }];
    if (config().registry.length === 0) return { places: here, sure: true };
    const answer = this.#lookups.locate(key);
    const withOwn = ({ places, sure }: StreamPlaces) => ({ places: [...here, ...places], sure });
    return answer instanceof Promise ? answer.then(withOwn) : withOwn(answer);
  }

  /** Connects, and announces this process's streams from now on. */
  start(): void {
    this.reconfigure();
  }

  /** During an upgrade, this node's other process publishes the stream; without a source, it no longer does. One process announces the streams of both. */
  atSibling(key: string, source: OwnSource | undefined): void {
    this.#own.atSibling(key, source);
  }

  /** This node drains from now on: its entry is renewed at once. */
  drain(): void {
    this.#tick();
  }

  /** Another process with the same id announces streams from now on. This one finds and claims streams for the clients that it has. */
  handOver(): void {
    this.#isSilent = true;
    this.#addresses.stop();
  }

  reconfigure(): void {
    const config = this.#context.config();
    const before = this.#config;
    const isSame =
      before?.registry_prefix === config.registry_prefix &&
      before.registry.map(({ text }) => text).join() === config.registry.map(({ text }) => text).join();
    this.#config = config;
    if (isSame || this.#leaving) return;
    this.#end();
    this.#nodes.clear();
    this.#lookups.clear();
    this.#new = true;
    if (config.registry.length > 0) this.#link.follow(config.registry);
  }

  stop(): void {
    if (this.#leaving) return;
    this.#leaving = true;
    const { clock, nodeId } = this.#context;
    this.#addresses.stop();
    this.#timer?.cancel();
    this.#reannounceTimer?.cancel();
    this.#down();
    if (this.#link.server === undefined || this.#isSilent) {
      this.#link.stop();
      return;
    }
    const limit = clock.after(LEAVE_MS, () => this.#link.stop());
    this.#store.leave(nodeId).then(
      () => this.#left(limit),
      () => this.#left(limit),
    );
  }

  /** Whether nothing is left to do: this process's entry is deleted, or can't be. */
  get idle(): boolean {
    return !this.#leaving || this.#link.server === undefined;
  }

  #left(limit: Timer): void {
    limit.cancel();
    this.#link.stop();
  }

  #end(): void {
    this.#timer?.cancel();
    this.#reannounceTimer?.cancel();
    this.#down();
    this.#link.stop();
  }

  #down(): void {
    this.#hints.stop();
    this.#choice.stop();
  }

  #up(): void {
    const { clock, nodeId, randomNumber } = this.#context;
    const { server } = this.#link;
    if (server === undefined || this.#leaving) return;
    const { base } = this.#store;
    this.#choice.start();
    this.#hints.listen(server, [`${base}:moved`, `${base}:to:${nodeId}`]);
    this.#announcer.forgotten();
    // Another server may have other entries of the same revisions.
    this.#revision = 0;
    this.#ownEntry.forgotten();
    this.#timer?.cancel();
    this.#timer = clock.every(PERIOD_MS, () => this.#tick());
    this.#reannounceTimer?.cancel();
    this.#reannounceTimer = clock.after(REANNOUNCE_MS * (0.5 + randomNumber()), () => this.#announceAgain());
    this.#tick();
  }

  #announceAgain(): void {
    const { clock, randomNumber } = this.#context;
    this.#reannounceTimer = clock.after(REANNOUNCE_MS * (0.5 + randomNumber()), () => this.#announceAgain());
    this.#announcer.forgotten();
    void this.#announcer.run();
  }

  #tick(): void {
    if (this.#link.server === undefined || this.#leaving) return;
    void this.#read();
    if (this.#isSilent) return;
    void this.#renew();
    // The owner of a stream whose publisher here stands by may be gone without a hint.
    for (const [key, { standsBy }] of this.#own.all) if (standsBy) this.#own.change(key);
  }

  /** Renews the lease; if it was over, all streams are announced again. */
  async #renew(): Promise<void> {
    if (this.#renewing) return;
    this.#renewing = true;
    const { self, nodeId, clock, randomNumber } = this.#context;
    try {
      const beat = ++this.#beat;
      if (beat % 5 === 0)
        void this.#link.call("PUBLISH", [`${this.#store.base}:to:${nodeId}`, ""]).catch(() => undefined);
      const { announced } = this.#own;
      const wasAnnounced = this.#announcer.done;
      const next = () => this.#ownEntry.next(self(), this.#own.counts, this.#nodes.size);
      const text = next();
      const { wasKnown, streams } = await this.#store.renew(nodeId, text);
      if (!wasKnown && text === undefined) {
        this.#ownEntry.forgotten();
        await this.#store.renew(nodeId, next());
      }
      // The count differs: another node took a stream over and its hint was lost, or others have changed the keys.
      const isWrong =
        wasAnnounced && this.#announcer.done && announced === this.#own.announced && streams !== announced;
      if (!wasKnown || isWrong) this.#announcer.forgotten();
      const spreadMs = wasKnown || this.#new ? 0 : SPREAD_MS * randomNumber();
      this.#new = false;
      if (spreadMs === 0) void this.#announcer.run();
      else clock.after(spreadMs, () => void this.#announcer.run());
    } catch {
      // The link reports the problem.
    } finally {
      this.#renewing = false;
    }
  }

  /** Reads the nodes; a reading under way serves all callers. Never rejects. */
  #read(): Promise<void> {
    this.#reading ??= this.#readNow().finally(() => {
      this.#reading = undefined;
    });
    return this.#reading;
  }

  async #readNow(): Promise<void> {
    const { clock, self } = this.#context;
    const askedAt = clock.now();
    try {
      const read = await this.#store.nodes(this.#revision);
      this.#revision = this.#nodes.update(read, askedAt) ? read.revision : 0;
      if (this.#isSilent) return;
      this.#sweep(read.dead.filter((id) => id !== this.#context.nodeId));
      this.#addresses.examine([selfAsNode(self(), askedAt), ...this.#nodes.all()]);
    } catch {
      // The link reports the problem.
    }
  }

  /** Sweeps the streams of dead nodes: the living node with the lowest id does so first. */
  #sweep(dead: readonly string[]): void {
    for (const id of this.#dead.keys()) if (!dead.includes(id)) this.#dead.delete(id);
    if (dead.length === 0) return;
    const { nodeId } = this.#context;
    const isFirst = this.#nodes.all().every(({ alive, state }) => !alive || state === undefined || state.id > nodeId);
    for (const id of dead) {
      const times = (this.#dead.get(id) ?? 0) + 1;
      this.#dead.set(id, times);
      if (times >= (isFirst ? SWEEP_BY_ONE : SWEEP_BY_ALL)) void this.#sweepAll(id);
    }
  }

  async #sweepAll(id: string): Promise<void> {
    try {
      while (await this.#store.sweep(id));
    } catch {
      // The next reading tries again.
    }
  }

  /** Sends a node a text, which may get lost. */
  #send(id: string, text: string): void {
    this.#link.call("PUBLISH", [`${this.#store.base}:to:${id}`, text]).catch(() => undefined);
  }

  /** Another node has sent a text, or has changed who owns a stream. */
  #heard(channel: string, text: string): void {
    if (!channel.endsWith(":moved")) {
      this.claims.heard(text);
      return;
    }
    const space = text.indexOf(" ");
    const key = text.slice(space + 1);
    if (space < 0 || text.slice(0, space) === this.#context.nodeId) return;
    // This process may have lost the stream, or may own it now.
    if (this.#own.all.get(key)?.place.role === "published") this.#own.change(key);
    this.#lookups.moved(key);
    this.claims.moved(key);
    this.#context.moved(key);
  }

  #logStandby(key: string, { source, standsBy }: OwnStream, owner: string): void {
    const fields = { stream: streamLabel(key), id: source.info.id };
    if (standsBy) this.#context.log.info("publisher stands by", { ...fields, for: this.#nameOf(owner) });
    else this.#context.log.info("publisher stands by no longer", fields);
  }

  /** A node's name for people. */
  #nameOf(id: string): string {
    return this.#nodes.of(id)?.source ?? id;
  }

  #lost(key: string, { source }: OwnStream, owner: string): void {
    const node = this.#nameOf(owner);
    const reason = `${streamLabel(key)} is published at another node of the cluster`;
    this.#context.log.warn("publisher gives way", { stream: streamLabel(key), to: node, id: source.info.id });
    this.#lostClaims++;
    source.dismiss(reason);
  }
}
