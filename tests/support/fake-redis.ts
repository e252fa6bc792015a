import type { OpenRedis, RedisConnection } from "../../src/base/redis.ts";
import type { RegistryServer } from "../../src/features/registry/config.ts";
import type { FakeClock } from "./fake-clock.ts";
import { RedisModel } from "./redis-model.ts";

interface Subscriber {
  readonly from: string;
  readonly channels: readonly string[];
  readonly onMessage: (channel: string, text: string) => void;
}

interface Open {
  readonly from: string;
  readonly process: object | undefined;
  readonly end: () => void;
}

/** The servers that nodes name as their registry, and the way to them. */
export interface FakeServers {
  readonly servers: readonly RegistryServer[];
  /** Connections of a node, by one of its processes. */
  opener(from: string, process?: object): OpenRedis;
}

/** A server of Redis on the fake clock, which a test may stop, kill, cut off from nodes, and empty. */
export class FakeRedis implements FakeServers {
  readonly model: RedisModel;
  readonly servers: readonly [RegistryServer];
  /** How long a command is on its way there and back, ms. */
  latencyMs = 2;
  /** How long the next command is on its way there, and its answer back, ms. One never overtakes another of its connection. */
  wayMs: () => number = () => this.latencyMs / 2;
  /** How late a message comes, ms, once for each time that it does. */
  hintsMs: () => readonly number[] = () => [this.latencyMs];
  /** Nobody listens. */
  dead = false;
  /** It follows another server, and takes no writes. */
  replica = false;
  /** It takes everything and answers nothing. */
  stopped = false;
  /** Each write is refused with this. */
  refuses: string | undefined;
  /** Each subscription is refused with this. */
  refusesChannels: string | undefined;
  /** Nodes, by their ids, from which nothing comes. */
  readonly cutOff = new Set<string>();
  /** Messages that are published get lost. */
  deaf = false;
  /** Commands so far, by name. */
  readonly counts = new Map<string, number>();
  readonly #clock: FakeClock;
  readonly #open = new Set<Open>();
  readonly #subscribers = new Set<Subscriber>();
  #held: (() => void)[] = [];

  constructor(clock: FakeClock, host = "r") {
    this.#clock = clock;
    const nobody = { port: 6379, tls: false, username: "", password: "", database: 0 };
    this.servers = [{ text: `redis://${host}`, host, ...nobody }];
    this.model = new RedisModel(() => clock.now());
    this.model.publish = (channel, text) => this.#publish(channel, text);
  }

  opener(from: string, process?: object): OpenRedis {
    return (_server, timeoutMs, closed) => this.#connect({ from, process }, timeoutMs, closed);
  }

  /** Its process is gone, with its memory unless `keep`. */
  kill(keep = false): void {
    this.dead = true;
    if (!keep) this.model.flush();
    this.#held = [];
    this.disconnect();
  }

  /** All connections end: what was on its way there or back is lost. */
  disconnect(): void {
    for (const { end } of [...this.#open]) end();
  }

  /** It goes on: what it had not answered comes now. */
  resume(): void {
    this.stopped = false;
    for (const run of this.#held.splice(0)) run();
  }

  /** A node or one of its processes is gone, and its connections with it. */
  forget(who: string | object): void {
    for (const open of [...this.#open]) if (open.from === who || open.process === who) open.end();
  }

  get connections(): number {
    return this.#open.size;
  }

  connectionsOf(from: string): number {
    let count = 0;
    for (const open of this.#open) if (open.from === from) count++;
    return count;
  }

  #connect(who: Pick<Open, "from" | "process">, timeoutMs: number, closed: () => void): Promise<RedisConnection> {
    const { promise, resolve, reject } = Promise.withResolvers<RedisConnection>();
    const silent = () => this.stopped || this.cutOff.has(who.from);
    const timer = this.#clock.after(timeoutMs, () => reject(new Error(`no answer within ${timeoutMs} ms`)));
    this.#clock.after(this.latencyMs, () => {
      if (silent()) return;
      timer.cancel();
      if (this.dead) reject(new Error("no connection"));
      else resolve(this.#connection(who, closed));
    });
    return promise;
  }

  #connection({ from, process }: Pick<Open, "from" | "process">, closed: () => void): RedisConnection {
    let isOpen = true;
    let thereAt = 0;
    let backAt = 0;
    const waiting = new Set<(error: Error) => void>();
    const close = () => {
      isOpen = false;
      this.#open.delete(open);
      for (const each of [...this.#subscribers]) if (each === subscriber) this.#subscribers.delete(each);
      for (const fail of [...waiting]) fail(new Error("the connection is closed"));
      waiting.clear();
    };
    const open: Open = {
      ...{ from, process },
      end: () => {
        close();
        closed();
      },
    };
    let subscriber: Subscriber | undefined;
    this.#open.add(open);
    const call = (command: string, args: readonly string[]) => {
      if (!isOpen) return Promise.reject(new Error("the connection is closed"));
      const { promise, resolve, reject } = Promise.withResolvers<unknown>();
      waiting.add(reject);
      this.counts.set(command, (this.counts.get(command) ?? 0) + 1);
      const answer = (settle: () => void) => {
        backAt = Math.max(backAt, this.#clock.now() + this.wayMs());
        this.#clock.after(backAt - this.#clock.now(), () => {
          if (waiting.delete(reject)) settle();
        });
      };
      const run = () => {
        // A server that goes on does what it had received, though nobody waits any more.
        if (this.stopped) {
          this.#held.push(run);
          return;
        }
        // A packet that is lost on the way to or from a server that is cut off.
        if (this.dead || this.cutOff.has(from)) return;
        try {
          const value = this.#run(command, args);
          answer(() => resolve(value));
        } catch (error) {
          answer(() => reject(error));
        }
      };
      thereAt = Math.max(thereAt, this.#clock.now() + this.wayMs());
      this.#clock.after(thereAt - this.#clock.now(), run);
      return promise;
    };
    return {
      call,
      close,
      subscribe: async (channels, onMessage) => {
        await call("PING", []);
        if (this.refusesChannels !== undefined) throw new Error(this.refusesChannels);
        subscriber = { from, channels, onMessage };
        this.#subscribers.add(subscriber);
      },
    };
  }

  #run(command: string, args: readonly string[]): unknown {
    const refuses = this.replica ? "READONLY You can't write against a read only replica." : this.refuses;
    if (refuses !== undefined && /EVAL|DEL/.test(command)) throw new Error(refuses);
    const answer = this.model.run(command, args);
    return command === "INFO" && this.replica ? String(answer).replace("role:master", "role:slave") : answer;
  }

  #publish(channel: string, text: string): number {
    if (this.deaf) return 0;
    let count = 0;
    for (const { from, channels, onMessage } of this.#subscribers) {
      if (!channels.includes(channel) || this.cutOff.has(from)) continue;
      count++;
      for (const delayMs of this.hintsMs()) this.#clock.after(delayMs, () => onMessage(channel, text));
    }
    return count;
  }
}
