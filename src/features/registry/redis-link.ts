import { Backoff } from "../../base/backoff.ts";
import type { Clock, Timer } from "../../base/clock.ts";
import { messageOf } from "../../base/errors.ts";
import type { Log } from "../../base/log.ts";
import type { OpenRedis, RedisConnection } from "../../base/redis.ts";
import type { RegistryReport } from "../../live/ports/report.ts";
import { Outage } from "../../relay/outage.ts";
import { type RegistryServer, serverLabel } from "./config.ts";
import { serverProblem } from "./server-check.ts";

/** A server that does not answer a command within this time is given up, ms. */
const DEADLINE_MS = 1500;
const CONNECT_MS = 2000;
/** All are back within a lease, in which nobody counts as dead (`scripts`). */
const BACKOFF = { firstMs: 200, factor: 2, maxMs: 2000 } as const;
/** A connection that ends sooner has brought nothing, ms: the outage goes on. */
const SETTLED_MS = 2000;
/** A replica, or a primary that was cut off: another server may be the primary. Redis 6 tells first where in a script it was. */
const TAKES_NO_WRITES = /(?:^|-)(?:READONLY|MASTERDOWN|LOADING|NOREPLICAS)\b/;
/** Commands that may wait for answers; more are refused. */
const MAX_WAITING = 2000;

/** What a link needs from outside. */
export interface LinkContext {
  readonly clock: Clock;
  readonly log: Log;
  readonly openRedis: OpenRedis;
  /** Numbers in [0, 1), for the jitter of retries. */
  readonly randomNumber: () => number;
}

/** How a link stands: a registry's report without what only its owner knows. */
export type LinkReport = Omit<RegistryReport, "lostClaims">;

/** What a link's owner is told. */
export interface LinkEvents {
  /** A server takes commands; it may have lost what was told before. */
  up(): void;
  /** It takes none any more. */
  down(): void;
}

/*
 * down ──(connect: the first of the servers that takes writes)──> up ──(closed, silent, or takes no writes)──> down
 */
/**
 * A connection to one of the registry's servers, made again when it fails. Nobody waits for it: each command has a deadline, and while
 * there is no connection it is refused at once.
 */
export class RedisLink {
  readonly #context: LinkContext;
  readonly #events: LinkEvents;
  readonly #backoff: Backoff;
  readonly #outage: Outage;
  #servers: readonly RegistryServer[] = [];
  /** Tried before the others, once. */
  #first: RegistryServer | undefined;
  #connection: RedisConnection | undefined;
  #server: RegistryServer | undefined;
  #retry: Timer | undefined;
  /** Runs until the connection has settled. */
  #settling: Timer | undefined;
  /** The last connection has not settled. */
  #flaps = false;
  /** Rejects for the commands that wait. */
  readonly #waiting = new Set<(error: Error) => void>();
  /** Counts attempts: what an older one brings is closed. */
  #attempt = 0;
  #problem: string | undefined;
  /** When the connection began, or there was none any more; Unix ms. */
  #since: number;
  readonly #counts = { commands: 0, refused: 0, dropped: 0 };

  constructor(context: LinkContext, events: LinkEvents) {
    this.#context = context;
    this.#events = events;
    this.#backoff = new Backoff(BACKOFF, context.randomNumber);
    this.#outage = new Outage(context.clock);
    this.#since = context.clock.wall();
  }

  /** All that may be used, in their order. */
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

  /** How the connection stands; undefined without any server. */
  get report(): LinkReport | undefined {
    if (this.#servers.length === 0) return undefined;
    const used = this.server;
    const to = used === undefined ? this.#servers.map(serverLabel).join(", ") : serverLabel(used);
    const waiting = this.#waiting.size;
    return { to, up: used !== undefined, since: this.#since, lastError: this.#problem, ...this.#counts, waiting };
  }

  /** Uses these servers from now on; none: it connects no more. */
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
      // A server that lacks a script is given it.
      if (connection !== this.#connection) this.#counts.dropped++;
      else if (!messageOf(error).startsWith("NOSCRIPT")) this.#counts.refused++;
      if (TAKES_NO_WRITES.test(messageOf(error)) && connection === this.#connection) this.#failed(messageOf(error));
      throw error;
    });
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

  /** A connection to a server that can be used, or what is wrong with it. */
  async #open(server: RegistryServer, attempt: number): Promise<RedisConnection | string> {
    const { openRedis } = this.#context;
    let connection: RedisConnection | undefined;
    try {
      const opened = openRedis(server, CONNECT_MS, () => {
        if (connection !== undefined && connection === this.#connection) this.#failed("it closed the connection");
      });
      // One that opens too late is of no use.
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
