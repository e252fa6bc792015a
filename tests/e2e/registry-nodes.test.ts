import { expect } from "bun:test";
import { frameNumber } from "../support/e2e/payloads.ts";
import { startRedis, startSentinel } from "../support/e2e/redis.ts";
import { RegistryNodes } from "../support/e2e/registry-nodes.ts";
import { Stage } from "../support/e2e/stage.ts";
import { testWith } from "../support/e2e/tools.ts";
import { until } from "../support/e2e/wait.ts";

const test = testWith("tests/e2e/registry-nodes.test.ts", "Redis");

test.concurrent("a stream published on any of ten nodes plays on every other, while nodes are killed, drained and replaced", async () => {
  await using stage = new Stage();
  const names = Array.from({ length: 9 }, (_, at) => `n${at}`);
  const nodes = await RegistryNodes.start(stage, names, "publish.grace = 60");
  const players = await Promise.all(names.slice(3).map((name) => nodes.of(name).play()));
  await nodes.encode("n1");
  await nodes.plays(...players);

  // The encoder's node is gone: it comes to another one.
  await nodes.of("n1").program.kill();
  const encoder = await nodes.encode("n2");
  await nodes.plays(...players);

  // A second encoder is refused by another node while the first one sends.
  const second = await nodes
    .of("n0")
    .publish()
    .catch((error: unknown) => String(error));
  expect(typeof second === "string" ? second : second.statuses.join()).toContain("already being published");

  // One that drains has no new copy; a new one needs no change of any file.
  nodes.of("n3").program.signal("SIGQUIT");
  const late = await nodes.add("late");
  await nodes.plays(await late.play(), ...players);
  encoder.abort();
  await nodes.encode("late");
  await nodes.plays(...players);
  expect(players.flatMap(({ statuses }) => statuses).join()).not.toMatch(/UnpublishNotify|StreamNotFound/);
});

test.concurrent("viewers of other nodes stay when the nodes of their stream stop, or end their drain", async () => {
  await using stage = new Stage();
  const nodes = await RegistryNodes.start(stage, ["a", "b", "d"], "publish.grace = 60");
  const c = await nodes.add("c", { lines: "drain_timeout = 1\n" });
  const encoder = await nodes.encode("a");
  const player = await nodes.of("b").play();
  await nodes.plays(player);

  // The copy of node b comes over node a at first, which stops.
  encoder.abort();
  await nodes.encode("c");
  await nodes.plays(player);
  nodes.of("a").program.signal("SIGTERM");
  expect(await nodes.of("a").program.ended()).toBe(0);
  await nodes.plays(player);

  c.program.signal("SIGQUIT");
  await c.program.line(/drain_timeout is over/);
  expect(await c.program.ended()).toBe(0);
  await nodes.encode("d");
  await nodes.plays(player);
  expect(player.statuses.join()).not.toMatch(/UnpublishNotify|StreamNotFound/);
});

test.concurrent("running streams continue while Redis is stopped, flushed and replaced by an empty one", async () => {
  await using stage = new Stage();
  const nodes = await RegistryNodes.start(stage, ["a", "b", "c"]);
  await nodes.encode("a");
  const player = await nodes.of("b").play();
  await nodes.plays(player);

  nodes.redis.signal("SIGSTOP");
  await nodes.of("c").program.line(/registry away .*no answer within/);
  // A stream plays where it is published, and everybody may publish.
  await nodes.encode("c", "other");
  const local = await nodes.of("c").play("other");
  await nodes.plays(player, local);
  nodes.redis.signal("SIGCONT");
  const found = await nodes.of("a").play("other");
  await nodes.plays(player, found);

  nodes.redis.cli("FLUSHALL");
  const keys = () =>
    nodes.redis
      .cli("KEYS", "srs:1:*")
      .trim()
      .split("\n")
      .filter((key) => key !== "")
      .toSorted();
  await until("all is told again", () => keys().filter((key) => /:(?:node|stream):/.test(key)).length === 5);
  await nodes.plays(player, local, found, await nodes.of("b").play("other"));

  const { port } = nodes.redis.server;
  await nodes.redis.stop();
  await nodes.plays(player, local, found);
  nodes.redis = await startRedis(stage.directory, port);
  await until("all is told again", () => keys().filter((key) => /:(?:node|stream):/.test(key)).length === 5);
  await nodes.plays(player, local, found);

  // Nothing stays behind when nodes stop, but for a while in which turn streams were owned.
  for (const name of ["a", "b", "c"]) nodes.of(name).program.signal("SIGTERM");
  for (const name of ["a", "b", "c"]) await nodes.of(name).program.ended();
  const streams = keys().filter((key) => key.includes(":stream:"));
  expect(keys().filter((key) => !streams.includes(key) && !/:(?:watch|revision)$/.test(key))).toEqual([]);
  for (const key of streams) {
    expect(nodes.redis.cli("HKEYS", key)).toBe("term\n");
    expect(Number(nodes.redis.cli("TTL", key))).toBeGreaterThan(0);
  }
});

test.concurrent("when Redis is killed, nodes use its replica, and streams can change their node there", async () => {
  await using stage = new Stage();
  const nodes = await RegistryNodes.start(stage, [], "publish.grace = 60");
  const replica = await nodes.addReplica();
  await Promise.all(["a", "b", "c"].map((name) => nodes.add(name)));
  const encoder = await nodes.encode("a");
  const player = await nodes.of("c").play();
  await nodes.plays(player);

  await nodes.redis.stop();
  replica.cli("REPLICAOF", "NO", "ONE");
  const connected = new RegExp(`registry connected.*:${replica.server.port}`);
  await Promise.all(["a", "b", "c"].map((name) => nodes.of(name).program.line(connected)));
  await nodes.plays(player, await nodes.of("b").play());

  encoder.abort();
  await nodes.encode("b");
  await nodes.plays(player);
  expect(replica.cli("HGET", "srs:1:stream:__defaultVhost__/live/show", "term")).toBe("2\n");

  // The first server comes back as a second primary: a node that finds it first goes to where the others are.
  nodes.redis = await startRedis(stage.directory, nodes.redis.server.port);
  const late = await nodes.add("late");
  await late.program.line(new RegExp(`registry away.*more nodes are at .*:${replica.server.port}`));
  await late.program.line(connected);
  await nodes.plays(player, await late.play());
  expect(player.statuses.join()).not.toMatch(/UnpublishNotify|StreamNotFound/);
});

test.concurrent("when a Sentinel promotes a replica of a killed Redis, nodes that name both continue", async () => {
  await using stage = new Stage();
  const nodes = await RegistryNodes.start(stage, [], "publish.grace = 60");
  const replica = await nodes.addReplica();
  const sentinel = await startSentinel(stage.directory, nodes.redis);
  stage.defer(() => sentinel.stop());
  await Promise.all(["a", "b"].map((name) => nodes.add(name)));
  await nodes.encode("a");
  const player = await nodes.of("b").play();
  await nodes.plays(player);
  await until("the Sentinel knows the replica", () => sentinel.cli("SENTINEL", "REPLICAS", "m").includes("127.0.0.1"));

  await nodes.redis.stop();
  const connected = new RegExp(`registry connected.*:${replica.server.port}`);
  await Promise.all(["a", "b"].map((name) => nodes.of(name).program.line(connected)));
  await nodes.encode("b", "other");
  await nodes.plays(player, await nodes.of("a").play("other"));
});

test.concurrent("a node that is upgraded keeps its streams, and no viewer at another node notices", async () => {
  await using stage = new Stage();
  const nodes = await RegistryNodes.start(stage, ["a", "b", "c"], "publish.grace = 60");
  const encoder = await nodes.encode("a");
  const player = await nodes.of("b").play();
  await nodes.plays(player);
  const claim = () => nodes.redis.cli("HMGET", "srs:1:stream:__defaultVhost__/live/show", "owner", "term");
  const before = claim();

  const { exitCode, out } = await nodes.of("a").run("upgrade");
  expect(exitCode, out).toBe(0);
  const pid = Number(/^upgraded: server (\d+) /.exec(out)?.[1]);
  stage.defer(() => process.kill(pid, "SIGKILL"));
  await nodes.plays(player);
  // The new process has what the old one had claimed: others are refused, and viewers of other nodes find it.
  const second = await nodes
    .of("c")
    .publish()
    .catch((error: unknown) => String(error));
  expect(typeof second === "string" ? second : second.statuses.join()).toContain("already being published");
  const late = await nodes.of("c").play();
  await nodes.plays(player, late);
  expect(claim()).toBe(before);
  const pictures = player.packets.flatMap(({ payload }) => frameNumber(payload) ?? []);
  expect(pictures.slice(1).filter((number, at) => number !== (pictures[at] ?? 0) + 1)).toEqual([]);

  // The encoder comes back, to the new process.
  encoder.abort();
  await nodes.encode("a");
  await nodes.plays(player, late);
  expect(claim().split("\n")[0]).toBe(before.split("\n")[0] ?? "");

  // The old process ends, and with it the connections of the other nodes to it.
  nodes.of("a").program.signal("SIGTERM");
  await nodes.of("a").program.ended();
  await nodes.plays(player, late);
  expect([player, late].flatMap(({ statuses }) => statuses).join()).not.toMatch(/UnpublishNotify|StreamNotFound/);
});
