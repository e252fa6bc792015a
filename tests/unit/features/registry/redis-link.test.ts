import { describe, expect, test } from "bun:test";
import type { OpenRedis } from "../../../../src/base/redis.ts";
import type { RegistryServer } from "../../../../src/features/registry/config.ts";
import { RedisLink } from "../../../../src/features/registry/redis-link.ts";
import { FakeClock } from "../../../support/fake-clock.ts";
import { FakeRedis } from "../../../support/fake-redis.ts";
import { RecordingLog } from "../../../support/recording-log.ts";

const server = (host: string): RegistryServer => ({
  ...{ text: `redis://${host}`, host, port: 6379, tls: false, username: "", password: "", database: 0 },
});

/** A link to servers that a test makes. */
class Stage {
  readonly clock = new FakeClock();
  readonly log = new RecordingLog();
  readonly servers = new Map<string, FakeRedis>();
  readonly told: string[] = [];
  /** What the owner does with a connection. */
  onUp: () => void = () => undefined;
  /** What INFO answers, by host. */
  readonly info = new Map<string, string>();
  readonly openRedis: OpenRedis = async (to, timeoutMs, closed) => {
    const redis = this.servers.get(to.host);
    if (redis === undefined) throw new Error("no connection");
    const connection = await redis.opener("00")(to, timeoutMs, closed);
    const { call } = connection;
    const info = this.info.get(to.host);
    connection.call = (command, args) =>
      command === "INFO" && info !== undefined ? Promise.resolve(info) : call(command, args);
    return connection;
  };
  readonly link = new RedisLink(
    { clock: this.clock, log: this.log, openRedis: this.openRedis, randomNumber: () => 0.5 },
    {
      up: () => {
        this.told.push(`up ${this.link.server?.host}`);
        this.onUp();
      },
      down: () => this.told.push("down"),
    },
  );

  add(host: string): FakeRedis {
    const redis = new FakeRedis(this.clock);
    this.servers.set(host, redis);
    return redis;
  }

  async pass(ms: number): Promise<void> {
    for (let left = ms; left > 0; left -= 5) {
      this.clock.advance(5);
      await new Promise<void>((resolve) => void setImmediate(resolve));
    }
  }
}

const settled = (promise: Promise<unknown>) =>
  promise.then(
    (value) => `answer ${value}`,
    (error: Error) => error.message,
  );

describe("A connection to the registry", () => {
  test("refuses commands at once while it is away, and is retried for ever", async () => {
    const stage = new Stage();
    const redis = stage.add("a");
    redis.dead = true;
    stage.link.follow([server("a")]);
    await stage.pass(50);
    expect(await settled(stage.link.call("PING", []))).toBe("there is no connection to the registry");
    await stage.pass(120_000);
    redis.dead = false;
    await stage.pass(6500);
    const answer = settled(stage.link.call("PING", []));
    await stage.pass(10);
    expect(await answer).toBe("answer PONG");
    redis.kill();
    expect(stage.told).toEqual(["up a", "down"]);
  });

  test("has a deadline for each command, and is closed when one misses it", async () => {
    const stage = new Stage();
    const redis = stage.add("a");
    stage.link.follow([server("a")]);
    await stage.pass(50);
    redis.stopped = true;
    const answers = [settled(stage.link.call("PING", [])), settled(stage.link.call("PING", []))];
    await stage.pass(1600);
    expect(await Promise.all(answers)).toEqual([
      "no answer within 1500 ms",
      "redis://a:6379: no answer within 1500 ms",
    ]);
    expect(stage.link.server).toBeUndefined();
    redis.resume();
    await stage.pass(3000);
    expect(stage.told).toEqual(["up a", "down", "up a"]);
    expect(redis.connections).toBe(1);
  });

  test("that breaks each time it is used is tried ever more rarely, and logged as one outage", async () => {
    const stage = new Stage();
    const redis = stage.add("a");
    redis.refuses = "READONLY You can't write against a read only replica.";
    stage.info.set("a", "redis_version:7.0.0\nredis_mode:standalone\nrole:master\n");
    stage.onUp = () => void settled(stage.link.call("EVALSHA", ["?"]));
    stage.link.follow([server("a")]);
    await stage.pass(60_000);
    const lines = stage.log.take();
    expect(lines.filter((line) => line.includes("registry connected"))).toHaveLength(1);
    expect(lines.filter((line) => line.includes("registry away"))).toHaveLength(1);
    expect(stage.told.length).toBeLessThan(2 * 60);
    expect(lines.join()).toContain("error=redis://a:6379: READONLY");
    redis.refuses = undefined;
    await stage.pass(5000);
    expect(stage.log.take()).toEqual([
      expect.stringMatching(/^info registry connected registry=redis:\/\/a:6379 outage_seconds=6\d$/),
    ]);
  });

  test("counts commands that were sent, refused and dropped, and reports since when it is up or away", async () => {
    const stage = new Stage();
    expect(stage.link.report).toBeUndefined();
    const redis = stage.add("a");
    stage.link.follow([server("gone"), server("a")]);
    const started = stage.clock.wall();
    await settled(stage.link.call("PING", []));
    expect(stage.link.report).toMatchObject({ up: false, to: "redis://gone:6379, redis://a:6379", dropped: 1 });
    await stage.pass(50);
    redis.refuses = "OOM command not allowed";
    const refused = settled(stage.link.call("EVALSHA", ["?"]));
    await stage.pass(10);
    expect(await refused).toContain("OOM");
    redis.refuses = undefined;
    redis.stopped = true;
    const late = settled(stage.link.call("PING", []));
    expect(stage.link.report).toMatchObject({ up: true, to: "redis://a:6379", waiting: 1 });
    expect(stage.link.report?.lastError).toContain("OOM");
    expect(stage.link.report?.since).toBeGreaterThan(started);
    const away = stage.clock.wall() + 1500;
    await stage.pass(1600);
    await late;
    expect(stage.link.report).toMatchObject({
      up: false,
      since: away,
      commands: 2,
      refused: 1,
      dropped: 2,
      waiting: 0,
    });
    expect(stage.link.report?.lastError).toContain("no answer within 1500 ms");
    stage.link.stop();
  });

  test("refuses commands beyond the number that may wait", async () => {
    const stage = new Stage();
    const redis = stage.add("a");
    stage.link.follow([server("a")]);
    await stage.pass(50);
    redis.stopped = true;
    const answers = Array.from({ length: 2500 }, () => settled(stage.link.call("PING", [])));
    await stage.pass(1600);
    const texts = await Promise.all(answers);
    expect(texts.filter((text) => text === "too many calls wait for the registry")).toHaveLength(500);
  });

  test.each([
    "READONLY You can't write against a read only replica.",
    "ERR Error running script (call to f_1): @user_script:9: @user_script: 9: -READONLY You can't write against a read only replica. ",
  ])("goes to the first server that takes writes, and to another when that says %j", async (words) => {
    const stage = new Stage();
    stage.add("a");
    const b = stage.add("b");
    stage.info.set("a", "redis_version:7.0.15\r\nrole:slave\r\n");
    stage.link.follow([server("gone"), server("a"), server("b")]);
    await stage.pass(100);
    expect(stage.told).toEqual(["up b"]);
    b.refuses = words;
    stage.info.set("a", "redis_version:7.0.15\r\nrole:master\r\n");
    const answer = settled(stage.link.call("EVALSHA", ["?"]));
    await stage.pass(1000);
    expect(await answer).toContain("READONLY");
    expect(stage.told).toEqual(["up b", "down", "up a"]);
  });

  test.each([
    ["redis_version:5.0.7", "it has version 5.0.7; version 6 or later is needed"],
    ["redis_version:7.2.4\r\nvalkey_version:8.0.1\r\nrole:slave", "it is a replica, which takes no writes"],
    ["redis_version:7.0.1\r\nredis_mode:sentinel", "it is a Sentinel, which is not supported"],
    ["redis_version:7.0.1\r\nredis_mode:cluster", "it is a node of a Redis Cluster, which is not supported"],
  ])("is not made with a server that says %j", async (info, problem) => {
    const stage = new Stage();
    const redis = stage.add("a");
    stage.info.set("a", `${info}\r\n`);
    stage.link.follow([server("a")]);
    await stage.pass(100);
    expect(stage.link.problem).toContain(problem);
    expect(redis.connections).toBe(0);
    stage.link.stop();
    expect(stage.clock.timers).toBe(0);
  });

  test("ends with all waiting commands when it is stopped", async () => {
    const stage = new Stage();
    const redis = stage.add("a");
    stage.link.follow([server("a")]);
    await stage.pass(50);
    const answer = settled(stage.link.call("PING", []));
    stage.link.stop();
    expect(await answer).toBe("the server stops");
    await stage.pass(50);
    expect([redis.connections, stage.clock.timers]).toEqual([0, 0]);
  });
});
