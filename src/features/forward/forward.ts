import type { Log } from "../../base/log.ts";
import type { Source, SourceEnd } from "../../live/source.ts";
import type { Stream } from "../../live/stream.ts";
import { type StreamName, type StreamObserver, streamLabel } from "../../live/streams.ts";
import type { PushContext, PushTarget, PushTotals } from "../../relay/push.ts";
import { buildUrl } from "../../rtmp/address.ts";
import { ForwardRelay } from "./relay.ts";
import { type ForwardTarget, targetLabel, targetNames } from "./target.ts";

/** What forwarding needs from outside. */
export interface ForwardContext extends PushContext {
  readonly log: Log;
  /** Numbers in [0, 1), for the jitter of retries. */
  readonly randomNumber: () => number;
  /** This process's id in hop traces. */
  readonly nodeId: string;
  /** The targets of a vhost. */
  targets(vhost: string): readonly ForwardTarget[];
  /** Outgoing chunk size of a vhost, bytes. */
  chunkSizeOf(vhost: string): number;
}

/** Forwards every stream of a vhost to each of its targets while it is published. */
export class Forward implements StreamObserver {
  readonly #context: ForwardContext;
  readonly #relays = new Map<Stream, ForwardRelay[]>();
  /** Relays of streams that have ended, whose connections are not closed yet. */
  readonly #leaving = new Set<ForwardRelay>();
  /** Of relays that are gone. */
  readonly #past: PushTotals = { bytes: 0, dropped: 0 };
  #nextId = 1;

  constructor(context: ForwardContext) {
    this.#context = context;
  }

  /** All relays of streams that are published now. */
  *relays(): Iterable<ForwardRelay> {
    for (const relays of this.#relays.values()) yield* relays;
  }

  /** What all relays that ever were have sent. */
  get totals(): PushTotals {
    const sum = { ...this.#past };
    for (const relay of this.relays()) add(sum, relay.totals);
    for (const relay of this.#leaving) add(sum, relay.totals);
    return sum;
  }

  published(stream: Stream, name: StreamName, source: Source): void {
    const targets = this.#context.targets(name.vhost);
    if (targets.length === 0) return;
    // By name: a stream that nobody reads any more is forgotten, and this may be another one.
    for (const relay of this.#leaving) if (relay.stream.key === stream.key) relay.makeWay();
    const relays = targets.map((target) => this.#relay(target, stream, name, source));
    this.#relays.set(stream, relays);
    for (const relay of relays) relay.start();
  }

  unpublished(stream: Stream, _source: Source, how: SourceEnd): void {
    const relays = this.#relays.get(stream) ?? [];
    this.#relays.delete(stream);
    for (const relay of relays) {
      this.#leaving.add(relay);
      relay.stop(how, () => this.#gone(relay));
    }
  }

  /** Whether every target has got all that it had to get, and every connection is closed. */
  get idle(): boolean {
    return this.#relays.size === 0 && this.#leaving.size === 0;
  }

  #gone(relay: ForwardRelay): void {
    if (this.#leaving.delete(relay)) add(this.#past, relay.totals);
  }

  #relay(target: ForwardTarget, stream: Stream, name: StreamName, source: Source): ForwardRelay {
    const context = this.#context;
    const push: PushTarget = {
      role: "publish",
      host: target.host,
      port: target.port,
      ...buildUrl(target, targetNames(target, { ...name, param: source.info.param })),
      hops: [...source.info.hops, context.nodeId],
    };
    const log = context.log.with(`f${this.#nextId++}`);
    const shared = { ...context, chunkSize: context.chunkSizeOf(name.vhost) };
    const label = streamLabel(stream.key);
    return new ForwardRelay(shared, context.randomNumber, log, push, targetLabel(target), stream, label);
  }
}

function add(sum: PushTotals, { bytes, dropped }: PushTotals): void {
  sum.bytes += bytes;
  sum.dropped += dropped;
}
