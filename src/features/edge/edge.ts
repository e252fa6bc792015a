import type { Demand } from "../../live/demand.ts";
import type { Source } from "../../live/source.ts";
import type { Stream } from "../../live/stream.ts";
import type { StreamName, StreamObserver } from "../../live/streams.ts";
import { originLabel } from "./address.ts";
import type { EdgeConfig } from "./config.ts";
import type { EdgeContext } from "./context.ts";
import { Fetched, type FetchedOptions } from "./fetched.ts";
import { MissingStreams } from "./missing.ts";
import { Origins } from "./origins.ts";
import type { Upstream } from "./upstream.ts";

/** A vhost that has origins. */
interface EdgeVhost {
  config: EdgeConfig;
  readonly origins: Origins;
}

/** A stream that somebody here wants to watch. */
interface Wanted {
  readonly name: StreamName;
  readonly demand: Demand;
  fetched: Fetched | undefined;
}

/** Fetches streams from the origins of their vhost while somebody wants to watch them and nobody publishes them here. */
export class Edge implements StreamObserver {
  readonly #context: EdgeContext;
  readonly #vhosts = new Map<string, EdgeVhost>();
  readonly #wanted = new Map<Stream, Wanted>();
  readonly #missing: MissingStreams;
  /** What fetched streams that are gone have received, bytes. */
  #pastBytes = 0;
  #nextId = 1;

  constructor(context: EdgeContext) {
    this.#context = context;
    this.#missing = new MissingStreams(context.clock);
  }

  /** All connections to origins, and attempts at one. */
  *pulls(): Iterable<Upstream> {
    for (const { fetched } of this.#wanted.values()) if (fetched !== undefined) yield* fetched.upstreams;
  }

  /** What came from origins since the start, bytes. */
  get received(): number {
    let sum = this.#pastBytes;
    for (const { fetched } of this.#wanted.values()) sum += fetched?.bytes ?? 0;
    return sum;
  }

  wanted(stream: Stream, name: StreamName, demand: Demand): void {
    const known = this.#wanted.get(stream);
    if (known?.fetched !== undefined) {
      known.fetched.watch();
      return;
    }
    const wanted = { name, demand, fetched: undefined };
    this.#wanted.set(stream, wanted);
    this.#follow(stream, wanted);
  }

  unwanted(stream: Stream): void {
    const wanted = this.#wanted.get(stream);
    if (wanted?.fetched === undefined) this.#wanted.delete(stream);
    else wanted.fetched.unwatch();
  }

  published(stream: Stream, _name: StreamName, source: Source): void {
    const fetched = this.#wanted.get(stream)?.fetched;
    if (fetched !== undefined && !fetched.owns(source)) fetched.rest();
  }

  unpublished(stream: Stream, source: Source): void {
    const wanted = this.#wanted.get(stream);
    if (wanted?.fetched !== undefined && !wanted.fetched.owns(source)) wanted.fetched.begin();
  }

  /** The configuration has changed: running streams whose origin is still listed go on. */
  reconfigure(): void {
    for (const [name, vhost] of this.#vhosts) {
      const config = this.#context.configOf(name);
      if (config === undefined || config.origin.length === 0) this.#vhosts.delete(name);
      else if (config !== vhost.config) {
        vhost.config = config;
        vhost.origins.configure(config);
      }
    }
    for (const [stream, wanted] of this.#wanted) this.#follow(stream, wanted);
  }

  /** Hangs up on all origins. */
  stop(): void {
    for (const { fetched } of this.#wanted.values()) fetched?.end();
    this.#wanted.clear();
  }

  /** Gives a wanted stream what its vhost's configuration says. */
  #follow(stream: Stream, wanted: Wanted): void {
    const vhost = this.#vhost(wanted.name.vhost);
    const { fetched } = wanted;
    if (vhost === undefined) {
      wanted.fetched = undefined;
      fetched?.end();
      this.#pastBytes += fetched?.bytes ?? 0;
      if (fetched !== undefined && stream.demand === undefined) this.#wanted.delete(stream);
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
      config: vhost.config,
      nextId: () => `p${this.#nextId++}`,
      done: (fetched) => {
        this.#wanted.delete(fetched.stream);
        fetched.end();
        this.#pastBytes += fetched.bytes;
      },
    };
  }

  #vhost(name: string): EdgeVhost | undefined {
    const known = this.#vhosts.get(name);
    if (known !== undefined) return known;
    const config = this.#context.configOf(name);
    if (config === undefined || config.origin.length === 0) return undefined;
    const { clock, log, randomNumber } = this.#context;
    const origins = new Origins(
      {
        clock,
        randomNumber,
        onHealth: ({ address }, { state, lastError }) => {
          const fields = { origin: originLabel(address), error: state === "dead" ? lastError : undefined };
          if (state === "dead") log.warn("origin dead", fields);
          else log.info("origin alive again", fields);
        },
      },
      config,
    );
    const vhost = { config, origins };
    this.#vhosts.set(name, vhost);
    return vhost;
  }
}
