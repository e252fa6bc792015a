import type { Timer } from "../../base/clock.ts";
import { UserError } from "../../base/errors.ts";
import type { AccessRequest, Guard, GuardResult } from "../../live/ports/access.ts";
import type { FeatureCommands } from "../../live/ports/commands.ts";
import type { Feature } from "../../live/ports/feature.ts";
import type { OriginReport, Report } from "../../live/ports/report.ts";
import type { Demand } from "../../live/readers/demand.ts";
import type { Source, SourceEnd } from "../../live/source/source.ts";
import type { Stream } from "../../live/stream.ts";
import { type StreamName, type StreamObserver, streamLabel } from "../../live/streams.ts";
import { originHost, originLabel } from "./address.ts";
import type { EdgeConfig } from "./config.ts";
import type { EdgeContext } from "./context.ts";
import { Fetched, type FetchedOptions } from "./fetched.ts";
import { MissingStreams } from "./missing.ts";
import { Origins } from "./origins.ts";
import { paramsKey } from "./params-chooser.ts";
import { Probes } from "./probes.ts";
import { busy, EdgePushes } from "./pushes.ts";
import { askOrigins } from "./traverse.ts";
import type { Upstream } from "./upstream.ts";

/** Interval of probes, where `probe` is on. */
const PROBE_MS = 5000;

/** The refusal of publishers on an edge without `edge.publish`. */
const NO_PUBLISHERS: GuardResult = {
  kind: "denied",
  reason: "this edge accepts no publishers: publish to its origin",
  detail: "edge.publish is off",
};

/** A vhost that has origins. */
interface EdgeVhost {
  config: EdgeConfig;
  readonly origins: Origins;
}

/** A stream that local viewers request. */
interface Wanted {
  readonly stream: Stream;
  readonly name: StreamName;
  readonly demand: Demand;
  fetched: Fetched | undefined;
}

/**
 * Fetches streams from their vhost's origins while local viewers watch and nobody publishes locally; pushes streams that are
 * published here to an origin.
 */
export class Edge implements Feature, StreamObserver {
  readonly name = "edge";
  readonly streams = this;
  /** Refuses publishers where `edge.publish` is off, players of streams known to be missing, and clients that origins refuse. */
  readonly guards: readonly Guard[];
  readonly #context: EdgeContext;
  readonly #vhosts = new Map<string, EdgeVhost>();
  /** By the stream's key. */
  readonly #wanted = new Map<string, Wanted>();
  /** What is published on this server. */
  readonly #published = new Map<Stream, { readonly name: StreamName; readonly source: Source }>();
  readonly #pushes: EdgePushes;
  readonly #probes: Probes;
  #timer: Timer | undefined;
  readonly #missing: MissingStreams;
  /** By `paramsKey`. */
  readonly #refusedParams: MissingStreams;
  /** Bytes received for fetched streams that have ended. */
  #pastBytes = 0;
  #nextId = 1;

  constructor(context: EdgeContext) {
    this.#context = context;
    this.#missing = new MissingStreams(context.clock);
    this.#refusedParams = new MissingStreams(context.clock);
    this.#pushes = new EdgePushes(context);
    this.#probes = new Probes(context);
    this.guards = [{ name: "origin", check: (request) => this.#check(request) }];
  }

  report(): Report {
    const pulls = [...this.pulls()].map((upstream) => upstream.report());
    const pushes = [...this.#pushes.relays()].map((relay) => relay.report());
    return {
      relays: [...pushes, ...pulls],
      origins: this.#origins(),
      since: { pushes_missed: this.#pushes.missed },
      received: this.#received,
      sent: this.#pushes.sent,
    };
  }

  readonly commands: FeatureCommands = {
    relay: (id, action) => {
      for (const relay of [...this.pulls(), ...this.#pushes.relays()]) {
        if (relay.id !== id) continue;
        if (action !== "retry")
          throw new UserError("what an edge fetches or pushes is not paused; change its configuration");
        relay.retryNow();
        return true;
      }
      return false;
    },
  };

  #origins(): OriginReport[] {
    const now = this.#context.clock.now();
    return [...this.#vhosts].flatMap(([vhost, { origins }]) =>
      [...origins.all()].map(({ address, health: { state, lastError, deadUntil } }) => {
        const retryInMs = Math.max(0, Math.round(deadUntil - now));
        return { vhost, origin: originLabel(address), state, lastError, retryInMs };
      }),
    );
  }

  /** All connections and attempts to origins. */
  *pulls(): Iterable<Upstream> {
    for (const { fetched } of this.#wanted.values()) if (fetched !== undefined) yield* fetched.upstreams;
  }

  /** Bytes received from origins since the start. */
  get #received(): number {
    let sum = this.#pastBytes;
    for (const { fetched } of this.#wanted.values()) sum += fetched?.bytes ?? 0;
    return sum;
  }

  /** Whether every origin has received everything published here, and every connection is closed. */
  get idle(): boolean {
    return this.#pushes.idle;
  }

  searchMs(name: StreamName, demand: Demand): number {
    const vhost = this.#vhost(name.vhost);
    if (vhost === undefined || this.#isMissing(`${name.vhost}/${name.app}/${name.stream}`, demand)) return 0;
    const { wait } = vhost.config;
    return wait === 0 ? Number.POSITIVE_INFINITY : wait * 1000;
  }

  wanted(stream: Stream, name: StreamName, demand: Demand): void {
    const known = this.#wanted.get(stream.key);
    if (known?.fetched !== undefined) {
      known.fetched.watch();
      return;
    }
    const wanted = { stream, name, demand, fetched: undefined };
    this.#wanted.set(stream.key, wanted);
    this.#follow(wanted);
  }

  viewerJoined(stream: Stream, demand: Demand): void {
    this.#wanted.get(stream.key)?.fetched?.viewerJoined(demand);
  }

  unwanted(stream: Stream): void {
    const wanted = this.#wanted.get(stream.key);
    if (wanted?.fetched === undefined) this.#wanted.delete(stream.key);
    else wanted.fetched.unwatch();
  }

  published(stream: Stream, name: StreamName, source: Source): void {
    const fetched = this.#wanted.get(stream.key)?.fetched;
    if (fetched?.owns(source)) return;
    fetched?.stopFetching();
    // The process with the publisher pushes the stream to the origin.
    if (source.info.via === "sibling") return;
    this.#published.set(stream, { name, source });
    const vhost = this.#pushedTo(name.vhost);
    if (vhost !== undefined) this.#pushes.published(stream, name, source, vhost);
  }

  rerouted(stream: Stream): void {
    this.#pushes.rerouted(stream);
    this.#wanted.get(stream.key)?.fetched?.rerouted();
  }

  switched(stream: Stream): void {
    const { source } = stream;
    const fetched = this.#wanted.get(stream.key)?.fetched;
    fetched?.switched();
    if (source?.info.via === "sibling") {
      fetched?.stopFetching();
      this.#published.delete(stream);
      this.#pushes.end(stream, "lost");
      return;
    }
    // A local publisher was on standby behind an origin's stream.
    const ownNow = source !== undefined && fetched !== undefined && !fetched.owns(source);
    if (ownNow && !this.#published.has(stream)) this.published(stream, fetched.name, source);
    else this.#pushes.rerouted(stream);
  }

  unpublished(stream: Stream, source: Source, how: SourceEnd): void {
    this.#published.delete(stream);
    this.#pushes.end(stream, how);
    const fetched = this.#wanted.get(stream.key)?.fetched;
    if (fetched !== undefined && !fetched.owns(source)) fetched.begin();
  }

  /** The configuration has changed: running streams whose origin is still listed continue. */
  reconfigure(): void {
    for (const [name, vhost] of this.#vhosts) {
      const config = this.#context.configOf(name);
      if (config === undefined || config.origin.length === 0) this.#vhosts.delete(name);
      else if (config !== vhost.config) {
        vhost.config = config;
        vhost.origins.configure(config);
      }
    }
    for (const wanted of this.#wanted.values()) this.#follow(wanted);
    for (const [stream, { name, source }] of this.#published) {
      const vhost = this.#pushedTo(name.vhost);
      if (vhost !== undefined && this.#pushes.goesTo(stream, vhost.origins)) continue;
      this.#pushes.end(stream, "withdrawn");
      if (vhost !== undefined) this.#pushes.published(stream, name, source, vhost);
    }
  }

  streamMoved(key: string): void {
    this.#missing.delete(key);
    this.#wanted.get(key)?.fetched?.moved();
  }

  serverReturned(hosts: ReadonlySet<string>): void {
    for (const { origins } of this.#vhosts.values()) {
      const returned = [...origins.all()].filter(({ address }) => hosts.has(originHost(address)));
      for (const origin of returned) origin.returned();
      if (returned.length > 0) this.#retrySoon(origins);
    }
  }

  /** Closes all connections to origins; `how` applies to what was fetched over them. */
  stop(how: SourceEnd): void {
    this.#timer?.cancel();
    this.#pushes.stop();
    for (const { fetched } of this.#wanted.values()) fetched?.end(how);
    this.#wanted.clear();
  }

  #check(request: AccessRequest): GuardResult | Promise<GuardResult> {
    const { vhost: name, app, stream } = request.name;
    const vhost = this.#vhost(name);
    if (vhost === undefined) return undefined;
    // With a registry, nodes fetch the stream from this one: it is not pushed to an origin.
    if (request.action === "publish" && !vhost.config.publish && !vhost.origins.asksNodes) return NO_PUBLISHERS;
    const key = `${name}/${app}/${stream}`;
    if (request.action === "play" && vhost.config.wait > 0 && this.#isMissing(key, request))
      return { kind: "missing", reason: `no origin has ${streamLabel(key)}` };
    const refused = request.action === "play" ? this.#refusedParams.reason(paramsKey(key, request)) : undefined;
    if (refused !== undefined) return { kind: "denied", reason: refused, detail: "an origin has said so a moment ago" };
    return vhost.config.token_traverse ? this.#askOrigins(vhost, request) : undefined;
  }

  /** Whether origins did not have this stream a moment ago, for the same parameters: their answer may depend on them. */
  #isMissing(key: string, request: Demand | AccessRequest): boolean {
    return this.#missing.remainingMs(key) > 0 && this.#missing.remainingMs(paramsKey(key, request)) > 0;
  }

  /** Asks the origins with exactly the request that will follow; if the configuration is reloaded meanwhile, asks again. */
  async #askOrigins({ config, origins }: EdgeVhost, request: AccessRequest): Promise<GuardResult> {
    const result = await this.#ask({ config, origins }, request);
    const now = this.#vhost(request.name.vhost);
    if (result !== undefined || now?.config === config || !now?.config.token_traverse) return result;
    return this.#askOrigins(now, request);
  }

  #ask(vhost: EdgeVhost, request: AccessRequest): GuardResult | Promise<GuardResult> {
    if (request.action === "publish") {
      const { vhost: name, app, stream } = request.name;
      const key = `${name}/${app}/${stream}`;
      const param = this.#pushes.paramOf(key);
      if (param === undefined) return this.#pushes.prepare(request, vhost);
      // The origin has accepted one publisher and would refuse a second one: the same client may reconnect.
      if (param !== request.param) return busy(key);
    }
    return askOrigins(this.#context, vhost.config, vhost.origins, request);
  }

  #probe(): void {
    for (const { config, origins } of this.#vhosts.values())
      if (config.probe) for (const origin of origins.all()) this.#probes.ask(origin);
  }

  /** One of these origins is alive again: attempts that wait for it are made soon. */
  #retrySoon(origins: Origins): void {
    for (const { name, fetched } of this.#wanted.values())
      if (this.#vhosts.get(name.vhost)?.origins === origins) fetched?.retrySoon();
    this.#pushes.retrySoon(origins);
  }

  /** Gives a requested stream its vhost's configuration. */
  #follow(wanted: Wanted): void {
    const vhost = this.#vhost(wanted.name.vhost);
    const { stream, fetched } = wanted;
    if (vhost === undefined) {
      wanted.fetched = undefined;
      fetched?.end();
      this.#pastBytes += fetched?.bytes ?? 0;
      if (fetched !== undefined && stream.viewers === 0) this.#wanted.delete(stream.key);
    } else if (fetched === undefined) {
      wanted.fetched = new Fetched(this.#optionsFor(vhost), stream, wanted.name, wanted.demand);
      if (stream.source === undefined) wanted.fetched.begin();
    } else if (fetched.config !== vhost.config) fetched.reconfigure(vhost.config);
  }

  #optionsFor(vhost: EdgeVhost): FetchedOptions {
    return {
      context: this.#context,
      origins: vhost.origins,
      missing: this.#missing,
      refusedParams: this.#refusedParams,
      config: vhost.config,
      nextId: () => `p${this.#nextId++}`,
      done: (fetched) => {
        this.#wanted.delete(fetched.stream.key);
        fetched.end();
        this.#pastBytes += fetched.bytes;
      },
    };
  }

  /** The vhost whose origins get what is published here; undefined if nodes fetch it from each other. */
  #pushedTo(name: string): EdgeVhost | undefined {
    const vhost = this.#vhost(name);
    return vhost?.origins.asksNodes ? undefined : vhost;
  }

  #vhost(name: string): EdgeVhost | undefined {
    const known = this.#vhosts.get(name);
    if (known !== undefined) return known;
    const config = this.#context.configOf(name);
    if (config === undefined || config.origin.length === 0) return undefined;
    const { clock, log, randomNumber, nodes } = this.#context;
    const origins: Origins = new Origins(
      {
        clock,
        randomNumber,
        nodes,
        examine: (origin) => this.#probes.ask(origin),
        onHealth: ({ address }, { state, lastError }) => {
          const fields = { origin: originLabel(address), error: state === "dead" ? lastError : undefined };
          if (state === "dead") log.warn("origin dead", fields);
          else {
            log.info("origin alive again", fields);
            // Later, not within the origin's call.
            clock.soon(() => this.#retrySoon(origins));
          }
        },
      },
      config,
    );
    const vhost = { config, origins };
    this.#timer ??= clock.every(PROBE_MS, () => this.#probe());
    this.#vhosts.set(name, vhost);
    return vhost;
  }
}
