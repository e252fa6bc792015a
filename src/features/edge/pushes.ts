import type { Timer } from "../../base/clock.ts";
import type { AccessRequest, GuardResult } from "../../live/ports/access.ts";
import type { Source, SourceEnd } from "../../live/source/source.ts";
import type { Stream } from "../../live/stream.ts";
import { type StreamName, streamLabel } from "../../live/streams.ts";
import { type PushDestination, PushRelay } from "../../relay/push-relay.ts";
import type { Failure } from "../../relay/supervisor.ts";
import { targetNames, targetSecrets } from "../../relay/target.ts";
import { buildUrl } from "../../rtmp/address.ts";
import { type OriginAddress, originLabel, type RtmpOrigin, upstreamNames } from "./address.ts";
import type { EdgeConfig } from "./config.ts";
import type { EdgeContext } from "./context.ts";
import type { Origin } from "./origin.ts";
import type { Origins } from "./origins.ts";
import { Search } from "./search.ts";

/** A publisher that an origin has accepted must begin within this time. */
const ACCEPTED_MS = 2000;
/** Origins must answer within this time, which is also the limit for guards. */
const DECISION_MS = 30_000;

/** A vhost's origins and its edge table. */
export interface PushOrigins {
  readonly config: EdgeConfig;
  readonly origins: Origins;
}

const nobody: ReadonlySet<Origin> = new Set();

/** The destination and the parameters of a push to an origin. */
interface Pushed {
  readonly name: StreamName;
  readonly param: string;
  /** The publisher's page and player; `""` if they are no longer known. */
  readonly pageUrl: string;
  readonly swfUrl: string;
  /** The servers that the stream has passed. */
  hops: () => readonly string[];
  /** An origin has accepted the stream. */
  taken: boolean;
  /** An origin's first answer: undefined when it accepts the stream. */
  onAnswer(refusal: GuardResult): void;
  /** No origin has answered. */
  giveUp?(detail: string): void;
}

/** A push that is under way. */
interface Running {
  readonly relay: PushRelay;
  readonly search: Search;
  readonly pushed: Pushed;
  origin: Origin;
}

/** A push whose origin is asked before the client may publish. */
interface Prepared {
  readonly running: Running;
  readonly clientId: string;
  timer: Timer;
}

/** Pushes locally published streams to an origin, and to another one when that fails. Local viewers are served directly. */
export class EdgePushes {
  readonly #context: EdgeContext;
  readonly #running = new Map<Stream, Running>();
  /** By the stream's key, then by the parameters. Once an origin has accepted one push of a stream, the others end. */
  readonly #prepared = new Map<string, Map<string, Prepared>>();
  readonly #leaving = new Set<PushRelay>();
  #pastBytes = 0;
  /** Streams that ended before an origin received any of their packets. */
  missed = 0;
  #nextId = 1;

  constructor(context: EdgeContext) {
    this.#context = context;
  }

  /** Relays of streams published here now. */
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

  /** Whether every origin has received everything, and every connection is closed. */
  get idle(): boolean {
    return this.#running.size === 0 && this.#prepared.size === 0 && this.#leaving.size === 0;
  }

  /** The parameters of the stream's running push; undefined when the stream is not pushed. */
  paramOf(key: string): string | undefined {
    for (const [stream, { pushed }] of this.#running) if (stream.key === key) return pushed.param;
    return undefined;
  }

  /**
   * Asks an origin to accept a client's stream, and lets the client in if the origin does. The stream is not begun here before, and
   * then uses the same connection.
   */
  prepare({ name, param, pageUrl, swfUrl, hops, clientId }: AccessRequest, vhost: PushOrigins): Promise<GuardResult> {
    const key = `${name.vhost}/${name.app}/${name.stream}`;
    const [first] = this.#prepared.get(key)?.values() ?? [];
    if (first?.running.pushed.taken && first.running.pushed.param !== param) return Promise.resolve(busy(key));
    const before = this.#prepared.get(key)?.get(param);
    // The client has repeated its request before the answer.
    if (before !== undefined) this.#giveWay(key, before);
    return new Promise((resolve) => {
      const answer = (refusal: GuardResult) => {
        // Later, not within the call of the relay that reports the answer.
        if (refusal !== undefined) this.#context.clock.soon(() => this.#drop(key, param, clientId));
        else this.#keepOnly(key, param, clientId);
        resolve(refusal);
      };
      const pushed: Pushed = {
        name,
        param,
        pageUrl,
        swfUrl,
        hops: () => hops,
        taken: false,
        onAnswer: answer,
        giveUp: (detail) => answer({ kind: "unavailable", reason: "no origin can be asked", detail }),
      };
      const running = this.#begin(key, undefined, vhost, pushed);
      if (running === undefined) {
        resolve({ kind: "unavailable", reason: "no origin can be asked", detail: "none is named for RTMP" });
        return;
      }
      const timer = this.#context.clock.after(DECISION_MS, () => this.#drop(key, param, clientId));
      const paramsChooser = this.#prepared.get(key) ?? new Map<string, Prepared>();
      this.#prepared.set(key, paramsChooser.set(param, { running, clientId, timer }));
      running.relay.start();
    });
  }

  published(stream: Stream, name: StreamName, source: Source, vhost: PushOrigins): void {
    for (const relay of this.#leaving) if (relay.key === stream.key) relay.abort();
    const prepared = this.#prepared.get(stream.key)?.get(source.info.param);
    if (prepared?.clientId === source.info.id && vhost.origins.has(prepared.running.origin)) {
      this.#forget(stream.key, prepared);
      prepared.running.pushed.hops = () => (stream.source ?? source).info.hops;
      this.#running.set(stream, prepared.running);
      prepared.running.relay.carry(stream);
      return;
    }
    const running = this.#begin(stream.key, stream, vhost, {
      name,
      param: source.info.param,
      pageUrl: "",
      swfUrl: "",
      hops: () => (stream.source ?? source).info.hops,
      taken: false,
      onAnswer: (refusal) => {
        // The origin decides whether the encoder may publish at all.
        if (refusal !== undefined && vhost.config.token_traverse) source.dismiss(refusal.reason);
      },
    });
    if (running === undefined) return;
    this.#running.set(stream, running);
    running.relay.start();
  }

  /** One of these origins is alive again: waiting pushes are soon retried. */
  retrySoon(origins: Origins): void {
    for (const { relay, search } of this.#running.values()) if (search.origins === origins) relay.retrySoon();
  }

  /** The stream now comes through other servers. */
  rerouted(stream: Stream): void {
    this.#running.get(stream)?.relay.announceHops();
  }

  /** Whether the stream goes to one of these origins. */
  goesTo(stream: Stream, origins: Origins): boolean {
    const running = this.#running.get(stream);
    return running !== undefined && origins.has(running.origin);
  }

  end(stream: Stream, how: SourceEnd | "withdrawn"): void {
    const running = this.#running.get(stream);
    if (running === undefined) return;
    this.#running.delete(stream);
    this.#stop(running.relay, how);
  }

  /** Ends the pushes of clients that have not begun to publish. */
  stop(): void {
    for (const [key, paramsChooser] of this.#prepared)
      for (const [param, { clientId }] of paramsChooser) this.#drop(key, param, clientId);
  }

  /** An origin has accepted a client's stream: other requests are refused, and the client must begin soon. */
  #keepOnly(key: string, param: string, clientId: string): void {
    const paramsChooser = this.#prepared.get(key);
    const prepared = paramsChooser?.get(param);
    if (prepared?.clientId !== clientId) return;
    prepared.timer.cancel();
    prepared.timer = this.#context.clock.after(ACCEPTED_MS, () => this.#drop(key, param, clientId));
    for (const other of paramsChooser?.values() ?? []) if (other !== prepared) this.#giveWay(key, other);
  }

  /** Another client has the stream: clients that wait for an answer get it now. */
  #giveWay(key: string, { running, clientId }: Prepared): void {
    running.pushed.onAnswer(busy(key));
    this.#drop(key, running.pushed.param, clientId);
  }

  #drop(key: string, param: string, clientId: string): void {
    const prepared = this.#prepared.get(key)?.get(param);
    if (prepared?.clientId !== clientId) return;
    this.#forget(key, prepared);
    this.#stop(prepared.running.relay, "withdrawn");
  }

  #forget(key: string, { running, timer }: Prepared): void {
    timer.cancel();
    const paramsChooser = this.#prepared.get(key);
    paramsChooser?.delete(running.pushed.param);
    if (paramsChooser?.size === 0) this.#prepared.delete(key);
  }

  #stop(relay: PushRelay, how: SourceEnd | "withdrawn"): void {
    this.#leaving.add(relay);
    relay.stop(how, () => {
      if (!this.#leaving.delete(relay)) return;
      this.#pastBytes += relay.totals.bytes;
      if (relay.missed) this.missed++;
    });
  }

  /** A push that is about to start; undefined when no origin is available. */
  #begin(key: string, stream: Stream | undefined, vhost: PushOrigins, pushed: Pushed): Running | undefined {
    const context = this.#context;
    const { name, param } = pushed;
    const search = new Search(vhost.origins, key, isRtmp, () => nobody);
    const first = search.next();
    if (first === undefined) return undefined;
    let next: Origin | undefined = first;
    const target = (first.address as RtmpOrigin).target;
    const secrets = targetSecrets(targetNames(target, upstreamNames(vhost.config.vhost, name, param)), {
      ...name,
      param,
    });
    const id = `u${this.#nextId++}`;
    const relay = new PushRelay({
      id,
      context: {
        ...context,
        get chunkSize() {
          return context.chunkSizeOf(name.vhost);
        },
      },
      random: context.randomNumber,
      what: "push",
      log: context.log.with(id, secrets),
      logLimit: context.logLimit,
      key,
      stream,
      next: () => {
        running.origin = next ?? search.next() ?? first;
        next = undefined;
        return this.#destinationAt(running.origin, vhost, pushed, search);
      },
    });
    const running: Running = { relay, search, pushed, origin: first };
    return running;
  }

  #destinationAt(origin: Origin, vhost: PushOrigins, pushed: Pushed, search: Search): PushDestination {
    const { nodeId } = this.#context;
    const { target } = origin.address as RtmpOrigin;
    const names = upstreamNames(vhost.config.vhost, pushed.name, pushed.param);
    return {
      target: {
        role: "publish",
        forClient: true,
        pageUrl: pushed.pageUrl,
        swfUrl: pushed.swfUrl,
        host: target.host,
        port: target.port,
        tls: target.tls,
        ...buildUrl(target, targetNames(target, names)),
        get hops() {
          return [...pushed.hops(), nodeId];
        },
      },
      to: originLabel(origin.address),
      dialLimiter: origin.dialLimiter,
      handshake: origin.handshake,
      reached: () => {
        search.found(origin);
        if (pushed.taken) return;
        pushed.taken = true;
        pushed.onAnswer(undefined);
      },
      over: (outcome, error, description): Failure => {
        const detail = `${originLabel(origin.address)}: ${error}`;
        if (outcome === "refused") {
          // Once the stream was accepted, a refusal may mean that the origin takes this push for another client's.
          if (!pushed.taken)
            pushed.onAnswer({ kind: "denied", reason: description || "refused by the origin", detail });
          // Another origin would accept a second publisher of the same stream.
          search.again(origin);
          return "refused";
        }
        const failure = search.classify(origin, outcome, error);
        if (failure !== "elsewhere" && !pushed.taken) pushed.giveUp?.(detail);
        return failure;
      },
    };
  }
}

/** Why a second client can't publish a stream. */
export function busy(key: string): GuardResult {
  return { kind: "busy", reason: `${streamLabel(key)} is already being published` };
}

function isRtmp(address: OriginAddress): boolean {
  return address.protocol === "rtmp";
}
