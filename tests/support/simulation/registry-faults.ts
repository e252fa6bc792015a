import { RedisModel } from "../redis-model.ts";
import type { RegistryStage } from "../registry-stage.ts";

/** What befalls the registry of a history. */
export class RedisFaults {
  readonly #stage: RegistryStage;
  readonly #note: (text: string) => void;
  /** What a replica knows. */
  readonly #backup = new RedisModel(() => 0);
  /** Since when Redis does all that it should, ms; undefined while it does not. */
  since: number | undefined = 0;

  constructor({ stage, note }: { readonly stage: RegistryStage; note(text: string): void }) {
    this.#stage = stage;
    this.#note = note;
  }

  /** The faults by number, from 0 to 5. */
  befall(what: number): void {
    const { redis } = this.#stage;
    if (what === 0) this.#stop();
    else if (what === 1) this.#kill();
    else if (what === 2) this.#event("flushed", () => redis.model.flush());
    else if (what === 3) this.#event("disconnects", () => redis.disconnect());
    else if (what === 4) this.#backup.copyFrom(redis.model);
    else this.#failover();
  }

  /** All of it is over. */
  heal(): void {
    const { redis, clock } = this.#stage;
    if (redis.stopped) redis.resume();
    redis.dead = false;
    this.since = clock.now();
  }

  #event(what: string, happens: () => void): void {
    this.#note(`redis ${what}`);
    happens();
    if (this.since !== undefined) this.since = this.#stage.clock.now();
  }

  #stop(): void {
    const { redis, clock } = this.#stage;
    if (redis.dead) return;
    this.#note(redis.stopped ? "redis goes on" : "redis is stopped");
    if (redis.stopped) redis.resume();
    else redis.stopped = true;
    this.since = redis.stopped ? undefined : clock.now();
  }

  #kill(): void {
    const { redis, clock } = this.#stage;
    if (redis.stopped) return;
    this.#note(redis.dead ? "redis starts" : "redis is killed");
    if (redis.dead) redis.dead = false;
    else redis.kill();
    this.since = redis.dead ? undefined : clock.now();
  }

  /** A replica that has not heard the last seconds becomes the primary. */
  #failover(): void {
    const { redis } = this.#stage;
    if (redis.dead || redis.stopped) return;
    this.#event("fails over", () => {
      redis.kill();
      redis.model.copyFrom(this.#backup);
      redis.dead = false;
    });
  }
}
