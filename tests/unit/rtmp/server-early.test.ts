import { describe, expect, test } from "bun:test";
import { AmfObject } from "../../../src/amf/value.ts";
import { ProtocolError } from "../../../src/base/errors.ts";
import type { ConnectRequest } from "../../../src/rtmp/connect.ts";
import { UserControl } from "../../../src/rtmp/messages.ts";
import type { NetStream } from "../../../src/rtmp/net-stream.ts";
import type { PlayRequest } from "../../../src/rtmp/server-events.ts";
import { ServerUnderTest } from "../../support/server-client.ts";
import { clientHandshake, command, commandOn, connect, userControl } from "../../support/session.ts";
import { tag } from "../../support/tags.ts";

/** A server whose owner takes its time: it answers when the test says so, in the order of the requests. */
class SlowServer extends ServerUnderTest {
  readonly #waiting: (() => void)[] = [];

  override connect(request: ConnectRequest): void {
    this.#waiting.push(() => super.connect(request));
  }

  override publish(stream: NetStream, name: string): void {
    this.told.push(`asked publish@${stream.id}`);
    this.#waiting.push(() => super.publish(stream, name));
  }

  override play(stream: NetStream, request: PlayRequest): void {
    this.told.push(`asked play@${stream.id}`);
    this.#waiting.push(() => super.play(stream, request));
  }

  /** Answers the oldest request; what the client hears, one line each. */
  answer(): string[] {
    this.#waiting.shift()?.();
    return this.say();
  }

  ready(): this {
    this.say(clientHandshake(), connect());
    this.answer();
    this.takeTold();
    return this;
  }
}

const START = (id: number) => [`StreamBegin ${id}`, `onStatus@${id} NetStream.Publish.Start`];
const publish = (id: number, name: string) => commandOn(id, "publish", 3, null, name, "live");

describe("What comes before the answer to connect", () => {
  test("waits for the answer, all of it and in order: an encoder may send everything in one segment", () => {
    const server = new SlowServer();
    const early = [
      command("releaseStream", 2, null, "show"),
      command("createStream", 3, null),
      publish(1, "show"),
      tag("data", 1, 0, "02000a6f6e4d65746144617461"),
      tag("video", 1, 0, "1700000000 01"),
      tag("video", 1, 5, "1701000000 65"),
    ];
    expect(server.say(clientHandshake(), connect(), ...early)).toEqual([]);
    expect(server.answer().slice(-3)).toEqual(["onBWDone 0 null", "_result 2 null null", "_result 3 null 1"]);
    expect(server.answer()).toEqual(START(1));
    expect(server.takeTold()).toEqual([
      "connect live",
      "asked publish@1",
      "publish@1 show",
      "media@1 18 0 02000a6f6e4d6574",
      "media@1 9 0 170000000001",
      "media@1 9 5 170100000065",
    ]);
    expect(server.session.bufferedBytes).toBe(0);
  });

  test("is dropped when the answer is a refusal", () => {
    const server = new SlowServer();
    server.refusal = "no vhost here";
    server.say(clientHandshake(), connect(), command("createStream", 3, null), tag("audio", 1, 0, "af01"));
    expect(server.answer()).toEqual(["_error 1 null NetConnection.Connect.Rejected"]);
    expect(server.session.bufferedBytes).toBe(0);
  });

  test("is refused if it is too much, and pings are answered meanwhile", () => {
    const server = new SlowServer({ maxBacklogBytes: 10_000 });
    server.say(clientHandshake(), connect());
    expect(server.say(userControl(UserControl.PingRequest, 7))).toEqual(["PingResponse 7"]);
    const calls = () => {
      for (let at = 0; at < 100; at++) server.say(command("_checkbw", at, null));
    };
    expect(calls).toThrow(ProtocolError);
    expect(server.session.bufferedBytes).toBeLessThanOrEqual(10_000);
    server.session.close();
    expect(server.session.bufferedBytes).toBe(0);
  });
});

describe("What a stream sends before the answer to its publish", () => {
  test("waits for the answer, while everything else of the connection continues", () => {
    const server = new SlowServer().ready();
    server.say(publish(1, "one"));
    server.answer();
    server.say(publish(2, "two"), publish(3, "three"));
    server.takeTold();
    const answers = server.say(
      tag("audio", 2, 1, "a1"),
      tag("audio", 1, 2, "a2"),
      tag("audio", 3, 3, "a3"),
      command("createStream", 9, null),
    );
    expect(answers).toEqual(["_result 9 null 4"]);
    expect(server.takeTold()).toEqual(["media@1 8 2 a2"]);
    server.answer();
    server.say(tag("audio", 2, 4, "a4"));
    server.answer();
    expect(server.takeTold()).toEqual([
      "publish@2 two",
      "media@2 8 1 a1",
      "media@2 8 4 a4",
      "publish@3 three",
      "media@3 8 3 a3",
    ]);
  });

  test("waits on any message stream, while the publish is the only one", () => {
    const server = new SlowServer().ready();
    server.say(publish(1, "show"), tag("audio", 5, 1, "a1"), publish(2, "other"));
    server.answer();
    expect(server.takeTold().slice(-2)).toEqual(["publish@1 show", "media@1 8 1 a1"]);
  });

  test("includes its hops and its epoch", () => {
    const server = new SlowServer().ready();
    server.say(
      publish(1, "show"),
      commandOn(1, "srs_hops", 0, null, "a,b"),
      commandOn(1, "srs_epoch", 0, null, "text"),
    );
    server.say(tag("audio", 1, 1, "a1"));
    server.takeTold();
    server.answer();
    expect(server.takeTold()).toEqual(["publish@1 show", "hops@1 a b", "epoch@1 text", "media@1 8 1 a1"]);
  });

  test.each([
    ["FCUnpublish", command("FCUnpublish", 4, null, "show")],
    ["closeStream", commandOn(1, "closeStream", 4, null)],
    ["deleteStream", command("deleteStream", 4, null, 1)],
    ["another publish", publish(1, "other")],
    ["a play", commandOn(1, "play", 4, null, "other")],
  ])("is forgotten when %s ends the wait at once", (_name, end) => {
    const server = new SlowServer().ready();
    server.say(publish(1, "show"), tag("audio", 1, 1, "a1"));
    server.takeTold();
    server.say(end);
    expect(server.takeTold()[0]).toBe("ended@1");
    expect(server.session.bufferedBytes).toBe(0);
  });

  test("is dropped when the answer is a refusal, even if another stream of the connection publishes", () => {
    const server = new SlowServer().ready();
    server.say(publish(1, "one"));
    server.answer();
    server.say(publish(2, "two"), tag("audio", 2, 1, "a1"));
    server.takeTold();
    server.refusal = "taken";
    server.answer();
    expect(server.takeTold()).toEqual(["publish@2 two"]);
    expect(server.session.bufferedBytes).toBe(0);
  });

  test("is bounded: the oldest frames are lost and counted, and headers stay", () => {
    const server = new SlowServer({ maxBacklogBytes: 20_000 }).ready();
    server.say(publish(1, "show"), tag("video", 1, 0, "1700000000 01"));
    for (let at = 1; at <= 50; at++) server.say(tag("video", 1, at, `2701000000${"41".repeat(1000)}`));
    expect(server.session.bufferedBytes).toBeLessThanOrEqual(20_000);
    server.takeTold();
    server.answer();
    const media = server.takeTold().slice(1);
    expect(media[0]).toBe("media@1 9 0 170000000001");
    expect(media.at(-1)).toStartWith("media@1 9 50 ");
    expect(server.session.takeDropped()).toBe(51 - media.length);
  });

  test.each([
    ["the client goes on", (server: SlowServer) => server.say(tag("audio", 1, 100, "a1")), 101],
    ["the client says FCUnpublish", (server: SlowServer) => server.say(command("FCUnpublish", 9, null, "show")), 100],
    ["the client hangs up", (server: SlowServer) => server.session.finish(), 100],
  ])("is all worked on in order, in turns, when %s in the middle of it", (_name, meanwhile, all) => {
    const server = new SlowServer().ready();
    server.say(publish(1, "show"));
    for (let at = 0; at < 100; at++) server.say(tag("audio", 1, at, "a1"));
    server.takeTold();
    server.answer();
    expect(server.told.length).toBeLessThan(100);
    meanwhile(server);
    for (const work of server.soon.splice(0)) work();
    server.say(tag("audio", 1, 101, "a1"));
    while (server.soon.length > 0) for (const work of server.soon.splice(0)) work();
    const media = server.takeTold().filter((line) => line.startsWith("media"));
    const times = Array.from({ length: all }, (_, at) => at);
    const ended = _name === "the client says FCUnpublish";
    expect(media).toEqual([...times, ...(ended ? [] : [101])].map((at) => `media@1 8 ${at} a1`));
    expect(server.session.bufferedBytes).toBe(0);
  });

  test("is reported as a protocol error when the answer is given, if it is one", () => {
    const server = new SlowServer().ready();
    server.say(publish(1, "show"), tag("aggregate", 1, 0, "08ffffff"));
    expect(() => server.answer()).toThrow(ProtocolError);
  });

  test("is delivered only up to the message that closes the session", () => {
    const server = new SlowServer().ready();
    server.say(publish(1, "show"), commandOn(1, "srs_hops", 0, null, "a"), tag("audio", 1, 1, "a1"));
    server.takeTold();
    server.hops = () => server.session.close();
    server.answer();
    expect(server.takeTold()).toEqual(["publish@1 show"]);
  });
});

test("What a player sends before the answer to its play is processed right after it, in order", () => {
  const server = new SlowServer().ready();
  const early = [
    commandOn(1, "receiveVideo", 0, null, false),
    commandOn(1, "pause", 0, null, true, 0),
    commandOn(1, "pause", 0, null, false, 0),
  ];
  expect(server.say(commandOn(1, "play", 3, null, "show"), ...early)).toEqual([]);
  server.takeTold();
  expect(server.answer().filter((line) => /Play.Start|Pause/i.test(line))).toEqual([
    "onStatus@1 NetStream.Play.Start",
    "onStatus@1 NetStream.Pause.Notify",
    "onStatus@1 NetStream.Unpause.Notify",
  ]);
  expect(server.takeTold()).toEqual(["play@1 show -2 -1", "video@1 off", "pause@1", "unpause@1"]);
});

describe("A repeated request", () => {
  test("to publish a published stream is answered by success, and changes nothing", () => {
    const server = new ServerUnderTest().connected();
    const before = server.say(publish(1, "show"));
    server.takeTold();
    expect(server.say(publish(1, "show"))).toEqual(before);
    expect(server.say(publish(1, "show?token=2"))).toEqual(before);
    server.say(tag("audio", 1, 1, "a1"));
    expect(server.takeTold()).toEqual(["media@1 8 1 a1"]);
    server.say(publish(1, "show?vhost=other"));
    expect(server.takeTold()).toEqual(["ended@1", "publish@1 show?vhost=other"]);
  });

  test("to publish or play while the first one waits gets one answer for both", () => {
    const server = new SlowServer().ready();
    server.say(publish(1, "show"), tag("audio", 1, 1, "a1"), publish(1, "show"), tag("audio", 1, 2, "a2"));
    expect(server.answer()).toEqual(START(1));
    expect(server.takeTold()).toEqual(["asked publish@1", "publish@1 show", "media@1 8 1 a1", "media@1 8 2 a2"]);
    const play = commandOn(2, "play", 3, null, "show");
    server.say(play, play);
    expect(server.answer().filter((line) => line.includes("Play.Start"))).toHaveLength(1);
    expect(server.takeTold()).toEqual(["asked play@2", "play@2 show -2 -1"]);
  });

  test("to play a played stream begins again, or continues if it wants no reset", () => {
    const server = new ServerUnderTest().connected();
    const before = server.say(commandOn(1, "play", 3, null, "show"));
    server.takeTold();
    expect(server.say(commandOn(1, "play", 4, null, "show"))).toEqual(before);
    expect(server.takeTold()).toEqual(["restart@1"]);
    const withoutReset = before.filter((line) => !line.includes("Reset"));
    expect(server.say(commandOn(1, "play", 5, null, "show", -2, -1, false))).toEqual(withoutReset);
    expect(server.takeTold()).toEqual([]);
  });

  test("to connect to the same app is answered by success, to another by a refusal, and the stream continues", () => {
    const server = new ServerUnderTest().connected();
    server.say(publish(1, "show"));
    server.takeTold();
    expect(server.say(connect())).toEqual(["_result 1 {} NetConnection.Connect.Success"]);
    const other = command("connect", 7, AmfObject.of({ app: "other" }));
    expect(server.say(other)).toEqual(["_error 7 null NetConnection.Connect.Rejected"]);
    server.say(tag("audio", 1, 1, "a1"));
    expect(server.takeTold()).toEqual(["media@1 8 1 a1"]);
  });

  test("by FCPublish or releaseStream for a published stream is answered, and the stream continues", () => {
    const server = new ServerUnderTest().connected();
    server.say(publish(1, "show"));
    server.takeTold();
    const announced = ["_result 5 null null", "onFCPublish 0 null NetStream.Publish.Start"];
    for (let times = 0; times < 2; times++)
      expect(server.say(command("FCPublish", 5, null, "show"))).toEqual(announced);
    expect(server.say(command("releaseStream", 6, null, "show"))).toEqual(["_result 6 null null"]);
    server.say(command("deleteStream", 0, null, 9), command("closeStream", 0, null), commandOn(4, "closeStream", 0));
    server.say(tag("audio", 1, 1, "a1"));
    expect(server.takeTold()).toEqual(["media@1 8 1 a1"]);
  });
});

test("FCPublish is answered at once by onFCPublish, and FCSubscribe by onFCSubscribe, as some clients wait for that", () => {
  const server = new ServerUnderTest().connected();
  expect(server.say(command("FCPublish", 5, null, "show"), command("FCSubscribe", 0, null, "show"))).toEqual([
    "_result 5 null null",
    "onFCPublish 0 null NetStream.Publish.Start",
    "onFCSubscribe 0 null NetStream.Play.Start",
  ]);
  expect(server.say(publish(1, "show"))).toEqual(START(1));
});

describe("Encoders that send less than they should", () => {
  test("get an answer to createStream without a transaction id", () => {
    const server = new ServerUnderTest().connected();
    expect(server.say(command("createStream", 0, null), command("createStream"))).toEqual([
      "_result 0 null 1",
      "_result 0 null 2",
    ]);
  });

  test("may leave the command object out", () => {
    const server = new ServerUnderTest().connected();
    server.say(commandOn(1, "publish", 3, "camera", "live"), commandOn(2, "play", 4, "show"));
    server.say(commandOn(2, "pause", 0, true, 0), command("FCUnpublish", 5, "camera"), command("deleteStream", 6, 2));
    expect(server.takeTold()).toEqual(["publish@1 camera", "play@2 show -2 -1", "pause@2", "ended@1", "ended@2"]);
  });
});
