import { formatHostPort, type HostPort } from "../../base/address.ts";
import type { Clock, Timer } from "../../base/clock.ts";
import type { Log } from "../../base/log.ts";
import type { TransportHandler } from "../../base/transport.ts";
import type { SourceEnd } from "../source/source.ts";
import type { ConnectionAccount, ConnectionEnds } from "./connections.ts";
import type { Feature } from "./feature.ts";
import type { Refusals } from "./refusals.ts";

const TICK_MS = 1000;

/** A protocol's connection, as the server's other parts see it. */
export interface ServedConnection extends TransportHandler {
  /** How many streams it publishes. */
  readonly publishing: number;
  /** Looks after timeouts and limits; called about once a second with monotonic ms. */
  tick(now: number): void;
  /** The configuration has changed. */
  reconfigure(): void;
  /** The server stops: what is under way ends, and the connection closes when all is sent. */
  shutdown(how: SourceEnd): void;
}

/** A protocol that clients connect with. */
export interface ConnectionServer {
  /** As the endpoints of listeners name it. */
  readonly protocol: string;
  /** Takes a connection that has its place among all; `id` is unlike any other client's. */
  accept(id: string, ends: ConnectionEnds): ServedConnection;
}

/** What accepting connections takes. */
export interface ConnectionServersOptions {
  readonly clock: Clock;
  readonly log: Log;
  readonly refusals: Refusals;
  readonly account: ConnectionAccount;
  readonly servers: readonly ConnectionServer[];
}

/** Accepts the connections of all protocols, counts them, and has them look after their time until they are over. */
export class ConnectionServers implements Feature {
  readonly name = "connections";
  readonly #options: ConnectionServersOptions;
  readonly #servers: ReadonlyMap<string, ConnectionServer>;
  readonly #connections = new Set<ServedConnection>();
  /** Runs while there are connections. */
  #tick: Timer | undefined;
  #nextId = 1;
  #stopped = false;

  constructor(options: ConnectionServersOptions) {
    this.#options = options;
    this.#servers = new Map(options.servers.map((server) => [server.protocol, server]));
  }

  /** The handler of a client's new connection; undefined for one that is refused, which is counted and logged, or comes after `stop`. */
  accept(protocol: string, remote: HostPort): TransportHandler | undefined {
    const server = this.#servers.get(protocol);
    if (server === undefined) throw new Error(`nothing speaks ${protocol}`);
    // A proxy may have named its client only now.
    if (this.#stopped) return undefined;
    const { account, clock } = this.#options;
    const place = account.acquire(remote.host);
    if (!place.ok) {
      this.refuse(place.rule, remote, place.reason);
      return undefined;
    }
    const connection: ServedConnection = server.accept(`c${this.#nextId++}`, {
      hungUp: () => place.hungUp(),
      gone: () => {
        place.gone();
        this.#gone(connection);
      },
    });
    this.#connections.add(connection);
    this.#tick ??= clock.every(TICK_MS, () => this.#onTick());
    return connection;
  }

  /** Counts and logs a connection that is closed before a protocol has it. */
  refuse(rule: string, peer: HostPort, error: string): void {
    const { log, refusals } = this.#options;
    refusals.add({ rule, log, message: "connection refused", fields: { addr: formatHostPort(peer), error } });
  }

  /** The configuration has changed: connections follow it. Streams of a vhost that takes nobody any more end properly. */
  reconfigure(): void {
    this.#publishersFirst((connection) => connection.reconfigure());
  }

  /**
   * Ends every stream and connection properly. What is under way still leaves. `lost`: the publishers may go on elsewhere, and
   * whoever gets their streams waits for them.
   */
  stop(how: SourceEnd = "unpublished"): void {
    this.#stopped = true;
    this.#stopTicking();
    this.#publishersFirst((connection) => connection.shutdown(how));
  }

  /** Whether every connection is gone. */
  get idle(): boolean {
    return this.#connections.size === 0;
  }

  /** Streams first: that tells the players of their end before their connections close. */
  #publishersFirst(work: (connection: ServedConnection) => void): void {
    for (const connection of [...this.#connections]) if (connection.publishing > 0) work(connection);
    for (const connection of [...this.#connections]) work(connection);
  }

  #gone(connection: ServedConnection): void {
    if (!this.#connections.delete(connection)) return;
    if (this.#connections.size === 0) this.#stopTicking();
  }

  #onTick(): void {
    const now = this.#options.clock.now();
    for (const connection of this.#connections) connection.tick(now);
  }

  #stopTicking(): void {
    this.#tick?.cancel();
    this.#tick = undefined;
  }
}
