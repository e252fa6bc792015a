import type { HealthReport } from "./health.ts";

/** The state of a relay's attempts. Times are Unix ms. */
export interface RelayProgress {
  readonly state: "stopped" | "connecting" | "running" | "waiting" | "paused";
  /** When this state began. */
  readonly since: number;
  /** Number of this attempt since it last ran; 0 while it runs. */
  readonly attempt: number;
  /** Undefined unless it waits. */
  readonly nextRetryAt: number | undefined;
  /** The last error of the present outage. */
  readonly lastError: string | undefined;
  /** When the present outage began. */
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
  /** How far the receiving server is behind, ms; undefined for a pull, as only the sender can measure that. */
  readonly lagMs: number | undefined;
  /** Media bytes so far, over all attempts. */
  readonly bytes: number;
  /** Packets left out because the other server was too slow. */
  readonly dropped: number;
}

/** A server from which streams are fetched, and its state by the experience of all connections to it. */
export interface OriginReport {
  readonly vhost: string;
  /** As the log names it. */
  readonly origin: string;
  readonly state: "alive" | "dead";
  readonly lastError: string | undefined;
  /** Time until it is tried again, ms. */
  readonly retryInMs: number;
}

/** A process that makes other streams of a stream. Times are Unix ms. */
export interface TranscoderReport {
  /** The stream's key. */
  readonly stream: string;
  /** The names of the engines that it runs, with a space between. */
  readonly engines: string;
  /** `queued`: the maximum number of processes runs. `waiting`: it is started again later. */
  readonly state: "queued" | "starting" | "running" | "waiting";
  readonly since: number;
  readonly pid: number | undefined;
  /** How far its input is behind the stream, ms. */
  readonly lagMs: number;
  /** Starts after the first. */
  readonly restarts: number;
  /** Undefined unless it waits. */
  readonly nextRetryAt: number | undefined;
  /** The last error of the present outage. */
  readonly lastError: string | undefined;
  /** When the present outage began. */
  readonly failingSince: number | undefined;
}

/** The calls of one event to one back end. Times are Unix ms. */
export interface HookReport {
  /** `on_play`. */
  readonly event: string;
  /** The back end, as the log names it. */
  readonly to: string;
  /** Calls since the start, by their outcome. */
  readonly allowed: number;
  readonly refused: number;
  readonly failed: number;
  /** Notifications that were given up, because too many waited, or for too long. */
  readonly dropped: number;
  /** Calls that are under way or wait. */
  readonly waiting: number;
  /** The last error of the back end's present outage. */
  readonly lastError: string | undefined;
  /** When the present outage began. */
  readonly failingSince: number | undefined;
}

/** The connection to the registry, through which nodes know each other. Times are Unix ms. */
export interface RegistryReport {
  /** The connected server; without one, all that are tried. As the log names them. */
  readonly to: string;
  readonly up: boolean;
  /** When `up` last changed. */
  readonly since: number;
  /** Why there is no connection, or what its server refuses. */
  readonly lastError: string | undefined;
  /** Commands since the start: sent; refused by the server; not answered or not sent. */
  readonly commands: number;
  readonly refused: number;
  readonly dropped: number;
  /** Commands that wait for an answer. */
  readonly waiting: number;
  /** Publishers that were closed because another node owns their streams. */
  readonly lostClaims: number;
}

/** A feature's state in numbers. The summary, metrics and the API add up the numbers of all features by name. */
export interface Report {
  /** Current numbers, by name. */
  readonly now?: Readonly<Record<string, number>>;
  /** Numbers of connections since the start, by name. */
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
