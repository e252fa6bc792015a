import type { Demand } from "../readers/demand.ts";
import type { SourceEnd } from "../source/source.ts";
import type { StreamName, StreamObserver } from "../streams.ts";
import type { CountingGuard, Guard } from "./access.ts";
import type { ClientObserver } from "./clients.ts";
import type { HealthReport } from "./health.ts";
import type { HttpRoute } from "./http.ts";
import type { SegmentObserver } from "./segments.ts";

/** How the attempts of a relay go. Times are Unix ms. */
export interface RelayProgress {
  readonly state: "stopped" | "connecting" | "running" | "waiting" | "paused";
  /** When this state began. */
  readonly since: number;
  /** Attempts in a row, the one under way among them; 0 while it runs. */
  readonly attempt: number;
  /** Undefined unless it waits. */
  readonly nextRetryAt: number | undefined;
  /** Of the outage that goes on. */
  readonly lastError: string | undefined;
  /** When that outage began. */
  readonly failingSince: number | undefined;
}

/** A connection to another server that a feature keeps open. */
export interface RelayReport extends RelayProgress {
  /** As in its lines of the log. */
  readonly id: string;
  /** The stream's key. */
  readonly stream: string;
  readonly flow: "push" | "pull";
  /** The other server, as the log names it. */
  readonly to: string;
  readonly running: boolean;
  /** The connection has failed since it last ran. */
  readonly failing: boolean;
  /** How far the other server is behind, ms; undefined for one that we fetch from, as only that one can tell how far we are. */
  readonly lagMs: number | undefined;
  /** Media bytes so far, over all attempts. */
  readonly bytes: number;
  /** Packets that the other server was too slow for. */
  readonly dropped: number;
}

/** A server from which streams are fetched, with what all connections to it have taught. */
export interface OriginReport {
  readonly vhost: string;
  /** As the log names it. */
  readonly origin: string;
  readonly state: "alive" | "dead";
  readonly lastError: string | undefined;
  /** How long it is left alone yet, ms. */
  readonly retryInMs: number;
}

/** A process that makes other streams of a stream. Times are Unix ms. */
export interface TranscoderReport {
  /** The stream's key. */
  readonly stream: string;
  /** The names of the engines that it runs, with a space between. */
  readonly engines: string;
  /** `queued`: as many processes run as may. `waiting`: it is started again later. */
  readonly state: "queued" | "starting" | "running" | "waiting";
  readonly since: number;
  readonly pid: number | undefined;
  /** How far what it takes in is behind the stream, ms. */
  readonly lagMs: number;
  /** Starts after the first. */
  readonly restarts: number;
  /** Undefined unless it waits. */
  readonly nextRetryAt: number | undefined;
  /** Of the outage that goes on. */
  readonly lastError: string | undefined;
  /** When that outage began. */
  readonly failingSince: number | undefined;
}

/** What the calls of one event at one back end have come to. Times are Unix ms. */
export interface HookReport {
  /** `on_play`. */
  readonly event: string;
  /** The back end, as the log names it. */
  readonly to: string;
  /** Calls since the start, by their outcome. */
  readonly allowed: number;
  readonly refused: number;
  readonly failed: number;
  /** Notifications that were given up, since too many waited or for too long. */
  readonly dropped: number;
  /** Calls that are under way or wait. */
  readonly waiting: number;
  /** Of the back end's outage that goes on. */
  readonly lastError: string | undefined;
  /** When that outage began. */
  readonly failingSince: number | undefined;
}

/** How the registry stands by which nodes know each other. Times are Unix ms. */
export interface RegistryReport {
  /** The server in use; while there is none, all that are tried. As the log names them. */
  readonly to: string;
  readonly up: boolean;
  /** When it came to be up, or to be away. */
  readonly since: number;
  /** Why it is away. */
  readonly lastError: string | undefined;
  /** Commands since the start: those that were sent, those of them that the server refused, and those that got no answer or were not sent. */
  readonly commands: number;
  readonly refused: number;
  readonly dropped: number;
  /** Commands that wait for an answer. */
  readonly waiting: number;
  /** Publishers that gave way, as another node owns their streams. */
  readonly lostClaims: number;
}

/** What an operator does with a relay. */
export type RelayAction = "retry" | "pause" | "resume";

/** Where streams are to be sent, besides what the configuration says; undefined parts stand for all. */
export interface TargetRequest {
  /** As in the configuration. */
  readonly target: string;
  readonly vhost: string | undefined;
  readonly app: string | undefined;
  readonly stream: string | undefined;
  /** It is there again after a restart. */
  readonly keep: boolean;
}

/** A target that was added while the server runs. */
export interface AddedTarget extends TargetRequest {
  readonly id: string;
}

/** What a feature does for the operator while it runs. Methods that can't do what they are asked throw UserError. */
export interface FeatureCommands {
  /** False when the feature has no relay of that id. */
  relay(id: string, action: RelayAction): boolean;
  readonly targets?: {
    /** Targets without their secrets. */
    list(): readonly AddedTarget[];
    /** A target to keep is in its file by the end. */
    add(request: TargetRequest): Promise<AddedTarget>;
    /** False when there is none of that id. */
    remove(id: string): Promise<boolean>;
  };
}

/** A feature's load in numbers. The summary, and later metrics and the API, add up the numbers of all features by name. */
export interface Report {
  /** How many there are now. */
  readonly now?: Readonly<Record<string, number>>;
  /** The number of connections since the start. */
  readonly since?: Readonly<Record<string, number>>;
  readonly relays?: readonly RelayReport[];
  readonly origins?: readonly OriginReport[];
  readonly transcoders?: readonly TranscoderReport[];
  readonly hooks?: readonly HookReport[];
  readonly registries?: readonly RegistryReport[];
  /** What is wrong with streams. */
  readonly health?: readonly HealthReport[];
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
  /** Observes HLS segments. */
  readonly segments?: SegmentObserver;
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
  readonly commands?: FeatureCommands;
  /** Servers on these hosts, which had been away, answer again: connections that wait for them are tried soon. */
  serverReturned?(hosts: ReadonlySet<string>): void;
  /** A stream, by its key, may be at another server of the cluster now: what waits for it looks for it soon. */
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

  /** For how long any of them looks elsewhere for a stream, ms; 0: none does. */
  searchMs(name: StreamName, demand: Demand): number {
    return this.#features.reduce((max, feature) => Math.max(max, feature.searchMs?.(name, demand) ?? 0), 0);
  }

  /** What features carry over in an upgrade, by their names. */
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
    origins: reports.flatMap(({ origins }) => origins ?? []),
    transcoders: reports.flatMap(({ transcoders }) => transcoders ?? []),
    hooks: reports.flatMap(({ hooks }) => hooks ?? []),
    registries: reports.flatMap(({ registries }) => registries ?? []),
    health: reports.flatMap(({ health }) => health ?? []),
    received: reports.reduce((sum, { received }) => sum + (received ?? 0), 0),
    sent: reports.reduce((sum, { sent }) => sum + (sent ?? 0), 0),
  };
}

function add(sums: Record<string, number>, numbers: Report["now"] = {}): void {
  for (const [name, number] of Object.entries(numbers)) sums[name] = (sums[name] ?? 0) + number;
}
