import { UserError } from "../../base/errors.ts";
import type { Log } from "../../base/log.ts";
import type { FeatureCommands, RelayAction } from "../../live/ports/commands.ts";
import type { Feature } from "../../live/ports/feature.ts";
import type { Report } from "../../live/ports/report.ts";
import type { Source, SourceEnd } from "../../live/source/source.ts";
import type { SourceSwitch } from "../../live/source/switches.ts";
import type { Stream } from "../../live/stream.ts";
import type { StreamName, StreamObserver } from "../../live/streams.ts";
import type { ConnectionTarget } from "../../relay/client-connection.ts";
import type { PushContext, PushTotals } from "../../relay/push.ts";
import { PushRelay } from "../../relay/push-relay.ts";
import type { RelayLogLimit } from "../../relay/relay-log-limit.ts";
import {
  namesToForward,
  type RelayTarget,
  targetIdentity,
  targetLabel,
  targetNames,
  targetSecrets,
} from "../../relay/target.ts";
import { buildUrl } from "../../rtmp/address.ts";
import { AddedTargets } from "./added-targets.ts";
import type { TargetStore } from "./kept-targets.ts";

/** What forwarding needs from outside. */
export interface ForwardContext extends Omit<PushContext, "chunkSize"> {
  readonly log: Log;
  /** Numbers in [0, 1), for the jitter of retries. */
  readonly randomNumber: () => number;
  /** Limits the log's lines about each target. */
  readonly logLimit: RelayLogLimit;
  /** This process's id in hop traces. */
  readonly nodeId: string;
  /** The targets of a stream: those of its vhost in the current configuration, and those that back ends name for it. */
  targets(name: StreamName): readonly RelayTarget[];
  /** Outgoing chunk size of a vhost, bytes. */
  chunkSizeOf(vhost: string): number;
  /** Where targets are kept over a restart; undefined when the configuration names no file. */
  readonly store: TargetStore | undefined;
}

/** A published stream, and its relays by their target's identity. */
interface Forwarded {
  readonly name: StreamName;
  readonly source: Source;
  readonly relays: Map<string, PushRelay>;
}

/** Maximum number of paused forwards. */
const MAX_PAUSED = 1000;

/** Forwards every stream of a vhost to each of its targets while it is published. */
export class Forward implements Feature, StreamObserver {
  readonly name = "forward";
  readonly streams = this;
  readonly #context: ForwardContext;
  readonly #forwarded = new Map<Stream, Forwarded>();
  /** Relays of streams that have ended, whose connections are still open. */
  readonly #leaving = new Set<PushRelay>();
  /** Bytes sent by relays that are gone. */
  readonly #past: PushTotals = { bytes: 0, dropped: 0 };
  /** Streams that ended before a target received any of their packets, once for each target. */
  #missed = 0;
  #nextId = 1;
  readonly #added: AddedTargets;
  /** Streams and targets whose forwards the operator has paused; they stay paused when the stream is published again. */
  readonly #paused = new Set<string>();

  constructor(context: ForwardContext) {
    this.#context = context;
    this.#added = new AddedTargets(context.store, context.log);
  }

  /** All relays of streams published now. */
  *relays(): Iterable<PushRelay> {
    for (const { relays } of this.#forwarded.values()) yield* relays.values();
  }

  /** The operator's commands for targets and relays. */
  readonly commands: FeatureCommands = {
    relay: (id, action) => {
      for (const { relays } of this.#forwarded.values())
        for (const [identity, relay] of relays) {
          if (relay.id !== id) continue;
          this.#act(relay, identity, action);
          return true;
        }
      return false;
    },
    targets: {
      list: () => this.#added.list(),
      add: async (request) => {
        const added = await this.#added.add(request);
        this.reconfigure();
        return added;
      },
      remove: async (id) => {
        if (!(await this.#added.remove(id))) return false;
        this.reconfigure();
        return true;
      },
    },
  };

  #act(relay: PushRelay, identity: string, action: RelayAction): void {
    const paused = `${relay.key}\n${identity}`;
    switch (action) {
      case "retry":
        relay.retryNow();
        break;
      case "pause":
        if (this.#paused.size >= MAX_PAUSED)
          throw new UserError(`${MAX_PAUSED} forwards are paused already; resume some of them`);
        this.#paused.add(paused);
        relay.pause();
        break;
      case "resume":
        this.#paused.delete(paused);
        relay.resume();
        break;
    }
  }

  report(): Report {
    const relays = [...this.relays()].map((relay) => relay.report());
    return { relays, sent: this.totals.bytes, since: { forwards_missed: this.#missed } };
  }

  /** Bytes sent by all relays since the start. */
  get totals(): PushTotals {
    const sum = { ...this.#past };
    for (const relay of this.relays()) add(sum, relay.totals);
    for (const relay of this.#leaving) add(sum, relay.totals);
    return sum;
  }

  published(stream: Stream, name: StreamName, source: Source): void {
    // Relays are compared by key: the stream may have been dropped when it had no readers, and made anew.
    for (const relay of this.#leaving) if (relay.key === stream.key) relay.abort();
    const forwarded = { name, source, relays: new Map<string, PushRelay>() };
    this.#forwarded.set(stream, forwarded);
    this.#follow(stream, forwarded);
  }

  /** The configuration has changed: relays of removed targets end, new targets get the running streams. */
  reconfigure(): void {
    for (const [stream, forwarded] of this.#forwarded) this.#follow(stream, forwarded);
  }

  serverReturned(hosts: ReadonlySet<string>): void {
    for (const relay of this.relays()) if (hosts.has(relay.host)) relay.retrySoon();
  }

  switched(stream: Stream, { from, to }: SourceSwitch): void {
    const forwarded = this.#forwarded.get(stream);
    if (forwarded !== undefined && (from.via === "sibling") !== (to.via === "sibling")) this.#follow(stream, forwarded);
    if (from.hops.join() !== to.hops.join()) this.rerouted(stream);
  }

  rerouted(stream: Stream): void {
    for (const relay of this.#forwarded.get(stream)?.relays.values() ?? []) relay.announceHops();
  }

  unpublished(stream: Stream, _source: Source, how: SourceEnd): void {
    const forwarded = this.#forwarded.get(stream);
    this.#forwarded.delete(stream);
    for (const relay of forwarded?.relays.values() ?? []) this.#stop(relay, how);
  }

  /** Whether every target has received everything, and every connection is closed. */
  get idle(): boolean {
    return this.#forwarded.size === 0 && this.#leaving.size === 0;
  }

  /** Gives a stream one relay for each target of its vhost; existing relays stay. */
  #follow(stream: Stream, { name, source, relays }: Forwarded): void {
    // The process that has the publisher forwards the stream: a target gets it only once.
    const elsewhere = (stream.source?.info ?? source.info).via === "sibling";
    const wanted = elsewhere ? [] : [...this.#context.targets(name), ...this.#added.of(name)];
    const targets = new Map(wanted.map((target) => [targetIdentity(target), target]));
    for (const [identity, relay] of relays) {
      if (targets.has(identity)) continue;
      relays.delete(identity);
      this.#stop(relay, elsewhere ? "lost" : "withdrawn");
    }
    for (const [identity, target] of targets) {
      if (relays.has(identity)) continue;
      const relay = this.#relay(target, stream, name, source);
      relays.set(identity, relay);
      if (this.#paused.has(`${stream.key}\n${identity}`)) relay.pause();
      relay.start();
    }
  }

  #stop(relay: PushRelay, how: SourceEnd | "withdrawn"): void {
    this.#leaving.add(relay);
    relay.stop(how, () => this.#gone(relay));
  }

  #gone(relay: PushRelay): void {
    if (!this.#leaving.delete(relay)) return;
    add(this.#past, relay.totals);
    if (relay.missed) this.#missed++;
  }

  #relay(target: RelayTarget, stream: Stream, name: StreamName, source: Source): PushRelay {
    const context = this.#context;
    const from = { ...name, param: source.info.param };
    const names = targetNames(target, namesToForward(target, from));
    const push: ConnectionTarget = {
      role: "publish",
      host: target.host,
      port: target.port,
      tls: target.tls,
      ...buildUrl(target, names),
      // Read anew each time, as the relay continues when the stream's source changes.
      get hops() {
        return [...(stream.source ?? source).info.hops, context.nodeId];
      },
    };
    const id = `f${this.#nextId++}`;
    const log = context.log.with(id, targetSecrets(names, from));
    const shared = {
      ...context,
      get chunkSize() {
        return context.chunkSizeOf(name.vhost);
      },
    };
    return new PushRelay({
      context: shared,
      random: context.randomNumber,
      what: "forward",
      id,
      log,
      logLimit: context.logLimit,
      key: stream.key,
      stream,
      next: () => ({ target: push, to: targetLabel(target) }),
    });
  }
}

function add(sum: PushTotals, { bytes, dropped }: PushTotals): void {
  sum.bytes += bytes;
  sum.dropped += dropped;
}
