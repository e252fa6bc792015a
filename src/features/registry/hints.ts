import { Backoff } from "../../base/backoff.ts";
import type { Clock, Timer } from "../../base/clock.ts";
import { messageOf } from "../../base/errors.ts";
import type { OpenRedis, RedisConnection } from "../../base/redis.ts";
import type { RegistryServer } from "./config.ts";

const CONNECT_MS = 2000;
/** A connection without a message for this long is replaced, ms: it may be dead without notice. */
const SILENT_MS = 10_000;
const BACKOFF = { firstMs: 500, factor: 2, maxMs: 10_000 } as const;

/** What hints need. */
export interface HintsContext {
  readonly clock: Clock;
  readonly openRedis: OpenRedis;
  readonly randomNumber: () => number;
  /** The server lets this user subscribe to nothing, for this reason. */
  refused(reason: string): void;
}

/** Redis's answers to what it refuses begin with a word in capitals; errors of a connection don't. */
const REFUSAL = /^[A-Z]+ /;

/**
 * Subscribes to the nodes' messages in the registry. A message is only a hint that makes others look sooner, so a lost one does no harm.
 * This process sends itself a message from time to time (`Registry`), so that a dead connection is noticed.
 */
export class Hints {
  readonly #context: HintsContext;
  readonly #onMessage: (channel: string, text: string) => void;
  readonly #backoff: Backoff;
  #connection: RedisConnection | undefined;
  #timer: Timer | undefined;
  #heardAt = 0;
  #attempt = 0;

  constructor(context: HintsContext, onMessage: (channel: string, text: string) => void) {
    this.#context = context;
    this.#onMessage = onMessage;
    this.#backoff = new Backoff(BACKOFF, context.randomNumber);
  }

  /** Subscribes at this server from now on, in place of the last one. */
  listen(server: RegistryServer, channels: readonly string[]): void {
    this.stop();
    void this.#open(server, channels, this.#attempt);
  }

  stop(): void {
    this.#attempt++;
    this.#timer?.cancel();
    this.#connection?.close();
    this.#connection = undefined;
  }

  async #open(server: RegistryServer, channels: readonly string[], attempt: number): Promise<void> {
    const { clock, openRedis } = this.#context;
    const again = () => {
      if (attempt === this.#attempt) this.#again(server, channels);
    };
    try {
      const connection = await openRedis(server, CONNECT_MS, again);
      if (attempt !== this.#attempt) {
        connection.close();
        return;
      }
      this.#connection = connection;
      this.#heardAt = clock.now();
      this.#timer = clock.every(SILENT_MS / 2, () => {
        if (clock.now() - this.#heardAt >= SILENT_MS) again();
      });
      await connection.subscribe(channels, (channel, text) => {
        if (attempt !== this.#attempt) return;
        this.#heardAt = clock.now();
        this.#backoff.reset();
        this.#onMessage(channel, text);
      });
    } catch (error) {
      const reason = messageOf(error);
      if (attempt === this.#attempt && REFUSAL.test(reason)) this.#context.refused(reason);
      again();
    }
  }

  #again(server: RegistryServer, channels: readonly string[]): void {
    this.stop();
    const attempt = this.#attempt;
    this.#timer = this.#context.clock.after(this.#backoff.next(), () => void this.#open(server, channels, attempt));
  }
}
