import { describe, expect, test } from "bun:test";
import { type EncoderFeed, RegistryStage, role } from "../../../support/registry-stage.ts";

/** An encoder publishes at node a; node b has a copy, for a viewer. */
async function copied() {
  const stage = new RegistryStage();
  const [a, b, c] = stage.nodes("a", "b", "c");
  const one = stage.feed("one");
  await stage.pass(100);
  const first = stage.encode(one, "a");
  await stage.seconds("k", 1, one.media);
  const viewer = stage.watch(b);
  await stage.seconds("l", 1, one.media);
  return { stage, a, b, c, one, first, viewer };
}

describe("A process that replaces another one of the same node", () => {
  test("keeps the claims of that one's running streams", async () => {
    const stage = new RegistryStage();
    const [a, b] = stage.nodes("a", "b");
    const [one, two] = [stage.feed("one"), stage.feed("two")];
    await stage.pass(100);
    const first = stage.encode(one, "a");
    await stage.seconds("k", 2, one.media, two.media);
    await stage.upgrade(a);
    await stage.seconds("l", 30, one.media, two.media);
    expect(await stage.located(b)).toEqual({ a: [] });
    const second = stage.encode(two, "b");
    const viewer = stage.watch(b);
    await stage.seconds("m", 8, one.media, two.media);
    expect([first.told.join(), second.told.join()]).toEqual([
      "running",
      expect.stringContaining("already being published"),
    ]);
    expect(viewer.log).toContain("m7+24");
    // Redis has forgotten everything, and is told again.
    stage.redis.model.flush();
    await stage.seconds("n", 3, one.media, two.media);
    expect(await stage.located(b)).toEqual({ a: [], b: ["a"] });
  });

  test("releases at once the claims of streams that have ended there, fetched from there or not", async () => {
    const stage = new RegistryStage();
    const [a, b] = stage.nodes("a", "b");
    const [one, two] = [stage.feed("one"), stage.feed("two")];
    await stage.pass(100);
    const [first, other] = [stage.encode(one, "a"), stage.encode(two, "a", "other")];
    await stage.seconds("k", 2, one.media, two.media);
    const next = await stage.upgrade(a);
    stage.watch(next, "other");
    await stage.seconds("l", 1, one.media, two.media);
    for (const name of ["show", "other"]) expect(await stage.located(b, name)).toEqual({ a: [] });
    first.stop();
    other.stop();
    await stage.pass(1000);
    for (const name of ["show", "other"]) expect(await stage.located(b, name)).toEqual({});
  });

  test("lets that one search for its viewers' streams, which continue when the encoder comes back to another node", async () => {
    const stage = new RegistryStage();
    const [a] = stage.nodes("a", "b");
    const one = stage.feed("one");
    await stage.pass(100);
    stage.encode(one, "a");
    await stage.seconds("k", 1, one.media);
    const viewer = stage.watch(a);
    await stage.upgrade(a);
    await stage.seconds("l", 1, one.media);
    stage.hangUp(one);
    await stage.pass(500);
    const second = stage.encode(one, "b");
    await stage.seconds("m", 8, one.media);
    expect(second.told).toEqual(["running"]);
    expect(viewer.log).toContain("m7+24");
    expect(viewer.log).not.toContain("unpublished");
  });

  test("takes an encoder that comes back to it while that one has a copy of its stream", async () => {
    const { stage, a, b, c, one, viewer } = await copied();
    const viewers = [viewer];
    const next = await stage.upgrade(b);
    viewers.push(stage.watch(next));
    await stage.seconds("m", 1, one.media);
    stage.unplug(one);
    await stage.pass(500);
    const back = stage.encode(one, "b");
    await stage.seconds("n", 4, one.media);
    expect(back.told).toEqual(["running"]);
    expect([role(next), role(b), role(a)]).toEqual(["client", "sibling", "none"]);
    expect(await stage.located(c)).toMatchObject({ b: [] });
    for (const { log } of viewers) {
      expect(log).toContain("n3+24");
      expect(log).not.toContain("unpublished");
    }
  });

  test("leaves to that one an encoder whose connection that one had taken, with a stream of another node", async () => {
    const { stage, a, b, c, one, viewer } = await copied();
    await stage.upgrade(b);
    stage.net.hosts.set("old:1935", b.host);
    stage.unplug(one);
    await stage.pass(500);
    const back = stage.encode(one, "old");
    await stage.seconds("m", 8, one.media);
    expect(back.told).toEqual(["running"]);
    expect([role(b), role(a)]).toEqual(["client", "none"]);
    expect(await stage.located(c)).toEqual({ b: [] });
    expect(viewer.log).toContain("m7+24");
    expect(viewer.log).not.toContain("unpublished");
  });

  test("gives back what that one has claimed for a client that leaves before it publishes", async () => {
    const { stage, b, c, one, first } = await copied();
    await stage.upgrade(b);
    stage.net.hosts.set("old:1935", b.host);
    first.stop();
    await stage.pass(200);
    stage.redis.wayMs = () => 100;
    const back = stage.encode(one, "old");
    while (stage.redis.model.owner("srs:1", "__defaultVhost__/live/show") !== b.state.id) await stage.pass(10);
    back.stop();
    await stage.pass(5000);
    expect(back.told).toEqual([]);
    stage.redis.wayMs = () => 0;
    expect(await stage.located(c)).toEqual({});
    expect(stage.redis.model.owner("srs:1", "__defaultVhost__/live/show")).toBeUndefined();
  });

  test("claims a stream that an encoder there has stood by for, when the owner's encoder is gone", async () => {
    const stage = new RegistryStage("standby");
    const [a, , c] = stage.nodes("a", "b", "c");
    const [one, two] = [stage.feed("one"), stage.feed("two")];
    await stage.pass(100);
    const first = stage.encode(one, "b");
    await stage.seconds("k", 1, one.media, two.media);
    stage.watch(a);
    await stage.seconds("l", 1, one.media, two.media);
    const second = stage.encode(two, "a");
    await stage.seconds("m", 2, one.media, two.media);
    await stage.upgrade(a);
    await stage.seconds("n", 2, one.media, two.media);
    expect(await stage.located(c)).toEqual({ b: [], a: ["b"] });
    first.stop();
    await stage.seconds("o", 2, two.media);
    expect(second.told).toEqual(["running"]);
    expect(await stage.located(c)).toEqual({ a: [] });
  });

  test("ends a publisher there when another node has got its stream", async () => {
    const stage = new RegistryStage("replace");
    const [a, , c] = stage.nodes("a", "b", "c");
    const feeds = ["one", "two", "three", "four"].map((name) => stage.feed(name));
    const [one, two, three, four] = feeds as [EncoderFeed, EncoderFeed, EncoderFeed, EncoderFeed];
    const media = feeds.map((feed) => feed.media);
    await stage.pass(100);
    const [first, other] = [stage.encode(one, "a"), stage.encode(three, "a", "other")];
    await stage.seconds("k", 2, ...media);
    const next = await stage.upgrade(a);
    stage.watch(next, "other");
    await stage.seconds("l", 1, ...media);
    const [second, another] = [stage.encode(two, "b"), stage.encode(four, "b", "other")];
    await stage.seconds("m", 2, ...media);
    for (const { told } of [first, other]) expect(told.at(-1)).toContain("published at another node");
    expect([second.told, another.told]).toEqual([["running"], ["running"]]);
    expect(await stage.located(c)).toEqual({ b: [] });
  });
});
