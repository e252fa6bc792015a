import { describe, expect, test } from "bun:test";
import { EdgeStage } from "../../../support/edges.ts";
import { farAway, type Mood, moody, pickyAbout } from "../../../support/moody-origin.ts";

const MOODS: readonly Mood[] = ["closes", "is silent"];

describe("One client's request to an origin has no effect on others:", () => {
  test.each(MOODS)("an origin that %s on a wrong app stays alive for other streams", (mood) => {
    const stage = new EdgeStage();
    const [a, b] = [stage.node("a"), stage.node("b")];
    for (const node of [a, b]) stage.net.hosts.set(`${node === a ? "a" : "b"}:1935`, moody(node, "wrongapp", mood));
    const edge = stage.node("e", { origin: ["a", "b"], read_timeout: 1000 });
    const feed = b.publish("good").headers();
    stage.watch(edge, "wrongapp/x");
    for (let at = 0; at < 10; at++) stage.second(`k${at}`, feed);
    expect(edge.log.take(/origin/)).toEqual([]);
    const viewer = stage.watch(edge, "good");
    for (const name of ["l", "m"]) stage.second(name, feed);
    expect(viewer.log).toContain("m+23");
  });

  test.each(MOODS)("an origin that %s on one encoder's stream accepts other encoders' streams", (mood) => {
    const stage = new EdgeStage();
    const a = stage.node("a");
    stage.net.hosts.set("a:1935", moody(a, "wrongapp", mood));
    const edge = stage.node("e", { origin: ["a"] });
    const wrong = edge.publish("wrongapp/x").headers();
    for (let at = 0; at < 15; at++) stage.second(`k${at}`, wrong);
    expect(edge.log.take(/origin/)).toEqual([]);
    edge.publish("good").headers().key("g");
    stage.clock.advance(100);
    expect(a.stream("good").source).toBeDefined();
  });

  test.each(MOODS)("where origins decide, an origin that %s on one client lets others in", async (mood) => {
    const stage = new EdgeStage();
    const a = stage.node("a");
    stage.net.hosts.set("a:1935", moody(a, "wrongapp", mood));
    const edge = stage.node("e", { origin: ["a"], token_traverse: true, read_timeout: 1000 });
    const pass = async (ms: number) => {
      for (let step = 0; step < 50; step++) {
        stage.clock.advance(ms / 50);
        await Bun.sleep(0);
      }
    };
    const wrong = stage.client("e", "play", "rtmp://e/wrongapp", "x");
    await pass(2000);
    expect(wrong).toEqual([expect.stringContaining("refused")]);
    expect(edge.log.take(/origin dead/)).toEqual([]);
    const good = stage.client("e", "play", "rtmp://e/live", "show");
    await pass(200);
    expect(good).toEqual(["started"]);
  });

  test("where origins decide, a far origin stays alive when more clients come than it can be asked about", async () => {
    const stage = new EdgeStage();
    stage.net.hosts.set("a:1935", farAway(stage.node("a"), 200));
    const edge = stage.node("e", { origin: ["a"], token_traverse: true, read_timeout: 1000, max_dials: 1 });
    const crowd = Array.from({ length: 9 }, () => stage.client("e", "play", "rtmp://e/live", "show"));
    await stage.pass(4000);
    expect(crowd[0]).toEqual(["started"]);
    expect(crowd.at(-1)).toEqual([expect.stringContaining("no origin can be asked")]);
    expect(edge.log.take(/origin dead/)).toEqual([]);
    const later = stage.client("e", "play", "rtmp://e/live", "show");
    await stage.pass(1500);
    expect(later).toEqual(["started"]);
  });

  test("streams that an origin does not answer do not delay others, even with few connections at a time", () => {
    const stage = new EdgeStage();
    const a = stage.node("a");
    stage.net.hosts.set("a:1935", moody(a, "wrongapp", "is silent"));
    const edge = stage.node("e", { origin: ["a"], max_dials: 2 });
    const feed = a.publish("good").headers();
    feed.key("k");
    for (let at = 0; at < 10; at++) {
      stage.watch(edge, `wrongapp/x${at}`);
      edge.publish(`wrongapp/y${at}`).headers();
    }
    stage.clock.advance(10);
    const viewer = stage.watch(edge, "good");
    stage.clock.advance(10);
    expect(viewer.log).toContain("k");
  });
});

describe("The handshake that an origin accepts", () => {
  test.each(["digest", "simple"] as const)(
    "is found by one connection and used by all later ones: no %s",
    (refused) => {
      const stage = new EdgeStage();
      const a = stage.node("a");
      stage.net.hosts.set("a:1935", pickyAbout(a, refused));
      const edge = stage.node("e", { origin: ["a"] });
      for (const name of ["one", "two"]) a.publish(name).headers().key(name);
      edge.publish("mine").headers().key("m");
      stage.clock.advance(300);
      expect(a.stream("mine").source).toBeDefined();
      const viewers = ["one", "two"].map((name) => stage.watch(edge, name));
      stage.clock.advance(300);
      expect(viewers.map(({ log }) => log.includes("one") || log.includes("two"))).toEqual([true, true]);
      expect(stage.net.dials).toHaveLength(refused === "digest" ? 4 : 3);
      expect(edge.log.take(/origin/)).toEqual([]);
    },
  );

  test("is the one with a digest again for an origin that had closed all connections for a while", () => {
    const stage = new EdgeStage();
    const a = stage.node("a");
    const edge = stage.node("e", { origin: ["a"] });
    const mute = { onOpen() {}, onData() {}, onDrain() {}, onClose() {} };
    stage.net.hosts.set("a:1935", {
      accept: () => ({ ...mute, onData: () => stage.net.last.accepted.close() }),
    });
    const viewers = ["one", "two", "three"].map((name) => stage.watch(edge, name));
    stage.clock.advance(5000);
    stage.net.hosts.set("a:1935", pickyAbout(a, "simple"));
    for (const name of ["one", "two", "three"]) a.publish(name).headers().key(name);
    stage.clock.advance(40_000);
    expect(viewers.map(({ log }) => log.some((entry) => /one|two|three/.test(entry)))).toEqual([true, true, true]);
  });
});
