import type { Demand } from "../readers/demand.ts";
import type { SourceEnd } from "../source/source.ts";
import type { StreamName, StreamObserver } from "../streams.ts";
import type { CountingGuard, Guard } from "./access.ts";
import type { Carry } from "./carry.ts";
import type { ClientObserver } from "./clients.ts";
import type { FeatureCommands } from "./commands.ts";
import type { HttpRoute } from "./http.ts";
import { addedUp, type Report } from "./report.ts";
import type { SegmentObserver } from "./segments.ts";

/**
 * The contract of a feature: forward, edge, a recorder, HLS. A feature implements the parts that it needs; the app lists all
 * features in one place, and their order holds for each part of the contract.
 */
export interface Feature {
  readonly name: string;
  /** Observes streams. */
  readonly streams?: StreamObserver;
  /** Observes clients. */
  readonly clients?: ClientObserver;
  /** Observes HLS segments. */
  readonly segments?: SegmentObserver;
  /** Asked whether a client may connect, publish or play. */
  readonly guards?: readonly Guard[];
  /** Guards that count; they are asked last. */
  readonly countingGuards?: readonly CountingGuard[];
  /** Answer requests over HTTP; the first that takes one answers it. */
  readonly http?: readonly HttpRoute[];
  /** How long the feature searches other servers for a stream that a viewer wants, ms; 0: it does not search. */
  searchMs?(name: StreamName, demand: Demand): number;
  /** What the new process of an upgrade continues with. */
  readonly carry?: Carry;
  /** The configuration has changed. */
  reconfigure?(): void;
  report?(): Report;
  readonly commands?: FeatureCommands;
  /** Servers on these hosts answer again after an outage: the feature soon retries connections that wait for them. */
  serverReturned?(hosts: ReadonlySet<string>): void;
  /** The stream of this key may have moved to another server of the cluster: the feature soon looks there, if it waits for the stream. */
  streamMoved?(key: string): void;
  /** The server stops: the feature ends its activities, then streams end. */
  stop?(how: SourceEnd): void;
  /** Whether all activities have ended; after `stop` the server waits for this, within a time limit. */
  readonly idle?: boolean;
  /** Called last, when every feature has stopped. */
  close?(): void;
}

/** All features of a server, in their order, as one. */
export class FeatureSet {
  readonly #features: readonly Feature[];

  constructor(features: readonly Feature[]) {
    this.#features = features;
  }

  get streamObservers(): StreamObserver[] {
    return this.#features.flatMap(({ streams }) => streams ?? []);
  }

  get clientObservers(): ClientObserver[] {
    return this.#features.flatMap(({ clients }) => clients ?? []);
  }

  get segmentObservers(): SegmentObserver[] {
    return this.#features.flatMap(({ segments }) => segments ?? []);
  }

  get guards(): Guard[] {
    return this.#features.flatMap(({ guards }) => guards ?? []);
  }

  get countingGuards(): CountingGuard[] {
    return this.#features.flatMap(({ countingGuards }) => countingGuards ?? []);
  }

  get httpRoutes(): HttpRoute[] {
    return this.#features.flatMap(({ http }) => http ?? []);
  }

  /** The longest time that any feature searches other servers for a stream, ms; 0: none does. */
  searchMs(name: StreamName, demand: Demand): number {
    return this.#features.reduce((max, feature) => Math.max(max, feature.searchMs?.(name, demand) ?? 0), 0);
  }

  /** The features' carries, by name. */
  get carries(): ReadonlyMap<string, Carry> {
    return new Map(this.#features.flatMap(({ name, carry }) => (carry === undefined ? [] : [[name, carry] as const])));
  }

  get commands(): FeatureCommands[] {
    return this.#features.flatMap(({ commands }) => commands ?? []);
  }

  reconfigure(): void {
    for (const feature of this.#features) feature.reconfigure?.();
  }

  /** The reports of all, added up. */
  report(): Required<Report> {
    return addedUp(this.#features.map((feature) => feature.report?.() ?? {}));
  }

  serverReturned(hosts: ReadonlySet<string>): void {
    for (const feature of this.#features) feature.serverReturned?.(hosts);
  }

  streamMoved(key: string): void {
    for (const feature of this.#features) feature.streamMoved?.(key);
  }

  stop(how: SourceEnd): void {
    for (const feature of this.#features) feature.stop?.(how);
  }

  get idle(): boolean {
    return this.#features.every(({ idle }) => idle ?? true);
  }

  close(): void {
    for (const feature of this.#features) feature.close?.();
  }
}
