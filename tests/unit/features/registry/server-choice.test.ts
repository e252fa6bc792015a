import { expect, test } from "bun:test";
import type { RegistryServer } from "../../../../src/features/registry/config.ts";
import { RedisStore } from "../../../../src/features/registry/redis-store.ts";
import { ServerChoice } from "../../../../src/features/registry/server-choice.ts";
import { FakeClock } from "../../../support/fake-clock.ts";
import { FakeRedis } from "../../../support/fake-redis.ts";

/** Two servers that may be used; the first of them is. */
class Choice {
  readonly clock = new FakeClock();
  readonly servers = ["a", "b"].map((host): RegistryServer => {
    const nobody = { port: 6379, tls: false, username: "", password: "", database: 0 };
    return { text: `redis://${host}`, host, ...nobody };
  });
  readonly redis = new Map(this.servers.map((server) => [server, new FakeRedis(this.clock)]));
  readonly moves: string[] = [];
  used = this.servers[0];
  readonly choice = new ServerChoice({
    clock: this.clock,
    randomNumber: () => 0.5,
    openRedis: (to, timeoutMs, closed) => this.at(to as RegistryServer).opener("00")(to, timeoutMs, closed),
    prefix: () => "srs",
    servers: () => this.servers,
    used: () => this.used,
    call: async (command, args) => this.at(this.used).model.run(command, args),
    move: ({ host }) => this.moves.push(host),
  });

  at(server: RegistryServer | undefined): FakeRedis {
    const redis = server && this.redis.get(server);
    if (redis === undefined) throw new Error("no such server");
    return redis;
  }

  /** Nodes that renew their leases at each server, while time passes until all are looked at once. */
  async look(...counts: readonly number[]): Promise<readonly string[]> {
    this.moves.length = 0;
    this.choice.start();
    for (let second = 0; second < 3; second++) {
      for (const [at, server] of this.servers.entries()) {
        const { model } = this.at(server);
        const store = new RedisStore(
          async (command, args) => model.run(command, args),
          () => "srs",
        );
        for (let node = 1; node <= (counts[at] ?? 0); node++) await store.renew(`${at}${node}`, "{}");
      }
      for (let ms = 0; ms < 1000; ms += 5) {
        this.clock.advance(5);
        await new Promise<void>((resolve) => void setImmediate(resolve));
      }
    }
    this.choice.stop();
    return this.moves;
  }
}

test("Of two servers that accept writes, the one with more living nodes is used; if equal, the first", async () => {
  const it = new Choice();
  expect(await it.look(1, 2)).toEqual(["b"]);
  it.used = it.servers[1];
  expect(await it.look(1, 2)).toEqual([]);
  expect(await it.look(2, 2)).toEqual(["a"]);
});

test("A server that is gone, hangs or accepts no writes is not used, whatever nodes it has", async () => {
  const it = new Choice();
  const other = it.at(it.servers[1]);
  other.stopped = true;
  expect(await it.look(1, 3)).toEqual([]);
  other.stopped = false;
  other.dead = true;
  expect(await it.look(1, 3)).toEqual([]);
  other.dead = false;
  const run = other.model.run.bind(other.model);
  other.model.run = (command, args) =>
    command === "INFO" ? "redis_version:7.0.15\r\nredis_mode:standalone\r\nrole:slave\r\n" : run(command, args);
  expect(await it.look(1, 3)).toEqual([]);
  expect([other.connections, it.clock.timers]).toEqual([0, 0]);
});
