import type { Clock, Timer } from "../../base/clock.ts";
import type { OpenRedis, RedisConnection } from "../../base/redis.ts";
import type { RegistryServer } from "./config.ts";
import { type RedisCall, RedisStore } from "./redis-store.ts";
import { inTime, serverProblem } from "./server-check.ts";

/** The servers are compared this long after a connection, and this often, ms; each time up to twice as late, at random. */
const FIRST_MS = 1000;
const PERIOD_MS = 10_000;
const CONNECT_MS = 2000;
const ANSWER_MS = 1500;

/** What the choice needs. */
export interface ServerChoiceContext {
  readonly clock: Clock;
  readonly openRedis: OpenRedis;
  readonly randomNumber: () => number;
  prefix(): string;
  /** In the order of the configuration. */
  servers(): readonly RegistryServer[];
  /** The server in use, and commands to it; undefined while there is none. */
  used(): RegistryServer | undefined;
  readonly call: RedisCall;
  /** Another server is to be used. */
  move(to: RegistryServer): void;
}

/**
 * Chooses the server of the registry. After a failover or in a network split, two servers may take writes, each with some of the nodes. All nodes
 * compare all servers from time to time, and move to the one with most living nodes; among equals, to the first of the list.
 */
export class ServerChoice {
  readonly #context: ServerChoiceContext;
  #timer: Timer | undefined;

  constructor(context: ServerChoiceContext) {
    this.#context = context;
  }

  /** A server is in use from now on. */
  start(): void {
    this.stop();
    if (this.#context.servers().length > 1) this.#again(FIRST_MS);
  }

  stop(): void {
    this.#timer?.cancel();
    this.#timer = undefined;
  }

  #again(ms: number): void {
    const timer = this.#context.clock.after(ms * (1 + this.#context.randomNumber()), () => {
      const next = () => {
        if (this.#timer === timer) this.#again(PERIOD_MS);
      };
      this.#look().then(next, next);
    });
    this.#timer = timer;
  }

  async #look(): Promise<void> {
    const { servers, used, move } = this.#context;
    const own = used();
    if (own === undefined) return;
    const counts = await Promise.all(
      servers().map((server) => (server === own ? this.#count(this.#context.call) : this.#countAt(server))),
    );
    const most = Math.max(...counts);
    const best = servers()[counts.indexOf(most)];
    if (best !== undefined && best !== own && used() === own) move(best);
  }

  /** Number of living nodes at another server; -1 if it takes no writes. */
  async #countAt(server: RegistryServer): Promise<number> {
    const { clock, openRedis } = this.#context;
    let connection: RedisConnection | undefined;
    try {
      const opened = openRedis(server, CONNECT_MS, () => undefined);
      connection = await opened;
      const call: RedisCall = (command, args) =>
        inTime(connection?.call(command, args) ?? Promise.reject(new Error("closed")), clock, ANSWER_MS);
      return (await serverProblem(call)) === undefined ? await this.#count(call) : -1;
    } catch {
      return -1;
    } finally {
      connection?.close();
    }
  }

  async #count(call: RedisCall): Promise<number> {
    return (await new RedisStore(call, this.#context.prefix).nodes(0)).living.length;
  }
}
