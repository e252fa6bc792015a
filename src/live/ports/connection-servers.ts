import { formatHostPort, type HostPort } from "../../base/address.ts";
import type { Clock, Timer } from "../../base/clock.ts";
import type { Log } from "../../base/log.ts";
import { Round } from "../../base/round.ts";
import type { TransportHandler } from "../../base/transport.ts";
import type { SourceEnd } from "../source/source.ts";
import type { ConnectionAccount, ConnectionEnds } from "./connections.ts";
import type { Feature } from "./feature.ts";
import type { Refusals } from "./refusals.ts";

const TICK_MS = 1000;

/** The stage of the server: only a running server is ready for new clients. */
export type ServerStage = "starting" | "running" | "draining";

/** A protocol's connection, as other parts of the server see it. */
export interface ServedConnection extends TransportHandler {
  /** How many streams it publishes. */
  readonly publishing: number;
  /** Checks timeouts and limits; called about once a second with monotonic ms. */
  tick(now: number): void;
  /** The configuration has changed. */
  reconfigure(): void;
  /** The server stops: activities end, and the connection closes once everything is sent. */
  shutdown(how: SourceEnd): void;
}

/** A protocol that clients connect with. */
export interface ConnectionServer {
  /** The protocol's name in listeners' endpoints. */
  readonly protocol: string;
  /** Counts its connections apart from all others, so that administration has room when clients have none. */
  readonly account?: ConnectionAccount | undefined;
  /** Takes over a connection that is counted and within the limits; `id` is unique among all clients. */
  accept(id: string, ends: ConnectionEnds): ServedConnection;
}

/** The dependencies of `ConnectionServers`. */
export interface ConnectionServersOptions {
  readonly clock: Clock;
  readonly log: Log;
  readonly refusals: Refusals;
  readonly account: ConnectionAccount;
  readonly servers: readonly ConnectionServer[];
}

/** Accepts connections for all protocols, counts them, and calls `tick` on each until it is closed. */
export class ConnectionServers implements Feature {
  readonly name = "connections";
  readonly #options: ConnectionServersOptions;
  readonly #servers: ReadonlyMap<string, ConnectionServer>;
  readonly #connections = new Set<ServedConnection>();
  /** Runs while there are connections. */
  #tick: Timer | undefined;
  /** Ticks run in slices, as a tick may close a connection, and thousands that came together reach a time limit together. */
  readonly #ticks: Round<ServedConnection>;
  /** After a change of the configuration. */
  readonly #changes: Round<ServedConnection>;
  #nextId = 1;
  #stopped = false;
  #stage: ServerStage = "starting";

  constructor(options: ConnectionServersOptions) {
    this.#options = options;
    this.#servers = new Map(options.servers.map((server) => [server.protocol, server]));
    const { clock } = options;
    const publishersFirst = { [Symbol.iterator]: () => this.#publishersFirst() };
    this.#changes = new Round(clock, publishersFirst, (connection) => connection.reconfigure());
    this.#ticks = new Round(clock, this.#connections, (connection) => connection.tick(clock.now()));
  }

  get stage(): ServerStage {
    return this.#stage;
  }

  /** The server has started. */
  start(): void {
    this.#stage = "running";
  }

  /** The server accepts no new clients; connections continue until their clients leave. */
  drain(): void {
    this.#stage = "draining";
  }

  /**
   * The handler of a new connection. Undefined for one that is refused, which is counted and logged, and for one that comes
   * after `stop`.
   */
  accept(protocol: string, remote: HostPort): TransportHandler | undefined {
    const server = this.#servers.get(protocol);
    if (server === undefined) throw new Error(`nothing speaks ${protocol}`);
    // The client's address may be new here: a proxy has just named it.
    if (this.#stopped) return undefined;
    const { clock } = this.#options;
    const account = server.account ?? this.#options.account;
    const permit = account.acquire(remote.host);
    if (!permit.ok) {
      this.refuse(permit.rule, remote, permit.reason);
      return undefined;
    }
    const connection: ServedConnection = server.accept(`c${this.#nextId++}`, {
      hungUp: () => permit.hungUp(),
      gone: () => {
        permit.gone();
        this.#gone(connection);
      },
    });
    this.#connections.add(connection);
    this.#tick ??= clock.every(TICK_MS, () => this.#ticks.begin());
    return connection;
  }

  /** Counts and logs a connection that is closed before a protocol has taken it. */
  refuse(rule: string, peer: HostPort, error: string): void {
    const { log, refusals } = this.#options;
    refusals.add({ rule, log, message: "connection refused", fields: { addr: formatHostPort(peer), error } });
  }

  /** The configuration has changed: connections follow it, in slices. Streams of a vhost that is switched off end properly. */
  reconfigure(): void {
    this.#changes.restart();
  }

  /**
   * Ends every stream and connection properly; queued bytes are still sent. `lost`: publishers may reconnect to another
   * process, and servers that receive their streams wait for them.
   */
  stop(how: SourceEnd = "unpublished"): void {
    this.#stopped = true;
    this.#stage = "draining";
    this.#stopTicking();
    this.#changes.stop();
    for (const connection of this.#publishersFirst()) connection.shutdown(how);
  }

  /** Whether every connection is gone. */
  get idle(): boolean {
    return this.#connections.size === 0;
  }

  /** Publishers, then all. Streams end first, so that players are notified before their connections close. */
  *#publishersFirst(): Generator<ServedConnection> {
    for (const connection of this.#connections) if (connection.publishing > 0) yield connection;
    yield* this.#connections;
  }

  #gone(connection: ServedConnection): void {
    if (!this.#connections.delete(connection)) return;
    if (this.#connections.size === 0) this.#stopTicking();
  }

  #stopTicking(): void {
    this.#tick?.cancel();
    this.#tick = undefined;
    this.#ticks.stop();
  }
}
