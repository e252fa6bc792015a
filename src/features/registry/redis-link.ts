import { Backoff } from "../../base/backoff.ts";
import type { Clock, Timer } from "../../base/clock.ts";
import { messageOf } from "../../base/errors.ts";
import type { Log } from "../../base/log.ts";
import type { OpenRedis, RedisConnection } from "../../base/redis.ts";
import type { RegistryReport } from "../../live/ports/report.ts";
import { Outage } from "../../relay/outage.ts";
import { type RegistryServer, serverLabel } from "./config.ts";
import { RefusedCommands } from "./refused-commands.ts";
import { serverProblem } from "./server-check.ts";

/** The connection is closed if a command has no answer within this time, ms. */
const DEADLINE_MS = 1500;
const CONNECT_MS = 2000;
/** All nodes reconnect within the lease during which no node counts as dead (`scripts.ts`). */
const BACKOFF = { firstMs: 200, factor: 2, maxMs: 2000 } as const;
/** A connection that ends sooner does not end the outage, ms. */
const SETTLED_MS = 2000;
/** Errors of a replica or a primary that was cut off: another server may be the primary. Redis 6 puts the place in the script before them. */
const TAKES_NO_WRITES = /(?:^|-)(?:READONLY|MASTERDOWN|LOADING|NOREPLICAS)\b/;
/** Maximum number of commands that wait for answers; more are refused. */
const MAX_WAITING = 2000;

/** What a link needs from outside. */
export interface LinkContext {
  readonly clock: Clock;
  readonly log: Log;
  readonly openRedis: OpenRedis;
  /** Numbers in [0, 1), for the jitter of retries. */
  readonly randomNumber: () => number;
}

/** A link's report: a registry's report without the field that only its owner knows. */
export type LinkReport = Omit<RegistryReport, "lostClaims">;

/** Notifications for a link's owner. */
export interface LinkEvents {
  /** A server takes commands; it may have lost what was written before. */
  up(): void;
  /** No server takes commands any more. */
  down(): void;
}

/*
 * down ──(connect: the first of the servers that takes writes)──> up ──(closed, silent, or takes no writes)──> down
 */
/**
 * The connection to one of the registry's servers; it reconnects after a failure. Each command has a deadline, and is refused at once while
 * there is no connection, so callers never wait for a reconnection.
 */
export class RedisLink {
  readonly #context: LinkContext;
  readonly #events: LinkEvents;
  readonly #backoff: Backoff;
  readonly #outage: Outage;
  #servers: readonly RegistryServer[] = [];
  /** The server that the next attempt tries before the others. */
  #first: RegistryServer | undefined;
  #connection: RedisConnection | undefined;
  #server: RegistryServer | undefined;
  #retry: Timer | undefined;
  /** Runs until the connection has settled. */
  #settling: Timer | undefined;
  /** Whether a connection of this outage has ended before it settled. */
  #flaps = false;
  /** The reject functions of commands that wait for answers. */
  readonly #waiting = new Set<(error: Error) => void>();
  /** Number of the last attempt; a connection of an older one is closed. */
  #attempt = 0;
  #problem: string | undefined;
  readonly #refused: RefusedCommands;
  /** When the connection began, or when it was lost, Unix ms. */
  #since: number;
  readonly #counts = { commands: 0, refused: 0, dropped: 0 };

  constructor(context: LinkContext, events: LinkEvents) {
    this.#context = context;
    this.#events = events;
    this.#backoff = new Backoff(BACKOFF, context.randomNumber);
    this.#outage = new Outage(context.clock);
    this.#refused = new RefusedCommands(context);
    this.#since = context.clock.wall();
  }

  /** All configured servers, in their order. */
  get servers(): readonly RegistryServer[] {
    return this.#servers;
  }

  /** The server in use; undefined while there is none. */
  get server(): RegistryServer | undefined {
    return this.#connection === undefined ? undefined : this.#server;
  }

  /** Why there is no connection; undefined while there is one, and before the first attempt has ended. */
  get problem(): string | undefined {
    return this.#problem;
  }

  /** The state of the connection and its counts; undefined without any server. */
  get report(): LinkReport | undefined {
    if (this.#servers.length === 0) return undefined;
    const used = this.server;
    const to = used === undefined ? this.#servers.map(serverLabel).join(", ") : serverLabel(used);
    const waiting = this.#waiting.size;
    const lastError = this.#problem ?? this.#refused.problem;
    return { to, up: used !== undefined, since: this.#since, lastError, ...this.#counts, waiting };
  }

  /** Uses these servers from now on; with none, the link stays closed. */
  follow(servers: readonly RegistryServer[]): void {
    this.stop();
    this.#servers = servers;
    if (servers.length > 0) void this.#connect();
  }

  /** Leaves the server in use for another one of the list, which is tried first. */
  move(to: RegistryServer): void {
    this.#first = to;
    if (this.#connection !== undefined) this.#failed(`more nodes are at ${serverLabel(to)}`);
  }

  stop(): void {
    this.#first = undefined;
    this.#servers = [];
    this.#retry?.cancel();
    this.#drop("the server stops");
    this.#attempt++;
    this.#problem = undefined;
  }

  /** Sends a command. Rejects with a sentence, at once while there is no connection, else within the deadline. */
  call(command: string, args: readonly string[]): Promise<unknown> {
    const connection = this.#connection;
    if (connection === undefined) return this.#dropped("there is no connection to the registry");
    if (this.#waiting.size >= MAX_WAITING) return this.#dropped("too many calls wait for the registry");
    this.#counts.commands++;
    return this.#limited(connection.call(command, args)).catch((error: unknown) => {
      const text = messageOf(error);
      // NOSCRIPT is no refusal: the store then sends the script's text.
      if (connection !== this.#connection) this.#counts.dropped++;
      else if (!text.startsWith("NOSCRIPT")) this.#counts.refused++;
      if (connection === this.#connection && TAKES_NO_WRITES.test(text)) this.#failed(text);
      else if (connection === this.#connection && !text.startsWith("NOSCRIPT")) this.refused(text);
      throw error;
    });
  }

  /** The server in use has refused a command, for this reason. */
  refused(reason: string): void {
    if (this.server !== undefined) this.#refused.add(serverLabel(this.server), reason);
  }

  #dropped(reason: string): Promise<never> {
    this.#counts.dropped++;
    return Promise.reject(new Error(reason));
  }

  async #connect(): Promise<void> {
    const attempt = ++this.#attempt;
    const problems: string[] = [];
    const first = this.#first;
    this.#first = undefined;
    const servers =
      first === undefined ? this.#servers : [first, ...this.#servers.filter((server) => server !== first)];
    for (const server of servers) {
      const found = await this.#open(server, attempt);
      if (attempt !== this.#attempt) {
        if (typeof found !== "string") found.close();
        return;
      }
      if (typeof found !== "string") {
        this.#begin(server, found);
        return;
      }
      problems.push(`${serverLabel(server)}: ${found}`);
    }
    this.#failed(problems.join("; "));
  }

  /** Opens a connection to a server; a sentence if the server can't be used. */
  async #open(server: RegistryServer, attempt: number): Promise<RedisConnection | string> {
    const { openRedis } = this.#context;
    let connection: RedisConnection | undefined;
    try {
      const opened = openRedis(server, CONNECT_MS, () => {
        if (connection !== undefined && connection === this.#connection) this.#failed("it closed the connection");
      });
      // A connection that opens after its attempt was given up is closed.
      opened.then(
        (late) => attempt !== this.#attempt && late.close(),
        () => undefined,
      );
      connection = await this.#limited(opened, CONNECT_MS + DEADLINE_MS);
      const problem = await serverProblem((command, args) =>
        this.#limited(connection?.call(command, args) ?? Promise.reject(new Error("it closed the connection"))),
      );
      if (problem === undefined) return connection;
      connection.close();
      return problem;
    } catch (error) {
      connection?.close();
      return messageOf(error);
    }
  }

  #begin(server: RegistryServer, connection: RedisConnection): void {
    this.#connection = connection;
    this.#server = server;
    this.#problem = undefined;
    this.#since = this.#context.clock.wall();
    const { clock, log } = this.#context;
    const registry = serverLabel(server);
    if (!this.#flaps) log.info("registry connected", { registry, outage_seconds: this.#outage.seconds });
    this.#settling = clock.after(SETTLED_MS, () => {
      this.#settling = undefined;
      this.#backoff.reset();
      const outage_seconds = this.#outage.end();
      if (this.#flaps) log.info("registry connected", { registry, outage_seconds });
      this.#flaps = false;
    });
    this.#events.up();
  }

  #failed(problem: string): void {
    const { clock, log } = this.#context;
    const wasUp = this.#connection !== undefined;
    const text = wasUp && this.#server !== undefined ? `${serverLabel(this.#server)}: ${problem}` : problem;
    this.#problem = text;
    if (wasUp) this.#since = clock.wall();
    this.#flaps ||= this.#settling !== undefined;
    this.#attempt++;
    this.#drop(text);
    const told = this.#outage.failed(text);
    if (told !== undefined) log.warn("registry away", { error: text, ...(told === "new" ? {} : told) });
    this.#retry?.cancel();
    this.#retry = clock.after(this.#backoff.next(), () => void this.#connect());
    if (wasUp) this.#events.down();
  }

  #drop(reason: string): void {
    const connection = this.#connection;
    this.#connection = undefined;
    this.#settling?.cancel();
    this.#settling = undefined;
    connection?.close();
    this.#refused.clear();
    for (const reject of [...this.#waiting]) reject(new Error(reason));
  }

  /** The same promise with a deadline; a command of the connection in use that misses it ends that connection. */
  #limited<T>(promise: Promise<T>, timeoutMs = DEADLINE_MS): Promise<T> {
    const used = this.#connection;
    return new Promise((resolve, reject) => {
      const settle = () => {
        timer.cancel();
        this.#waiting.delete(give);
      };
      const give = (error: Error) => {
        settle();
        reject(error);
      };
      const timer = this.#context.clock.after(timeoutMs, () => {
        const error = new Error(`no answer within ${timeoutMs} ms`);
        give(error);
        if (used !== undefined && used === this.#connection) this.#failed(error.message);
      });
      this.#waiting.add(give);
      promise.then(
        (value) => {
          settle();
          resolve(value);
        },
        (error: unknown) => give(error instanceof Error ? error : new Error(String(error))),
      );
    });
  }
}
