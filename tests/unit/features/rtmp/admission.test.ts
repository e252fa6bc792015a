import { describe, expect, test } from "bun:test";
import { decodeAmf0 } from "../../../../src/amf/amf0.ts";
import type { AccessRequest, GuardResult } from "../../../../src/live/ports/access.ts";
import { readStatus } from "../../../../src/rtmp/server-answers.ts";
import { type ClientEnd, RtmpStage, vhostDefaults } from "../../../support/rtmp-stage.ts";
import { command, commandOn } from "../../../support/session.ts";
import { tag } from "../../../support/tags.ts";

const audio = (time: number) => tag("audio", 1, time, "af01");
const key = (time: number) => tag("video", 1, time, "1701000000 65");
const header = tag("video", 1, 0, "1700000000 01");
const START = ["StreamBegin 1", "onStatus@1 NetStream.Publish.Start"];
const PLAYING = [
  "StreamBegin 1",
  "onStatus@1 NetStream.Play.Reset",
  "onStatus@1 NetStream.Play.Start",
  "|RtmpSampleAccess@1 true true",
];

/** A server with one guard, whose answers come when the test says so. */
class GuardedStage extends RtmpStage {
  readonly requests: AccessRequest[] = [];
  #answers: ((result: GuardResult) => void)[] = [];

  constructor() {
    super();
    const check = (request: AccessRequest) => {
      this.requests.push(request);
      const { promise, resolve } = Promise.withResolvers<GuardResult>();
      this.#answers.push(resolve);
      return promise;
    };
    this.guards.push({ name: "test", check });
  }

  /** Answers the oldest request. */
  async answer(result?: GuardResult): Promise<void> {
    this.#answers.shift()?.(result);
    await new Promise((resolve) => setImmediate(resolve));
  }

  /** A client that has connected and created stream 1, and has heard of it. */
  ready(): ClientEnd {
    const client = this.connect();
    client.say(command("createStream", 2, null));
    return client;
  }
}

const publish = commandOn(1, "publish", 3, null, "show?token=1", "live");
const play = commandOn(1, "play", 3, null, "show");

test("guards get the client, its action and the stream", async () => {
  const stage = new GuardedStage();
  const urls = { tcUrl: "rtmp://h/live?a=1", pageUrl: "http://page/", swfUrl: "http://swf/" };
  stage.connect(urls).say(publish);
  expect(stage.requests).toEqual([
    {
      action: "publish",
      protocol: "rtmp",
      name: { vhost: "__defaultVhost__", app: "live", stream: "show" },
      param: "?a=1&token=1",
      address: "10.0.0.9",
      port: 1,
      ...urls,
      hops: [],
      forClient: false,
      follows: [],
      clientId: "c1",
    },
  ]);
});

describe("A client that is sent to another server", () => {
  const elsewhere = { server: "rtmps://edge:443", params: "vhost=v&srs_directed=1" };

  test.each(["publish", "play"])(
    "gets SRS's redirect to its %s, with its own parameters, and no line as for a refusal",
    async (action) => {
      const stage = new GuardedStage();
      const client = stage.ready();
      client.say(commandOn(1, action, 3, null, "show?token=1"));
      await stage.answer({ kind: "elsewhere", reason: "there is room", elsewhere });
      client.hear();
      const values = decodeAmf0(client.heard.at(-1)?.payload ?? new Uint8Array());
      expect(readStatus(values[3])).toMatchObject({
        level: "error",
        code: "NetConnection.Connect.Rejected",
        redirect: "rtmps://edge:443/live",
        redirect2: "rtmps://edge:443/live/show?token=1&vhost=v&srs_directed=1",
      });
      expect(client.state).toBe("closing");
      expect(stage.logged("WARN")).toEqual([]);
    },
  );
});

describe("While guards decide on a publish", () => {
  test("what the client sends waits, and reaches viewers in order, with metadata and headers", async () => {
    const stage = new GuardedStage();
    const publisher = stage.ready();
    expect(publisher.say(publish, header, key(1), audio(5))).toEqual([]);
    expect(stage.streams.size).toBe(0);
    await stage.answer();
    expect(publisher.hear()).toEqual(START);
    publisher.say(key(41));
    const player = stage.ready();
    player.say(play);
    await stage.answer();
    expect(player.hear()).toEqual([...PLAYING, "video@1 41 17000000", "video@1 41 17010000"]);
    expect(stage.logged("WARN")).toEqual([]);
  });

  test("frames without room are logged, and the stream begins with its headers", async () => {
    const stage = new GuardedStage();
    const publisher = stage.ready();
    const player = stage.ready();
    player.say(play);
    await stage.answer();
    publisher.say(publish, header);
    for (let time = 1; time <= 50; time++) publisher.say(tag("video", 1, time, `1701000000${"65".repeat(100_000)}`));
    player.hear();
    await stage.answer();
    const [first] = player.hear().filter((line) => line.startsWith("video"));
    expect(first).toContain("17000000");
    const [warning] = stage.logged("WARN");
    expect(warning).toMatch(
      /^WARN \[c1\] frames before the answer were dropped addr=\S+ stream=\/live\/show frames=[1-4]\d$/,
    );
  });

  test("a protocol error in what the client has sent closes only its own connection, when that is processed", async () => {
    const stage = new GuardedStage();
    const publisher = stage.ready();
    const other = stage.ready();
    publisher.say(publish, tag("aggregate", 1, 0, "08ffffff"));
    await stage.answer();
    expect(publisher.state).toBe("closing");
    expect(other.state).toBe("open");
    expect(stage.logged("WARN")).toEqual([expect.stringMatching(/^WARN \[c1\] protocol error, connection closed/)]);
    expect(stage.streams.size).toBe(0);
  });

  test("the client may leave", async () => {
    const stage = new GuardedStage();
    const publisher = stage.ready();
    publisher.say(publish, header, key(1));
    publisher.hangUp();
    await stage.answer();
    expect(stage.streams.size).toBe(0);
    const [line, ...more] = stage.logged().filter((line) => !/ (?:accepted|connected|disconnected) /.test(line));
    expect([line, more]).toEqual(["INFO [c1] publish ended before its answer addr=10.0.0.9:1 stream=/live/show", []]);
  });

  test.each([
    ["FCUnpublish", command("FCUnpublish", 4, null, "show?token=1")],
    ["deleteStream", command("deleteStream", 4, null, 1)],
  ])("the client may end it by %s", async (_, end) => {
    const stage = new GuardedStage();
    const publisher = stage.ready();
    publisher.say(publish, end);
    await stage.answer();
    expect(publisher.hear()).toEqual([]);
    expect(stage.streams.size).toBe(0);
  });

  test("the client may ask for another stream instead, which has an answer of its own", async () => {
    const stage = new GuardedStage();
    const publisher = stage.ready();
    publisher.say(publish, commandOn(1, "publish", 3, null, "other", "live"));
    await stage.answer({ kind: "denied", reason: "no" });
    expect(publisher.hear()).toEqual([]);
    await stage.answer();
    expect(publisher.hear()).toEqual(START);
    expect([...stage.streams.all()].map(({ key }) => key)).toEqual(["__defaultVhost__/live/other"]);
  });

  test("another client may take the name, and the vhost may be removed", async () => {
    const stage = new GuardedStage();
    const [first, second, third] = [stage.ready(), stage.ready(), stage.ready()];
    for (const client of [first, second, third]) client.say(publish);
    await stage.answer();
    await stage.answer();
    expect(first.hear()).toEqual(START);
    expect(second.hear()).toEqual(["onStatus@1 NetStream.Publish.BadName"]);
    stage.configure({ enabled: false });
    await stage.answer();
    expect(third.hear()).toEqual(["onStatus@1 NetStream.Publish.BadName"]);
  });

  test("the vhost of its name may change, and then guards are asked again about the new vhost", async () => {
    const stage = new GuardedStage();
    const client = stage.connect({ tcUrl: "rtmp://vip.com/live" });
    client.say(command("createStream", 2, null));
    client.say(publish);
    stage.vhosts.set("vip.com", vhostDefaults);
    await stage.answer();
    expect(client.hear()).toEqual([]);
    expect(stage.requests.map(({ name }) => name.vhost)).toEqual(["__defaultVhost__", "vip.com"]);
    await stage.answer({ kind: "denied", reason: "not there" });
    expect(client.hear()).toEqual(["onStatus@1 NetStream.Publish.Denied"]);
    expect(stage.streams.size).toBe(0);
  });

  test("the connection does not count as idle", async () => {
    const stage = new GuardedStage();
    const publisher = stage.ready();
    stage.clock.advance(100_000);
    publisher.say(command("_checkbw", 3, null));
    stage.clock.advance(70_000);
    publisher.say(publish);
    stage.clock.advance(20_000);
    await stage.answer();
    expect(publisher.hear()).toContain("onStatus@1 NetStream.Publish.Start");
  });

  test("the server may stop", async () => {
    const stage = new GuardedStage();
    const publisher = stage.ready();
    publisher.say(publish);
    stage.server.stop();
    await stage.answer();
    expect(stage.streams.size).toBe(0);
    expect(publisher.state).toBe("closing");
  });
});

describe("A player that guards decide on", () => {
  test("gets what it has asked for meanwhile: no video, and nothing while paused", async () => {
    const stage = new RtmpStage();
    const publisher = stage.publish();
    const { promise, resolve } = Promise.withResolvers<GuardResult>();
    stage.guards.push({ name: "test", check: () => promise });
    const player = stage.play();
    player.say(commandOn(1, "receiveVideo", 0, null, false), commandOn(1, "pause", 0, null, true, 0));
    resolve(undefined);
    await new Promise((next) => setImmediate(next));
    expect(player.hear()).toEqual([...PLAYING, "StreamEof 1", "onStatus@1 NetStream.Pause.Notify"]);
    publisher.say(key(1), audio(2));
    expect(player.hear()).toEqual([]);
    player.say(commandOn(1, "pause", 0, null, false, 0));
    publisher.say(key(3), audio(4));
    expect(player.hear().filter((line) => /^(?:audio|video)/.test(line))).toEqual(["audio@1 4 af01"]);
  });

  test("gets no answer after it has sent closeStream", async () => {
    const stage = new GuardedStage();
    const player = stage.ready();
    player.say(play, commandOn(1, "closeStream", 0, null));
    await stage.answer({ kind: "denied", reason: "no" });
    expect(player.hear()).toEqual([]);
    expect(player.state).toBe("open");
  });
});

test.each([
  ["publish", publish, "NetStream.Publish.Denied"],
  ["play", play, "NetStream.Play.Failed"],
])("a client that guards refuse to let %s gets the reason, and is closed", async (action, request, code) => {
  const stage = new GuardedStage();
  const client = stage.ready();
  client.say(request);
  await stage.answer({ kind: "denied", reason: "not from here", detail: "rule 7" });
  expect(client.hear()).toEqual([`onStatus@1 ${code}`]);
  expect(client.state).toBe("closing");
  expect(stage.logged("WARN")).toEqual([
    `WARN [c1] ${action} refused addr=10.0.0.9:1 stream=/live/show error=not from here detail=rule 7`,
  ]);
});

test("requests without a stream or vhost never reach the guards", () => {
  const stage = new GuardedStage();
  stage.vhosts.clear();
  stage.vhosts.set("localhost", vhostDefaults);
  stage.publish("..");
  stage.play("x?vhost=nowhere.com");
  expect(stage.requests).toEqual([]);
});

describe("While a guard decides on a connect", () => {
  test("what the client sends waits, and is processed when it may connect", async () => {
    const stage = new RtmpStage();
    const { promise, resolve } = Promise.withResolvers<GuardResult>();
    stage.guards.push({ name: "hook", check: () => undefined, checkConnect: () => promise });
    const client = stage.connect();
    expect(client.say(command("createStream", 2, null), publish)).toEqual([]);
    expect(stage.logged("INFO")).toEqual([]);
    resolve(undefined);
    await new Promise((next) => setImmediate(next));
    expect(client.hear().slice(-2)).toEqual(START);
    expect(stage.logged("INFO")).toEqual([
      expect.stringMatching(/^INFO \[c1\] connected/),
      expect.stringMatching(/^INFO \[c1\] publish started/),
    ]);
  });

  test("the client may be refused, which counts as the guard's refusal", async () => {
    const stage = new RtmpStage();
    const refusal = { kind: "denied", reason: "no licence", detail: "rule 7" } as const;
    stage.guards.push({ name: "hook", check: () => undefined, checkConnect: () => Promise.resolve(refusal) });
    const client = stage.connect();
    await new Promise((next) => setImmediate(next));
    expect(client.hear()).toEqual([expect.stringMatching(/^_error/)]);
    expect(client.state).toBe("closing");
    expect(stage.logged("WARN")).toEqual([
      expect.stringMatching(/^WARN \[c1\] connect refused addr=10\.0\.0\.9:1 url=\S+ error=no licence detail=rule 7$/),
    ]);
    expect([...stage.totals().refused]).toEqual([["hook", 1]]);
  });

  test("the client may leave", async () => {
    const stage = new RtmpStage();
    stage.guards.push({ name: "hook", check: () => undefined, checkConnect: () => Promise.resolve(undefined) });
    stage.connect().hangUp();
    await new Promise((next) => setImmediate(next));
    expect(stage.logged().filter((line) => line.includes("] connected"))).toEqual([]);
  });
});
