import type { Demand } from "../readers/demand.ts";
import type { SourceEnd } from "../source/source.ts";
import type { StreamName, StreamObserver } from "../streams.ts";
import type { CountingGuard, Guard } from "./access.ts";
import type { ClientObserver } from "./clients.ts";
import type { HttpRoute } from "./http.ts";

/** A connection to another server that a feature keeps open. */
export interface RelayReport {
  readonly flow: "push" | "pull";
  /** The other server, as the log names it. */
  readonly to: string;
  readonly running: boolean;
  /** The connection has failed since it last ran. */
  readonly failing: boolean;
  /** How far the other server is behind, ms; 0 for a server that we fetch from. */
  readonly lagMs: number;
}

/** A feature's load in numbers. The summary, and later metrics and the API, add up the numbers of all features by name. */
export interface Report {
  /** How many there are now. */
  readonly now?: Readonly<Record<string, number>>;
  /** The number of connections since the start. */
  readonly since?: Readonly<Record<string, number>>;
  readonly relays?: readonly RelayReport[];
  /** Bytes received from other servers and sent to them since the start. */
  readonly received?: number;
  readonly sent?: number;
}

/** Limit on a piece of what is carried over, bytes. */
export const MAX_CARRY_PIECE = 256 * 1024;

/** What is on its way to the new process. */
export interface CarryGiving {
  /** The next piece, of 1 to `MAX_CARRY_PIECE` bytes, which the caller keeps; undefined while there is none. */
  next(): Uint8Array | undefined;
  /** The new process takes no more. */
  close(): void;
}

/**
 * What a feature has in memory that its counterpart in the new process of an upgrade continues with: while both run, and in pieces,
 * since it may be much. The content of a piece is the feature's own matter, and must be understood between versions.
 */
export interface Carry {
  /** In the old process: all that there is, then what is added. `ready` is called when there are pieces again after `next` had none. */
  give(ready: () => void): CarryGiving;
  /** In the new process: the next piece of the old one. Throws SyntaxError for one that can't be read. */
  take(piece: Uint8Array): void;
}

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
  /** Asked whether a client may connect, publish or play. */
  readonly guards?: readonly Guard[];
  /** The guards that count, asked last, again. */
  readonly countingGuards?: readonly CountingGuard[];
  /** Answer requests over HTTP; the first that takes one answers it. */
  readonly http?: readonly HttpRoute[];
  /** For how long it looks elsewhere for a stream that isn't here and that a viewer wants, ms; 0: it does not. */
  searchMs?(name: StreamName, demand: Demand): number;
  /** What the new process of an upgrade continues with. */
  readonly carry?: Carry;
  /** The configuration has changed. */
  reconfigure?(): void;
  report?(): Report;
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

  get guards(): Guard[] {
    return this.#features.flatMap(({ guards }) => guards ?? []);
  }

  get countingGuards(): CountingGuard[] {
    return this.#features.flatMap(({ countingGuards }) => countingGuards ?? []);
  }

  get httpRoutes(): HttpRoute[] {
    return this.#features.flatMap(({ http }) => http ?? []);
  }

  /** For how long any of them looks elsewhere for a stream, ms; 0: none does. */
  searchMs(name: StreamName, demand: Demand): number {
    return this.#features.reduce((longest, feature) => Math.max(longest, feature.searchMs?.(name, demand) ?? 0), 0);
  }

  /** What features carry over in an upgrade, by their names. */
  get carries(): ReadonlyMap<string, Carry> {
    return new Map(this.#features.flatMap(({ name, carry }) => (carry === undefined ? [] : [[name, carry] as const])));
  }

  reconfigure(): void {
    for (const feature of this.#features) feature.reconfigure?.();
  }

  /** The reports of all, added up. */
  report(): Required<Report> {
    return addedUp(this.#features.map((feature) => feature.report?.() ?? {}));
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

/** Adds up several reports: numbers of the same name are added. */
export function addedUp(reports: readonly Report[]): Required<Report> {
  const now: Record<string, number> = {};
  const since: Record<string, number> = {};
  for (const report of reports) {
    add(now, report.now);
    add(since, report.since);
  }
  return {
    now,
    since,
    relays: reports.flatMap(({ relays }) => relays ?? []),
    received: reports.reduce((sum, { received }) => sum + (received ?? 0), 0),
    sent: reports.reduce((sum, { sent }) => sum + (sent ?? 0), 0),
  };
}

function add(sums: Record<string, number>, numbers: Report["now"] = {}): void {
  for (const [name, number] of Object.entries(numbers)) sums[name] = (sums[name] ?? 0) + number;
}
