import { describe, expect, test } from "bun:test";
import { PacketKind } from "../../../../src/media/packet.ts";
import { RegistryStage, role } from "../../../support/registry-stage.ts";

describe("A second publisher on another node", () => {
  test("is refused while the first one is alive, whichever node it comes to", async () => {
    const stage = new RegistryStage();
    const [a, b, c] = stage.nodes("a", "b", "c");
    const [one, two] = [stage.feed("one"), stage.feed("two")];
    await stage.pass(100);
    const first = stage.encode(one, "a");
    await stage.seconds("k", 1, one.media, two.media);
    const viewer = stage.watch(c);
    await stage.seconds("l", 1, one.media, two.media);
    for (const node of ["b", "c"]) {
      const second = stage.encode(two, node);
      await stage.seconds("m", 2, one.media, two.media);
      expect(second.told.join()).toContain("already being published");
    }
    expect(first.told).toEqual(["running"]);
    expect([role(a), role(b), role(c)]).toEqual(["client", "none", "pull"]);
    expect(viewer.log).toContain("m1+24");
  });

  test("takes the stream over if publishers replace each other, and viewers of all nodes continue", async () => {
    const stage = new RegistryStage("replace");
    const [a, b, c] = stage.nodes("a", "b", "c");
    const [one, two] = [stage.feed("one"), stage.feed("two")];
    await stage.pass(100);
    const first = stage.encode(one, "a");
    await stage.seconds("k", 1, one.media);
    const viewers = [a, b, c].map((node) => stage.watch(node));
    await stage.seconds("l", 2, one.media);
    two.media.time = 500_000;
    const second = stage.encode(two, "b");
    await stage.seconds("m", 4, two.media);
    expect(first.told.at(-1)).toContain("published at another node");
    expect(second.told).toEqual(["running"]);
    expect([role(a), role(b), role(c)]).toEqual(["pull", "client", "pull"]);
    for (const { log, got } of viewers) {
      expect(log).toContain("m3+24");
      expect(log).not.toContain("unpublished");
      const times = got.filter(({ kind }) => kind === PacketKind.Video).map(({ time }) => time);
      expect(times).toEqual(times.toSorted((x, y) => x - y));
      expect(Math.max(...times)).toBeLessThan(60_000);
    }
  });

  test("stands by if publishers do, and takes over when the first one ends", async () => {
    const stage = new RegistryStage("standby");
    const [a, b, c] = stage.nodes("a", "b", "c");
    const [one, two] = [stage.feed("one"), stage.feed("two")];
    await stage.pass(100);
    const first = stage.encode(one, "a");
    await stage.seconds("k", 1, one.media, two.media);
    const viewer = stage.watch(c);
    const second = stage.encode(two, "b");
    await stage.seconds("l", 2, one.media, two.media);
    for (const node of [a, b, c]) expect(await stage.located(node)).toEqual({ a: [], c: ["a"] });
    const told = () => b.log.take(/publisher stands by/).map((line) => line.replace(/ id=\S+/, ""));
    expect(told()).toEqual(["info publisher stands by stream=/live/show for=rtmp://a:1935"]);
    first.stop();
    await stage.seconds("m", 3, two.media);
    expect(second.told).toEqual(["running"]);
    expect(told()).toEqual(["info publisher stands by no longer stream=/live/show"]);
    // What was fetched from the first node is fetched from there on.
    expect(await stage.located(c)).toEqual({ b: [], a: ["b"], c: ["b", "a"] });
    expect([role(a), role(b)]).toEqual(["pull", "client"]);
    expect(viewer.log).toContain("m2+24");
    expect(viewer.log).not.toContain("unpublished");
  });

  test("stands by no longer when the first one has left before the registry let it in", async () => {
    const stage = new RegistryStage("standby");
    const [, , c] = stage.nodes("a", "b", "c");
    const [one, two] = [stage.feed("one"), stage.feed("two")];
    await stage.pass(100);
    stage.redis.wayMs = () => 300;
    const first = stage.encode(one, "a");
    await stage.pass(200);
    first.stop();
    const second = stage.encode(two, "b");
    await stage.seconds("k", 3, two.media);
    expect([first.told, second.told]).toEqual([[], ["running"]]);
    stage.redis.wayMs = () => 1;
    expect(await stage.located(c)).toEqual({ b: [] });
  });

  test("is refused, and the copy of the stream at its node stays", async () => {
    const stage = new RegistryStage();
    const [a, b, c] = stage.nodes("a", "b", "c");
    const [one, two] = [stage.feed("one"), stage.feed("two")];
    await stage.pass(100);
    stage.encode(one, "a");
    await stage.seconds("k", 1, one.media, two.media);
    stage.watch(b);
    await stage.seconds("l", 1, one.media, two.media);
    const second = stage.encode(two, "b");
    await stage.seconds("m", 2, one.media, two.media);
    expect(second.told.join()).toContain("already being published");
    for (const node of [a, b, c]) expect(await stage.located(node)).toEqual({ a: [], b: ["a"] });
  });

  test("takes the stream over from a publisher whose node gets no notice of it, and that one still ends", async () => {
    const stage = new RegistryStage("replace");
    const [a, , c] = stage.nodes("a", "b", "c");
    const [one, two] = [stage.feed("one"), stage.feed("two")];
    await stage.pass(100);
    const first = stage.encode(one, "a");
    await stage.seconds("k", 2, one.media, two.media);
    stage.redis.deaf = true;
    const second = stage.encode(two, "b");
    await stage.pass(50);
    // Nobody is sent to the first one any more.
    expect(await stage.located(c)).toEqual({ b: [] });
    await stage.seconds("l", 3, one.media, two.media);
    expect(first.told.at(-1)).toContain("published at another node");
    expect([second.told, role(a)]).toEqual([["running"], "none"]);
  });

  test.each(["refuses the claim", "does not answer"] as const)(
    "is refused at a node that fetches the stream from the first one, though the registry %s",
    async (how) => {
      const stage = new RegistryStage();
      const [, b] = stage.nodes("a", "b");
      const [one, two] = [stage.feed("one"), stage.feed("two")];
      await stage.pass(100);
      stage.encode(one, "a");
      await stage.seconds("k", 1, one.media, two.media);
      stage.watch(b);
      await stage.seconds("l", 1, one.media, two.media);
      if (how === "does not answer") stage.redis.stopped = true;
      else stage.redis.refuses = "OOM command not allowed when used memory > 'maxmemory'.";
      const second = stage.encode(two, "b");
      await stage.seconds("m", 3, one.media, two.media);
      expect(second.told.join()).toContain("already being published");
      expect(role(b)).toBe("pull");
    },
  );

  test("may publish while the registry is away, and ends when it is back", async () => {
    const stage = new RegistryStage();
    const [a, b] = stage.nodes("a", "b");
    const [one, two] = [stage.feed("one"), stage.feed("two")];
    await stage.pass(100);
    const first = stage.encode(one, "a");
    await stage.seconds("k", 1, one.media, two.media);
    stage.redis.cutOff.add(b.state.id);
    await stage.seconds("l", 4, one.media, two.media);
    const second = stage.encode(two, "b");
    await stage.seconds("m", 2, one.media, two.media);
    expect([first.told, second.told]).toEqual([["running"], ["running"]]);
    stage.redis.cutOff.clear();
    await stage.seconds("n", 12, one.media, two.media);
    expect(first.told).toEqual(["running"]);
    expect(second.told.at(-1)).toContain("published at another node");
    expect(role(a)).toBe("client");
  });
});

describe("A copy whose publisher has come to another node", () => {
  test("is fetched from there after a while, without a gap, instead of over the first node", async () => {
    const stage = new RegistryStage("replace");
    const [, , c] = stage.nodes("a", "b", "c");
    const [one, two] = [stage.feed("one"), stage.feed("two")];
    await stage.pass(100);
    stage.encode(one, "a");
    await stage.seconds("k", 1, one.media);
    const viewer = stage.watch(c);
    await stage.seconds("l", 2, one.media);
    two.media.time = 500_000;
    stage.encode(two, "b");
    await stage.seconds("m", 2, two.media);
    expect(await stage.located(c)).toEqual({ b: [], a: ["b"], c: ["b", "a"] });
    await stage.seconds("n", 20, two.media);
    expect(await stage.located(c)).toMatchObject({ b: [], c: ["b"] });
    const pictures = viewer.log.filter((line) => /^n\d+/.test(line));
    expect(new Set(pictures).size).toBe(pictures.length);
    expect(pictures.length).toBeGreaterThanOrEqual(20 * 25 - 1);
    // Nobody needs the first node's copy any more.
    await stage.seconds("o", 12, two.media);
    expect(await stage.located(c)).toEqual({ b: [], c: ["b"] });
    expect([c.edge.report().relays?.length, viewer.log.at(-1)]).toEqual([1, "o11+24"]);
  });

  test("stays on its way when the node of the publisher can't be reached from there", async () => {
    const stage = new RegistryStage("replace");
    const [, , c] = stage.nodes("a", "b", "c");
    const [one, two] = [stage.feed("one"), stage.feed("two")];
    await stage.pass(100);
    stage.encode(one, "a");
    await stage.seconds("k", 1, one.media);
    const viewer = stage.watch(c);
    await stage.seconds("l", 1, one.media);
    stage.net.cuts.add("c>b");
    stage.encode(two, "b");
    await stage.seconds("m", 40, two.media);
    expect(await stage.located(c)).toEqual({ b: [], a: ["b"], c: ["b", "a"] });
    expect([c.edge.report().relays?.length, viewer.log.at(-1)]).toEqual([1, "m39+24"]);
  });
});

describe("An encoder that comes back to another node", () => {
  test("continues at once when the first node knows that the encoder is gone", async () => {
    const stage = new RegistryStage();
    const [a, b, c] = stage.nodes("a", "b", "c");
    const one = stage.feed("one");
    await stage.pass(100);
    const first = stage.encode(one, "a");
    await stage.seconds("k", 1, one.media);
    const viewers = [a, b, c].map((node) => stage.watch(node));
    await stage.seconds("l", 2, one.media);
    first.stop();
    await stage.pass(1000);
    const second = stage.encode(one, "b");
    await stage.seconds("m", 4, one.media);
    expect(second.told).toEqual(["running"]);
    for (const { log } of viewers) {
      expect(log).toContain("m3+24");
      expect(log).not.toContain("unpublished");
    }
  });

  test("continues when the first node does not answer the probe, and when that node is dead", async () => {
    const stage = new RegistryStage();
    const [a, b, c] = stage.nodes("a", "b", "c");
    const one = stage.feed("one");
    await stage.pass(100);
    stage.encode(one, "a");
    await stage.seconds("k", 1, one.media);
    const viewer = stage.watch(c);
    await stage.seconds("l", 2, one.media);
    // Its cable is pulled.
    for (const { dialled, accepted } of stage.net.connections)
      if (dialled.remote.host === "a") {
        dialled.reading = false;
        accepted.reading = false;
      }
    await stage.pass(1500);
    const second = stage.encode(one, "b");
    await stage.seconds("m", 4, one.media);
    expect([role(a), role(b)]).toEqual(["pull", "client"]);
    expect(viewer.log).toContain("m3+24");
    stage.kill("b");
    await stage.pass(500);
    const third = stage.encode(one, "c");
    await stage.seconds("n", 9, one.media);
    expect(second.told.length).toBeGreaterThan(1);
    expect(third.told).toEqual(["running"]);
    expect(viewer.log).toContain("n8+24");
    expect(viewer.log).not.toContain("unpublished");
  });

  test("keeps its stream even if two nodes believed to own it, when they see each other again", async () => {
    const stage = new RegistryStage();
    const [a, b, c] = stage.nodes("a", "b", "c");
    const [one, two] = [stage.feed("one"), stage.feed("two")];
    await stage.pass(100);
    const first = stage.encode(one, "a");
    await stage.seconds("k", 1, one.media, two.media);
    const viewer = stage.watch(c);
    stage.redis.cutOff.add(a.state.id);
    await stage.seconds("l", 7, one.media, two.media);
    const second = stage.encode(two, "b");
    await stage.seconds("m", 4, one.media, two.media);
    expect([role(a), role(b)]).toEqual(["client", "client"]);
    stage.redis.cutOff.clear();
    await stage.seconds("n", 12, one.media, two.media);
    // Who got it last keeps it: the other one was given up long ago.
    expect(first.told.at(-1)).toContain("published at another node");
    expect(second.told).toEqual(["running"]);
    expect(await stage.located(c)).toMatchObject({ b: [] });
    expect(viewer.log).toContain("n11+24");
  });
});
