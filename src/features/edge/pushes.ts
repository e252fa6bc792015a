import type { Source, SourceEnd } from "../../live/source.ts";
import type { Stream } from "../../live/stream.ts";
import type { StreamName } from "../../live/streams.ts";
import { type PushPlace, PushRelay } from "../../relay/push-relay.ts";
import type { Failure } from "../../relay/supervisor.ts";
import { targetNames, targetSecrets } from "../../relay/target.ts";
import { buildUrl } from "../../rtmp/address.ts";
import { type OriginAddress, originLabel, type RtmpOrigin, upstreamNames } from "./address.ts";
import type { EdgeConfig } from "./config.ts";
import type { EdgeContext } from "./context.ts";
import type { Origin } from "./origin.ts";
import type { Origins } from "./origins.ts";
import { Search } from "./search.ts";

/** A vhost's origins and what its edge table says of them. */
export interface PushOrigins {
  readonly config: EdgeConfig;
  readonly origins: Origins;
}

const nobody: ReadonlySet<Origin> = new Set();

/** Carries what is published on the edge to an origin, and to another one when that dies. Local viewers need no detour. */
export class EdgePushes {
  readonly #context: EdgeContext;
  readonly #running = new Map<Stream, { readonly relay: PushRelay; readonly search: Search; origin: Origin }>();
  readonly #leaving = new Set<PushRelay>();
  #pastBytes = 0;
  #nextId = 1;

  constructor(context: EdgeContext) {
    this.#context = context;
  }

  /** The relays of streams that are published here now. */
  *relays(): Iterable<PushRelay> {
    for (const { relay } of this.#running.values()) yield relay;
  }

  /** Bytes sent since the start. */
  get sent(): number {
    let sum = this.#pastBytes;
    for (const { relay } of this.#running.values()) sum += relay.totals.bytes;
    for (const relay of this.#leaving) sum += relay.totals.bytes;
    return sum;
  }

  /** Whether every origin has got all that it had to get, and every connection is closed. */
  get idle(): boolean {
    return this.#running.size === 0 && this.#leaving.size === 0;
  }

  published(stream: Stream, name: StreamName, source: Source, vhost: PushOrigins): void {
    for (const relay of this.#leaving) if (relay.stream.key === stream.key) relay.makeWay();
    const search = new Search(vhost.origins, stream.key, isRtmp, () => nobody);
    const first = search.next();
    if (first === undefined) return;
    const running = { relay: this.#relay(stream, name, source, vhost, search, first), search, origin: first };
    this.#running.set(stream, running);
    running.relay.start();
  }

  /** One of these origins is there again: pushes that wait for one try soon. */
  hurry(origins: Origins): void {
    for (const { relay, search } of this.#running.values()) if (search.origins === origins) relay.hurry();
  }

  /** The stream comes over other servers now. */
  rerouted(stream: Stream): void {
    this.#running.get(stream)?.relay.announceHops();
  }

  /** Whether the stream goes to one of these origins. */
  goesTo(stream: Stream, origins: Origins): boolean {
    const running = this.#running.get(stream);
    return running !== undefined && origins.has(running.origin);
  }

  has(stream: Stream): boolean {
    return this.#running.has(stream);
  }

  end(stream: Stream, how: SourceEnd | "withdrawn"): void {
    const running = this.#running.get(stream);
    if (running === undefined) return;
    const { relay } = running;
    this.#running.delete(stream);
    this.#leaving.add(relay);
    relay.stop(how, () => {
      if (this.#leaving.delete(relay)) this.#pastBytes += relay.totals.bytes;
    });
  }

  #relay(
    stream: Stream,
    name: StreamName,
    source: Source,
    vhost: PushOrigins,
    search: Search,
    first: Origin,
  ): PushRelay {
    const context = this.#context;
    const { param } = source.info;
    let next: Origin | undefined = first;
    let taken = false;
    const namesOf = () => upstreamNames(vhost.config.vhost, name, param);
    const place = (): PushPlace => {
      const origin = next ?? search.next() ?? first;
      next = undefined;
      const running = this.#running.get(stream);
      if (running !== undefined) running.origin = origin;
      const { target } = origin.address as RtmpOrigin;
      const push = {
        role: "publish" as const,
        host: target.host,
        port: target.port,
        tls: target.tls,
        ...buildUrl(target, targetNames(target, namesOf())),
        get hops() {
          return [...(stream.source ?? source).info.hops, context.nodeId];
        },
      };
      return {
        target: push,
        to: originLabel(origin.address),
        slots: origin.slots,
        handshake: origin.handshake,
        reached: () => {
          taken = true;
          search.found(origin);
        },
        over: (outcome, error, description): Failure => {
          if (outcome !== "refused") return search.judge(origin, outcome, error);
          // The origin decides whether the encoder may publish at all; later it may only take us for somebody else.
          if (vhost.config.token_traverse && !taken) source.dismiss(description || "refused by the origin");
          // Another origin would let two publishers of one stream be.
          search.again(origin);
          return "refused";
        },
      };
    };
    const target = (first.address as RtmpOrigin).target;
    const secrets = targetSecrets(targetNames(target, namesOf()), { ...name, param });
    return new PushRelay({
      context: {
        ...context,
        get chunkSize() {
          return context.chunkSizeOf(name.vhost);
        },
      },
      random: context.randomNumber,
      what: "push",
      log: context.log.with(`u${this.#nextId++}`, secrets),
      stream,
      next: place,
    });
  }
}

function isRtmp(address: OriginAddress): boolean {
  return address.protocol === "rtmp";
}
