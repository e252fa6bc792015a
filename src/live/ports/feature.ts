import type { SourceEnd } from "../source/source.ts";
import type { StreamObserver } from "../streams.ts";
import type { CountingGuard, Guard } from "./access.ts";
import type { ClientObserver } from "./clients.ts";

/** A connection to another server that a feature keeps up. */
export interface RelayReport {
  readonly flow: "push" | "pull";
  /** The other server, as the log names it. */
  readonly to: string;
  readonly running: boolean;
  /** It has failed since it last ran. */
  readonly failing: boolean;
  /** How far the other server is behind, ms; 0 for one that is fetched from. */
  readonly lagMs: number;
}

/** What a feature carries, in numbers. The summary, and later metrics and the API, add up those of all features by name. */
export interface Report {
  /** How many there are now. */
  readonly now?: Readonly<Record<string, number>>;
  /** How many there have been since the start. */
  readonly since?: Readonly<Record<string, number>>;
  readonly relays?: readonly RelayReport[];
  /** Bytes that came from others, and went to others, since the start. */
  readonly received?: number;
  readonly sent?: number;
}

/**
 * What can be switched on: forward, edge, a recorder, HLS. A feature implements of this what it needs; the app lists all features in
 * one place, in an order that holds for each part of the contract.
 */
export interface Feature {
  readonly name: string;
  /** Is told of streams. */
  readonly streams?: StreamObserver;
  /** Is told of clients. */
  readonly clients?: ClientObserver;
  /** Are asked whether a client may connect, publish or play. */
  readonly guards?: readonly Guard[];
  /** Those among the guards that count, and are asked again last. */
  readonly countingGuards?: readonly CountingGuard[];
  /** The configuration has changed. */
  reconfigure?(): void;
  report?(): Report;
  /** The server stops: what is under way ends, and streams end so. */
  stop?(how: SourceEnd): void;
  /** Whether nothing is under way any more; after `stop` this is waited for, but not for ever. */
  readonly idle?: boolean;
  /** The last thing: every feature has stopped. */
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

/** Several reports as one: numbers of one name are added. */
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
