import { describe, expect, test } from "bun:test";
import fc from "fast-check";
import type { AccessRequest, GuardResult } from "../../../../src/live/ports/access.ts";
import { withoutVhost } from "../../../../src/rtmp/address.ts";
import { EdgeStage } from "../../../support/edges.ts";

/** Origins a and b, where those with a token may play and publish, and an edge that lets them decide. */
async function stage() {
  const at = new EdgeStage();
  const asked: AccessRequest[] = [];
  const origins = ["a", "b"].map((name) => at.node(name));
  for (const origin of origins)
    origin.guards.push({
      name: "token",
      check: (request) => {
        asked.push(request);
        return /token=good/.test(request.tcUrl + request.param)
          ? undefined
          : { kind: "denied", reason: "no good token" };
      },
    });
  const edge = at.node("e", { origin: ["a", "b"], token_traverse: true, publish: true });
  /** Promises of guards settle between steps of the clock. */
  const pass = async (ms = 200) => {
    for (let step = 0; step < 20; step++) {
      at.clock.advance(ms / 20);
      await Promise.resolve();
      await Bun.sleep(0);
    }
  };
  return { at, origins, edge, asked, pass };
}

const URL = "rtmp://edge.example.com/live?token=good";

describe("Where an origin decides on each client", () => {
  test("the origin is asked about a player with the stream's names and the player's parameters, page and player", async () => {
    const { at, asked, pass } = await stage();
    const told = at.client("e", "play", URL, "show?x=1");
    await pass();
    expect(told).toEqual(["started"]);
    expect(asked[0]).toMatchObject({
      action: "play",
      name: { vhost: "__defaultVhost__", app: "live", stream: "show" },
      param: "?token=good&x=1",
      pageUrl: "http://page",
      swfUrl: "http://swf",
      hops: ["e:1935"],
      forClient: true,
    });
  });

  test("a player is refused with the origin's text", async () => {
    const { at, edge, pass } = await stage();
    const told = at.client("e", "play", "rtmp://edge/live", "show?token=bad");
    await pass();
    expect(told).toEqual(["refused: no good token (NetStream.Play.Failed)"]);
    expect(edge.streams.size).toBe(0);
  });

  test("a publisher is refused with the origin's text", async () => {
    const { at, edge, asked, pass } = await stage();
    const told = at.client("e", "publish", "rtmp://edge/live", "show?token=bad");
    await pass();
    expect(told).toEqual(["refused: no good token (NetStream.Publish.Denied)"]);
    expect(asked[0]).toMatchObject({
      action: "publish",
      pageUrl: "http://page",
      swfUrl: "http://swf",
      forClient: true,
    });
    expect(edge.streams.size).toBe(0);
    const good = at.client("e", "publish", URL, "show");
    await pass();
    expect(good).toEqual(["started"]);
  });

  test("after a reload during the question, the new vhost's origin is asked before the client is let in", async () => {
    const { at, origins, edge, asked, pass } = await stage();
    const { promise, resolve } = Promise.withResolvers<undefined>();
    origins[0]?.guards.push({ name: "slow", check: () => promise });
    for (const origin of origins) origin.vhosts.add("__defaultVhost__.up");
    const told = at.client("e", "play", URL, "show");
    await pass();
    edge.edgeConfig = { ...edge.edgeConfig, vhost: "[vhost].up" };
    edge.edge.reconfigure();
    expect(told).toEqual([]);
    resolve(undefined);
    await pass();
    expect(told).toEqual(["started"]);
    // Once for each question, and once to fetch.
    expect(asked.map(({ name }) => name.vhost)).toEqual([
      "__defaultVhost__",
      "__defaultVhost__.up",
      "__defaultVhost__.up",
    ]);
  });

  test("a publisher begins once an origin has accepted the stream, over the connection on which it was asked", async () => {
    const { at, edge, origins, pass } = await stage();
    const answers: ((result: GuardResult) => void)[] = [];
    origins[0]?.guards.push({ name: "slow", check: () => new Promise((resolve) => answers.push(resolve)) });
    const viewer = at.watch(edge);
    await pass();
    for (const answer of answers.splice(0)) answer(undefined);
    const told = at.client("e", "publish", URL, "show");
    await pass(2000);
    expect([told, viewer.log, edge.stream().source]).toEqual([[], [], undefined]);
    at.net.dials.length = 0;
    for (const answer of answers.splice(0)) answer(undefined);
    await pass();
    expect([told, viewer.log]).toEqual([["started"], ["published"]]);
    expect(origins[0]?.stream().source?.info.id).toBeDefined();
    expect(at.net.dials).toEqual([]);
  });

  test("a publisher that leaves before the answer leaves nothing at the origin", async () => {
    const { at, edge, origins, pass } = await stage();
    const answers: ((result: GuardResult) => void)[] = [];
    origins[0]?.guards.push({ name: "slow", check: () => new Promise((resolve) => answers.push(resolve)) });
    at.client("e", "publish", URL, "show");
    await pass();
    for (const { dialled } of at.net.connections) if (dialled.remote.host === "e") dialled.fail("gone");
    for (const { accepted, dialled } of at.net.connections) if (dialled.remote.host === "e") accepted.fail("gone");
    for (const answer of answers.splice(0)) answer(undefined);
    await pass();
    expect(origins[0]?.stream().source).toBeDefined();
    await pass(3000);
    expect([origins[0]?.stream().source, edge.edge.idle, edge.connections]).toEqual([undefined, true, 0]);
  });

  test("a second publisher of a stream is accepted only with the same parameters", async () => {
    const { at, edge, pass } = await stage();
    const told = [URL, URL, `${URL}&x=1`].map((url) => at.client("e", "publish", url, "show"));
    await pass();
    const late = [URL, `${URL}&x=2`].map((url) => at.client("e", "publish", url, "show"));
    await pass();
    expect(told.at(-1)).toEqual(["refused: /live/show is already being published (NetStream.Publish.BadName)"]);
    expect(late.at(-1)).toEqual(["refused: /live/show is already being published (NetStream.Publish.BadName)"]);
    expect(edge.stream().source).toBeDefined();
  });

  test("a publisher does not wait for the origin's refusal of others that want the same stream", async () => {
    const { at, edge, origins, pass } = await stage();
    const answers: ((result: GuardResult) => void)[] = [];
    // It takes its time over those who have no good token.
    origins[0]?.guards.unshift({
      name: "slow",
      check: ({ param }) => (param.includes("bad") ? new Promise((resolve) => answers.push(resolve)) : undefined),
    });
    const strangers = [1, 2].map((number) => at.client("e", "publish", `rtmp://e/live?token=bad${number}`, "show"));
    await pass();
    expect(answers).toHaveLength(2);
    const told = at.client("e", "publish", URL, "show");
    await pass();
    expect(told).toEqual(["started"]);
    const busy = ["refused: /live/show is already being published (NetStream.Publish.BadName)"];
    expect(strangers).toEqual([busy, busy]);
    for (const answer of answers) answer(undefined);
    await pass(3000);
    expect(edge.stream().source).toBeDefined();
    expect(edge.connections).toBe(1);
  });

  test("no publisher is let in when no origin can be asked", async () => {
    const { at, edge, pass } = await stage();
    for (const name of ["a", "b"]) at.kill(name);
    const told = at.client("e", "publish", URL, "show");
    await pass();
    expect(told).toEqual(["refused: no origin can be asked (NetStream.Publish.Denied)"]);
    expect(edge.edge.idle).toBe(true);
  });

  test("the next origin is asked when one is dead, and no client is let in when all are", async () => {
    const { at, edge, pass } = await stage();
    at.kill("a");
    const told = at.client("e", "play", URL, "show");
    await pass();
    expect(told).toEqual(["started"]);
    expect(edge.log.take(/origin dead/)).toHaveLength(1);
    at.kill("b");
    const late = at.client("e", "play", URL, "other");
    await pass();
    expect(late).toEqual(["refused: no origin can be asked (NetStream.Play.Failed)"]);
  });
});

test("A player of a stream that was missing a moment ago is refused at once, if players are refused at all", () => {
  const at = new EdgeStage();
  at.node("a");
  at.node("e", { origin: ["a"], wait: 1, missing_ttl: 5 });
  const first = at.client("e", "play", "rtmp://e/live", "show");
  at.clock.advance(1500);
  expect(first.at(-1)).toContain("no origin has given /live/show within 1 s");
  at.net.dials.length = 0;
  const second = at.client("e", "play", "rtmp://e/live", "show");
  at.clock.advance(100);
  expect(second).toEqual(["refused: no origin has /live/show (NetStream.Play.StreamNotFound)"]);
  expect(at.net.dials).toEqual(["e:1935"]);
});

test("Where origins are probed, their deaths and returns are known before a viewer comes", async () => {
  const at = new EdgeStage();
  const a = at.node("a");
  at.node("b");
  const edge = at.node("e", { origin: ["a", "b"], probe: true });
  const pass = async (ms: number) => {
    for (let step = 0; step < 50; step++) {
      at.clock.advance(ms / 50);
      await Bun.sleep(0);
    }
  };
  at.watch(edge).leave();
  at.kill("a");
  await pass(6000);
  expect(edge.log.take(/origin/)).toEqual(["warn origin dead origin=a:1935 error=connection refused"]);
  await pass(60_000);
  at.net.dials.length = 0;
  at.watch(edge, "one").leave();
  at.clock.advance(10);
  expect(at.net.dials).toEqual(["b:1935"]);
  at.net.hosts.set("a:1935", { accept: () => a.accept() });
  await pass(6000);
  expect(edge.log.take(/origin/)).toEqual(["info origin alive again origin=a:1935"]);
});

test("An origin that a probe finds alive again is asked at once for waiting viewers", async () => {
  const at = new EdgeStage();
  const a = at.node("a");
  const edge = at.node("e", { origin: ["a"], probe: true, missing_ttl: 60 });
  const pass = async (ms: number) => {
    for (let step = 0; step < 50; step++) {
      at.clock.advance(ms / 50);
      await Bun.sleep(0);
    }
  };
  at.kill("a");
  at.watch(edge);
  edge.publish("mine").headers().key("k");
  await pass(20_000);
  const first = at.watch(edge, "other");
  await pass(3000);
  first.leave();
  await pass(10);
  // Who comes now is held back: nobody had it a moment ago.
  at.watch(edge, "other");
  await pass(20_000);
  // Right after an attempt: the next one comes later than the next probe.
  do {
    at.net.dials.length = 0;
    await pass(50);
  } while (at.net.dials.length < 2);
  at.net.hosts.set("a:1935", { accept: () => a.accept() });
  do {
    at.net.dials.length = 0;
    await pass(50);
  } while (edge.log.take(/alive again/).length === 0);
  await pass(550);
  // The probe, the two that are watched and the one that is published, which would otherwise be asleep, or held back.
  expect(at.net.dials).toEqual(["a:1935", "a:1935", "a:1935", "a:1935"]);
  expect(a.stream("mine").source).toBeDefined();
});

describe("The names of which an origin is asked are those that the client gets:", () => {
  /** The names that the edge lets a client have, and those that its origin is asked for. */
  async function namesOf(action: "publish" | "play", tcUrl: string, app: string, name: string) {
    const at = new EdgeStage();
    const nodes = { asked: at.node("a"), served: at.node("e", { origin: ["a"], token_traverse: true, publish: true }) };
    const names: Record<"asked" | "served", object[]> = { asked: [], served: [] };
    for (const who of ["asked", "served"] as const) {
      nodes[who].vhosts.add("vip");
      nodes[who].guards.unshift({
        name: "names",
        check(request) {
          names[who].push({ ...request.name, param: withoutVhost(request.param) });
          return who === "asked" ? { kind: "denied", reason: "that is all we wanted to know" } : undefined;
        },
      });
    }
    at.client("e", action, tcUrl, name, app);
    for (let step = 0; step < 4; step++) {
      at.clock.advance(10);
      await Bun.sleep(0);
    }
    return names;
  }

  const vip = { vhost: "vip", app: "live", stream: "secret", param: "" };
  const local = { vhost: "__defaultVhost__", param: "" };

  test.each([
    ["rtmp://e/live", "live", "secret?vhost=vip", vip],
    ["rtmp://e/live?vhost=vip", "live?vhost=vip", "secret", vip],
    ["rtmp://vip/live", "live", "secret", vip],
    ["rtmp://e/live", "live", "vip/show", { ...local, app: "live/vip", stream: "show" }],
    ["rtmp://e/live", "live", "mp4:vip/show.mp4", { ...local, app: "live/vip", stream: "show" }],
    ["rtmp://e/live/show", "live", "show", { ...local, app: "live", stream: "show" }],
    ["rtmp://e/show", "show", "", { ...local, app: "__defaultApp__", stream: "show" }],
  ])("%s, app %s, name %s", async (tcUrl, app, name, expected) => {
    for (const action of ["play", "publish"] as const)
      expect(await namesOf(action, tcUrl, app, name)).toEqual({ served: [expected], asked: [expected] });
  });

  test("in any spelling of the URL", async () => {
    const piece = fc.oneof(
      {
        weight: 3,
        arbitrary: fc.constantFrom("live", "secret", "vip", "/", "/", "?", "&", "_definst_", "mp4:", ".flv"),
      },
      {
        weight: 1,
        arbitrary: fc.constantFrom(
          "?vhost=vip",
          "&domain=vip",
          "...vhost...vip",
          ",vhost=vip",
          "?v%68ost=vip",
          "k=1",
          "#",
        ),
      },
    );
    const text = fc.array(piece, { maxLength: 6 }).map((pieces) => pieces.join(""));
    let decided = 0;
    await fc.assert(
      fc.asyncProperty(
        fc.constantFrom<"play" | "publish">("play", "publish"),
        fc.constantFrom("rtmp://e/", "rtmp://vip/"),
        fc.tuple(text, text, text, fc.boolean()),
        async (action, host, [place, app, name, same]) => {
          const { served, asked } = await namesOf(action, host + place, same ? place : app, name);
          expect(asked).toEqual(served);
          decided += served.length;
        },
      ),
      { seed: 20141935, numRuns: 60 },
    );
    expect(decided).toBeGreaterThan(30);
  }, 60_000);
});
