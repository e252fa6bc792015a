import { describe, expect, test } from "bun:test";
import type { KnownNode } from "../../../../src/live/ports/nodes.ts";
import type { FakeNode } from "../../../support/fake-node.ts";
import { RegistryStage } from "../../../support/registry-stage.ts";

const idOf = (name: string) => Buffer.from(`${name}:1935`).toString("hex");
const known = (at: FakeNode, name: string): KnownNode | undefined =>
  at.registry.all().find(({ source, state }) => state?.id === idOf(name) || source === idOf(name));

describe("Nodes of a registry", () => {
  test("know each other's state and load a second later", async () => {
    const stage = new RegistryStage();
    const [a, b] = stage.nodes("a", "b");
    await stage.pass(1100);
    b.state = { ...b.state, draining: true, zone: "berlin", load: { ...b.state.load, connections: 7 } };
    b.publish().headers();
    await stage.pass(2000);
    expect(known(a, "b")).toMatchObject({
      ...{ isSelf: false, alive: true, source: "rtmp://b:1935", problems: [] },
      state: { draining: true, zone: "berlin", load: { connections: 7 }, streamCounts: { published: 1, relayed: 0 } },
    });
  });

  test("forget one that dies within seconds, with all its streams, and one that leaves at once", async () => {
    const stage = new RegistryStage();
    const [a, b, c] = stage.nodes("a", "b", "c");
    for (const node of [b, c]) for (let at = 0; at < 150; at++) node.publish(`s${at}-${node.state.id}`).headers();
    await stage.pass(1500);
    c.registry.stop();
    stage.kill("b");
    await stage.pass(600);
    expect(c.registry.idle).toBe(true);
    await stage.pass(1000);
    expect(known(a, "c")).toBeUndefined();
    expect(known(a, "b")?.alive).toBe(true);
    await stage.pass(6500);
    expect(known(a, "b")).toMatchObject({ alive: false, problems: ["it has not renewed its entry in the registry"] });
    const keys = stage.redis.model.keys.filter((key) => !key.includes(":stream:"));
    expect(keys).toEqual([`srs:1:node:${idOf("a")}`, "srs:1:nodes", "srs:1:revision", "srs:1:watch"]);
    // In which turn streams were owned is known for minutes, then nothing is left.
    await stage.pass(302_000);
    expect(stage.redis.model.keys).toEqual([`srs:1:node:${idOf("a")}`, "srs:1:nodes", "srs:1:revision", "srs:1:watch"]);
    expect(known(a, "b")).toBeUndefined();
  });

  test("stay alive for directors while the registry can't be read, and are known to be out of date", async () => {
    const stage = new RegistryStage();
    const [a, b] = stage.nodes("a", "b");
    await stage.pass(1500);
    stage.redis.stopped = true;
    await stage.pass(60_000);
    const stale = { alive: true, problems: ["the registry has not been read since"] };
    expect(known(a, "b")).toMatchObject(stale);
    expect(a.registry.all()[0]).toMatchObject(stale);
    stage.redis.resume();
    await stage.pass(5000);
    expect(known(a, "b")).toMatchObject({ alive: true, problems: [] });
    stage.redis.cutOff.add(b.state.id);
    await stage.pass(10_000);
    expect(known(a, "b")).toMatchObject({ alive: false });
  });

  test("write everything again when the registry is emptied, not all at once", async () => {
    const stage = new RegistryStage();
    const nodes = Array.from({ length: 10 }, (_, at) => stage.registered(`n${at}`, stage.redis));
    for (const [at, node] of nodes.entries()) node.publish(`s${at}`).headers();
    await stage.pass(3000);
    const before = stage.redis.model.keys;
    stage.redis.model.flush();
    await stage.pass(1500);
    expect(stage.redis.model.keys.filter((key) => key.includes(":stream:")).length).toBe(10);
    expect(stage.redis.model.keys).toEqual(before);
  });

  test("are known without a break while a process hands over to another one with the same id", async () => {
    const stage = new RegistryStage();
    const [a, b] = stage.nodes("a", "b");
    a.publish().headers();
    await stage.pass(3000);
    const next = stage.registered("a", stage.redis);
    await stage.pass(500);
    // The old process goes while both have the stream.
    next.publish().headers();
    await stage.pass(500);
    a.registry.handOver();
    for (let at = 0; at < 30; at++) {
      await stage.pass(1000);
      expect(await stage.located(b)).toEqual({ a: [] });
      expect(known(b, "a")?.alive).toBe(true);
    }
    a.registry.stop();
    await stage.pass(2000);
    expect(await stage.located(b)).toEqual({ a: [] });
    expect(a.registry.idle).toBe(true);
  });

  test("spread their new entries over a second when the registry has lost them", async () => {
    const stage = new RegistryStage();
    const nodes = Array.from({ length: 40 }, (_, at) => stage.seeded(`n${at}`, at + 1));
    for (const [at, node] of nodes.entries()) for (let s = 0; s < 5; s++) node.publish(`s${at}-${s}`).headers();
    await stage.pass(3000);
    stage.redis.model.flush();
    const counts: number[] = [];
    const streams = () => stage.redis.model.keys.filter((key) => key.includes(":stream:")).length;
    for (let at = 0, before = 0; at < 25; at++) {
      await stage.pass(100);
      counts.push(streams() - before);
      before = streams();
    }
    expect(streams()).toBe(200);
    // Twice of what each tenth of a second has when all are spread evenly.
    expect(Math.max(...counts)).toBeLessThanOrEqual(60);
  });

  test("that share an address for a lease only, as a server that is started again after a crash, have no problem", async () => {
    const stage = new RegistryStage();
    const [a, b, c] = stage.nodes("a", "b", "c");
    await stage.pass(1000);
    c.state = { ...c.state, advertise: b.state.advertise };
    await stage.pass(6000);
    c.state = { ...c.state, advertise: ["rtmp://c:1935"] };
    await stage.pass(10_000);
    expect(a.log.take(/cluster problem/)).toEqual([]);
  });

  test("that advertise the same address, or one that can't be reached, have that as a problem", async () => {
    const stage = new RegistryStage();
    const [a, b, c, d] = stage.nodes("a", "b", "c", "d");
    c.state = { ...c.state, advertise: ["rtmp://b:1935"] };
    d.state = { ...d.state, advertise: ["rtmp://nowhere:1935"] };
    await stage.pass(9000);
    const ids = [b, c].map(({ state }) => state.id);
    const twice = `rtmp://b:1935 is advertised by 2 nodes: ${ids.join(" and ")}`;
    // Each is known by another name, as metrics need it.
    expect(a.registry.all().map(({ source, problems }) => [source, problems])).toEqual([
      [ids[0], [twice]],
      [ids[1], [twice]],
      ["rtmp://nowhere:1935", [expect.stringContaining("rtmp://nowhere:1935 can't be reached from this server: ")]],
    ] as never);
    // Their own status says so, too, where they find it themselves.
    expect([a, b, c, d].map(({ registry }) => registry.ownProblems.length)).toEqual([0, 1, 1, 1]);
    expect(b.registry.ownProblems).toEqual([`rtmp://b:1935 is advertised by 2 nodes: this server and ${c.state.id}`]);
    expect(d.registry.ownProblems.join()).toContain("rtmp://nowhere:1935 can't be reached from this server: ");
    // One that was started again has another id; the old one is not shown beside it.
    stage.kill("c");
    c.registry.handOver();
    await stage.pass(9000);
    expect(a.registry.all().map(({ source }) => source)).toEqual(["rtmp://b:1935", "rtmp://nowhere:1935"]);
    expect(a.registry.all()[0]?.problems).toEqual([]);
    expect(a.registry.peers()).toEqual(a.registry.all());
  });

  test("ask once for a stream that no node has, and again when a hint comes or a while later", async () => {
    const stage = new RegistryStage();
    const [a, b] = stage.nodes("a", "b");
    await stage.pass(1500);
    const commands = () => a.registry.report().registries?.[0]?.commands ?? 0;
    expect(await stage.located(a)).toEqual({});
    const before = commands();
    for (let at = 0; at < 10; at++)
      expect(a.registry.locate("__defaultVhost__/live/show")).toEqual({ places: [], sure: true });
    expect(commands()).toBe(before);
    b.publish().headers();
    await stage.pass(100);
    expect(await stage.located(a)).toEqual({ b: [] });
  });

  test("keep no more than a bounded number of questions and answers about streams that no node has", async () => {
    const stage = new RegistryStage();
    const [a] = stage.nodes("a");
    await stage.pass(1500);
    const asked = Array.from({ length: 12_000 }, (_, at) => a.registry.locate(`__defaultVhost__/live/none${at}`));
    // Those beyond the bound are answered at once, without having been asked for.
    expect(asked.filter((answer) => !(answer instanceof Promise))).toHaveLength(2000);
    await stage.pass(800);
    const answers = await Promise.all(asked);
    expect(answers.every(({ places }) => places.length === 0)).toBe(true);
  });

  test("repair entries that others have damaged, and ignore those that can't be read", async () => {
    const stage = new RegistryStage();
    const [a, b] = stage.nodes("a", "b");
    a.publish().headers();
    await stage.pass(1500);
    stage.redis.model.damage("srs:1:stream:__defaultVhost__/live/show", "?");
    stage.redis.model.damage("srs:1:nodes", "?");
    for (const text of ["", "{}", "[1]", "\u0000", '{"id":"00"}', "x".repeat(600_000)]) {
      stage.redis.model.damage(`srs:1:node:${idOf("b")}`, text);
      await stage.pass(10);
    }
    await stage.pass(32_000);
    expect(await stage.located(b)).toEqual({ a: [] });
    expect(known(a, "b")?.alive).toBe(true);
  });

  test("ask once about a stream that many viewers want, and not about each other when nothing happens", async () => {
    const stage = new RegistryStage();
    const [a, b] = stage.nodes("a", "b");
    b.publish().headers();
    await stage.pass(2000);
    const scripts = () => stage.redis.counts.get("EVALSHA") ?? 0;
    const before = scripts();
    const answers = Array.from({ length: 1000 }, (_, at) => a.registry.locate(`__defaultVhost__/live/${at % 10}`));
    await stage.pass(20);
    for (const answer of answers) expect(await answer).toEqual({ places: [], sure: true });
    // Besides, each node may have renewed and read.
    expect(scripts() - before).toBeLessThanOrEqual(1 + 2 * 2);
    const start = scripts();
    await stage.pass(10_000);
    // Each renews and reads once a second.
    expect(scripts() - start).toBeLessThanOrEqual(2 * 2 * 10 + 4);
  });

  test("don't write names that are too long, but write any byte in names", async () => {
    const stage = new RegistryStage();
    const [a, b] = stage.nodes("a", "b");
    for (const name of ["x".repeat(600), "sp ace", "z\u0000\n*", "\u{1F600}"]) a.publish(name).headers();
    await stage.pass(1000);
    for (const name of ["sp ace", "z\u0000\n*", "\u{1F600}"]) expect(await stage.located(b, name)).toEqual({ a: [] });
    expect(await stage.located(b, "x".repeat(600))).toEqual({});
  });
});

describe("A registry that refuses to write", () => {
  test("is logged once, and gets everything when it accepts writes again", async () => {
    const stage = new RegistryStage();
    const [a, b] = stage.nodes("a", "b");
    await stage.pass(1000);
    stage.redis.refuses = "OOM command not allowed when used memory > 'maxmemory'.";
    const feed = a.publish().headers();
    const viewer = stage.watch(a);
    await stage.seconds("k", 8, feed);
    expect(viewer.log).toContain("k7+24");
    expect(a.log.take(/registry refuses/)).toHaveLength(1);
    expect(a.registry.report().registries?.[0]).toMatchObject({ up: true, lastError: stage.redis.refuses });
    stage.redis.refuses = undefined;
    await stage.pass(2500);
    expect(await stage.located(b)).toEqual({ a: [] });
    await stage.pass(15_000);
    expect(a.log.take(/registry refuses/)).toEqual([expect.stringContaining("info registry refuses nothing more")]);
    expect(a.registry.report().registries?.[0]).toMatchObject({ up: true, lastError: undefined });
  });

  test("is logged, too, when it refuses only the channels, without which streams are found later", async () => {
    const stage = new RegistryStage();
    stage.redis.refusesChannels = "NOPERM this user has no permissions to run the 'subscribe' command";
    const [a] = stage.nodes("a");
    await stage.pass(60_000);
    expect(a.log.take(/registry refuses/)).toEqual([
      `warn registry refuses registry=redis://r:6379 error=${stage.redis.refusesChannels}`,
    ]);
  });
});
