// A probe of the registry against real Redis servers.
import { afterAll, beforeAll, expect } from "bun:test";
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import type { RedisServer } from "../../src/base/redis.ts";
import { probeRegistry } from "../../src/features/registry/probe.ts";
import { redisOpener } from "../../src/io/net/redis.ts";
import { systemClock } from "../../src/io/os/clock.ts";
import { startRedis, startSentinel, type TestRedis } from "../support/e2e/redis.ts";
import { testWith } from "../support/e2e/tools.ts";

const test = testWith("tests/integration/registry-probe.test.ts", "Redis");
const ID = "00ff";

let folder: string;
let redis: TestRedis;

beforeAll(async () => {
  folder = mkdtempSync(join(tmpdir(), "srs-redis-"));
  redis = await startRedis(folder);
});

afterAll(async () => {
  await redis.stop();
  rmSync(folder, { recursive: true, force: true });
});

function look(server: RedisServer = redis.server, isOnly = true, openRedis = redisOpener({ authorities: [] })) {
  return probeRegistry(server, { clock: systemClock, openRedis, id: ID, prefix: "srs", vhosts: ["a.com"], isOnly });
}

/** A node's entry, as it writes it. */
function entry(id: string, fetches: readonly string[]): string {
  const load = { connections: 0, maxConnections: 1, kbps: 0, maxKbps: 0, cpu: 0 };
  const advertise = ["rtmp://b:1935"];
  return JSON.stringify({ id, version: "1", advertise, zone: "", weight: 100, draining: false, load, fetches });
}

test("the probe reports a usable server by its version and its nodes, and leaves nothing there", async () => {
  redis.cli("FLUSHALL");
  const { state, advice } = await look();
  expect(state).toMatch(/^(?:Redis|Valkey) [0-9.]+, 0 nodes there$/);
  expect(advice).toBeUndefined();
  expect(redis.cli("KEYS", "*").trim()).toBe("");
});

test("nodes of another cluster, and keys of another program, under the prefix are found", async () => {
  redis.cli("FLUSHALL");
  redis.cli("SADD", "srs:1:nodes", "0b");
  redis.cli("SET", "srs:1:node:0b", entry("0b", ["a.com"]));
  expect((await look()).state).toContain("1 node there");
  redis.cli("SET", "srs:1:node:0b", entry("0b", ["b.com"]));
  expect((await look()).state).toBe(
    'node rtmp://b:1935 under the prefix "srs" has the vhost b.com, which is not in this file: it is of another cluster, or one of the files is out of date',
  );
  redis.cli("SET", "srs:1:node:0b", "{");
  expect((await look()).state).toContain("has an entry that can't be read");
  redis.cli("FLUSHALL");
  redis.cli("SET", "srs:session:7", "x");
  const { state, advice } = await look();
  expect(state).toBe('key "srs:session:7" under the prefix is of another program');
  expect(advice).toContain("cluster.registry_prefix");
  redis.cli("FLUSHALL");
});

test.each([
  ["nothing", ["on", ">p"], "NOPERM "],
  [
    "no scripts",
    ["on", ">p", "~srs:1", "~srs:1:*", "&srs:1:*", "+@all", "-@scripting"],
    "it refuses what a node writes: ",
  ],
  ["other keys", ["on", ">p", "~other:*", "&srs:1:*", "+@all"], "it refuses what a node writes: "],
  ["no sets", ["on", ">p", "~srs:1", "~srs:1:*", "&srs:1:*", "+@all", "-sadd"], "it refuses what a node writes: "],
  ["no channels", ["on", ">p", "~srs:1", "~srs:1:*", "resetchannels", "+@all"], "it refuses "],
  [
    "no subscriptions",
    ["on", ">p", "~srs:1", "~srs:1:*", "&srs:1:*", "+@all", "-subscribe"],
    "it refuses messages between nodes: ",
  ],
])("the probe reports which commands a user with %s may not use", async (_, rules, state) => {
  redis.cli("ACL", "SETUSER", "limited", "reset", ...rules);
  const found = await look({ ...redis.server, username: "limited", password: "p" });
  expect(found.state).toStartWith(state === undefined ? "" : state);
  expect(found.advice).toBe("give the user the rights that docs/registry.md names");
});

test("a user with the rights that the documentation names passes the probe", async () => {
  const rights = "on >p ~srs:1 ~srs:1:* &srs:1:* +@read +@write +@scripting +@pubsub +@connection +info".split(" ");
  redis.cli("ACL", "SETUSER", "limited", "reset", ...rights);
  expect((await look({ ...redis.server, username: "limited", password: "p" })).advice).toBeUndefined();
  redis.cli("ACL", "SETUSER", "limited", "-info");
  const { state, advice } = await look({ ...redis.server, username: "limited", password: "p" });
  expect([state, advice]).toEqual(["version unknown, as the server does not tell it, 0 nodes there", undefined]);
  const wrong = await look({ ...redis.server, username: "limited", password: "q" });
  expect(wrong.advice).toBe("check user and password: redis://USER:PASSWORD@HOST");
});

test.each([
  ["INFO", "version unknown, as the server does not tell it, 0 nodes there", undefined],
  [
    "EVALSHA",
    "it refuses what a node writes: ERR unknown command 'EVALSHA'",
    "leave the command its name there (rename-command)",
  ],
])("the probe tells whether nodes need a command that a server has under no name: %s", async (name, state, advice) => {
  const renamed = await startRedis(folder, undefined, ["--rename-command", name, ""]);
  const found = await look(renamed.server);
  await renamed.stop();
  expect(found).toEqual({ state, advice });
});

test.each([
  ["certificate has expired", "renew it there"],
  ["certificate is not yet valid", "is this machine's clock right?"],
  [
    "Hostname/IP does not match certificate's altnames: Host: 10.0.0.9",
    "name the server in its URL as its certificate does",
  ],
  ["self signed certificate in certificate chain", "name its CA's certificate in rtmps.ca"],
  ["ERR max number of clients reached", "raise its maxclients"],
  ["ERR DB index is out of range", "name another database in its URL"],
])("the probe says what to do when a server can't be used: %s", async (reason, advice) => {
  expect(await look(redis.server, true, () => Promise.reject(new Error(reason)))).toEqual({ state: reason, advice });
});

test("the probe reports something else than Redis that answers there", async () => {
  const socket = { data: (peer: Bun.Socket) => void peer.end("HTTP/1.1 400 Bad Request\r\n\r\n") };
  const other = Bun.listen({ hostname: "127.0.0.1", port: 0, socket });
  const found = await look({ ...redis.server, port: other.port });
  other.stop(true);
  expect(found).toEqual({ state: "what answers there is no Redis server", advice: "check host and port" });
});

test("the probe reports a server that evicts keys, or accepts no more, as a problem", async () => {
  redis.cli("CONFIG", "SET", "maxmemory", "100mb");
  redis.cli("CONFIG", "SET", "maxmemory-policy", "allkeys-lru");
  expect((await look()).state).toBe("it throws keys away when its memory is full (maxmemory-policy allkeys-lru)");
  redis.cli("CONFIG", "SET", "maxmemory-policy", "noeviction");
  redis.cli("CONFIG", "SET", "maxmemory", "1");
  expect((await look()).advice).toBe("free memory there, or raise its maxmemory");
  redis.cli("CONFIG", "SET", "maxmemory", "0");
});

test("the probe refuses a Sentinel, and says what to name instead", async () => {
  const sentinel = await startSentinel(folder, redis);
  const { state, advice } = await look(sentinel.server);
  await sentinel.stop();
  expect(state).toBe(
    "it is a Sentinel, which is not supported: name the servers that it watches, and the one that takes writes is used",
  );
  expect(advice).toBe("use another server");
});

test("the probe accepts replicas beside a primary, and refuses nodes of a Redis Cluster", async () => {
  const port = String(redis.server.port);
  const replica = await startRedis(folder, undefined, ["--replicaof", "127.0.0.1", port]);
  expect((await look(replica.server, false)).state).toMatch(/, a replica$/);
  expect(await look(replica.server)).toEqual({
    ...{ state: "it is a replica, which takes no writes", advice: "name the primary, too" },
  });
  await replica.stop();
  const cluster = await startRedis(folder, undefined, ["--cluster-enabled", "yes"]);
  expect((await look(cluster.server)).state).toContain("it is a node of a Redis Cluster, which is not supported");
  await cluster.stop();
  expect((await look(cluster.server)).state).toContain("nobody listens there");
});
