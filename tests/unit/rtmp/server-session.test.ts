import { describe, expect, test } from "bun:test";
import { decodeAmfMessage } from "../../../src/amf/message.ts";
import { AmfObject } from "../../../src/amf/value.ts";
import { ProtocolError } from "../../../src/base/errors.ts";
import { MessageType, UserControl } from "../../../src/rtmp/messages.ts";
import { ServerUnderTest } from "../../support/server-client.ts";
import {
  clientHandshake,
  command,
  commandOn,
  connect,
  flashCommand,
  message,
  type SentMessage,
  userControl,
} from "../../support/session.ts";
import { tag } from "../../support/tags.ts";

/** The values of the first message with this name. */
function valuesOf(messages: readonly SentMessage[], name: string): unknown[] {
  for (const { type, payload } of messages) {
    if (type !== MessageType.CommandAmf0) continue;
    const values = decodeAmfMessage(payload, false);
    if (values[0] === name) return values.map((value) => (value instanceof AmfObject ? plain(value) : value));
  }
  throw new Error(`no ${name}`);
}

function plain(object: AmfObject): Record<string, unknown> {
  const entries = [...object.entries].map(([key, value]) => [key, value instanceof AmfObject ? plain(value) : value]);
  return Object.fromEntries(entries);
}

/** What `connect` with these fields is answered with, whole. */
function welcome(fields: Parameters<typeof connect>[0]): unknown[] {
  const server = new ServerUnderTest();
  server.session.receive(clientHandshake());
  server.session.receive(connect(fields));
  return valuesOf(server.answers(), "_result");
}

const properties = { fmsVer: "FMS/3,5,3,888", capabilities: 127, mode: 1 };
const capabilities = {
  fourCcList: ["*"],
  videoFourCcInfoMap: { "*": 4 },
  audioFourCcInfoMap: { "*": 4 },
  capsEx: 0x0e,
};

describe("The answer to connect", () => {
  test("names the server, and repeats the transaction id and the object encoding", () => {
    expect(welcome({ objectEncoding: 3 })).toEqual([
      "_result",
      1,
      properties,
      {
        level: "status",
        code: "NetConnection.Connect.Success",
        description: "Connection succeeded",
        objectEncoding: 3,
        data: { version: "3,5,3,888", srs_server: "srs/test", srs_id: "c1", srs_hops: true },
      },
    ]);
    const server = new ServerUnderTest();
    const bytes = command("connect", 7, AmfObject.of({ app: "live" }));
    expect(server.say(clientHandshake(), bytes)[3]).toBe("_result 7 {} NetConnection.Connect.Success");
  });

  test.each([[0], [1], ["3"], [undefined]])(
    "announces AMF0 to a client whose object encoding is %p",
    (objectEncoding) => {
      expect(welcome({ objectEncoding })[3]).toMatchObject({ objectEncoding: 0 });
    },
  );

  test.each([
    [{ fourCcList: ["hvc1"] }],
    [{ videoFourCcInfoMap: AmfObject.of({ "*": 1 }) }],
    [{ audioFourCcInfoMap: AmfObject.of({ Opus: 1 }) }],
    [{ capsEx: 1 }],
  ])("tells what enhanced RTMP it forwards to a client that knows any: %#", (fields) => {
    expect(welcome(fields)[2]).toEqual({ ...properties, ...capabilities });
  });

  test("announces no enhanced RTMP to a client that does not", () => {
    expect(welcome({ videoCodecs: 252, audioCodecs: 3575 })[2]).toEqual(properties);
  });

  test("is a refusal with a description when the owner refuses, and nothing is read after it", () => {
    const server = new ServerUnderTest();
    server.refusal = "no vhost here";
    server.session.receive(clientHandshake());
    server.session.receive(connect());
    expect(valuesOf(server.answers(), "_error")).toEqual([
      "_error",
      1,
      null,
      { level: "error", code: "NetConnection.Connect.Rejected", description: "no vhost here" },
    ]);
    expect(server.say(command("createStream", 2, null))).toEqual([]);
    expect(server.session.connected).toBe(false);
  });
});

describe("A server session", () => {
  test("passes on the client's description of itself", () => {
    const server = new ServerUnderTest();
    const fields = { flashVer: "LNX 9", pageUrl: "http://p/", swfUrl: "http://s/", objectEncoding: 0 };
    server.say(
      clientHandshake(),
      connect(fields, AmfObject.of({ srs_hops: "a,b", srs_for_client: true, srs_id: "x" })),
    );
    expect(server.request).toEqual({
      tcUrl: "rtmp://localhost/live",
      app: "live",
      ...fields,
      enhanced: false,
      hops: ["a", "b"],
      forClient: true,
      follows: false,
    });
  });

  test("refuses a first command that is not connect, in words that are safe to log", () => {
    const server = new ServerUnderTest();
    server.say(clientHandshake());
    const odd = `create\nStream${"x".repeat(200)}`;
    expect(() => server.say(command(odd, 1, null))).toThrow(
      new ProtocolError(`the first command is "create?Stream${"x".repeat(51)}", not "connect"`),
    );
  });

  test("refuses input that does not begin with the handshake", () => {
    expect(() => new ServerUnderTest().say(connect())).not.toThrow();
    expect(() => new ServerUnderTest().say(Uint8Array.of(0x16, 3, 1))).toThrow("this is TLS, not plain RTMP");
  });

  test("ignores media before connect", () => {
    const server = new ServerUnderTest();
    expect(server.say(clientHandshake(), tag("audio", 1, 0, "af01"))).toEqual([]);
    expect(server.told).toEqual([]);
  });

  test("answers an unknown command that has a transaction id, and no other", () => {
    const server = new ServerUnderTest().connected();
    expect(server.say(command("setPeerInfo", 9, null))).toEqual(["_result 9 null null"]);
    expect(server.say(command("setPeerInfo", 0, null))).toEqual([]);
    expect(server.say(command("setPeerInfo"))).toEqual([]);
    expect(server.say(flashCommand(3, "anything", 10, null))).toEqual(["_result 10 null null"]);
    expect(server.say(command("getStreamLength", 11, null, "s"))).toEqual(["_result 11 null 0"]);
    expect(server.say(command("_result", 12, null), command("_error", 13, null), command("onStatus", 14))).toEqual([]);
    expect(server.told).toEqual([]);
  });

  test("publishes several streams on one connection, each with its own media", () => {
    const server = new ServerUnderTest().connected();
    for (const id of [1, 2, 3]) {
      expect(server.say(command("createStream", 10 + id, null))).toEqual([`_result ${10 + id} null ${id}`]);
      server.say(commandOn(id, "publish", 0, null, `s${id}`));
    }
    server.takeTold();
    server.say(tag("video", 2, 5, "17"), tag("audio", 3, 6, "af"), tag("audio", 2, 7, "af"), tag("audio", 1, 8, "af"));
    expect(server.takeTold()).toEqual(["media@2 9 5 17", "media@3 8 6 af", "media@2 8 7 af", "media@1 8 8 af"]);
    // What belongs to none of several is nobody's.
    server.say(tag("audio", 9, 9, "af"));
    expect(server.takeTold()).toEqual([]);
    expect(server.say(command("FCUnpublish", 0, null, "s2"))).toContain("onStatus@2 NetStream.Unpublish.Success");
    expect(server.say(command("FCUnpublish", 0, null, "nonesuch"))).toEqual([
      "onFCUnpublish 0 null NetStream.Unpublish.Success",
    ]);
    expect(server.takeTold()).toEqual(["ended@2"]);
    server.say(tag("audio", 1, 10, "af"), tag("audio", 3, 11, "af"));
    expect(server.takeTold()).toEqual(["media@1 8 10 af", "media@3 8 11 af"]);
  });

  test("ends the only publisher by FCUnpublish, whatever name it gives", () => {
    const server = new ServerUnderTest().connected();
    server.say(commandOn(1, "publish", 0, null, "key?token=1"));
    server.say(command("FCUnpublish", 0, null, "key"));
    expect(server.told).toEqual(["publish@1 key?token=1", "ended@1"]);
  });

  test("gives media of a stream with an unanswered publish to no other stream, even if another publishes", () => {
    const server = new ServerUnderTest().connected();
    server.say(commandOn(1, "publish", 0, null, "one"));
    const accept = server.publish.bind(server);
    const waiting: (() => void)[] = [];
    server.publish = (stream, name) => waiting.push(() => accept(stream, name));
    server.takeTold();
    server.say(tag("audio", 2, 1, "a1"), commandOn(2, "publish", 0, null, "two"), tag("audio", 2, 2, "a2"));
    for (const answer of waiting) answer();
    server.say(tag("audio", 2, 3, "a3"), tag("audio", 1, 4, "a4"));
    expect(server.takeTold()).toEqual([
      "media@1 8 1 a1",
      "publish@2 two",
      "media@2 8 2 a2",
      "media@2 8 3 a3",
      "media@1 8 4 a4",
    ]);
  });

  test("notifies the client of a refused publish or play on its own stream, with the description", () => {
    const server = new ServerUnderTest().connected();
    server.refusal = "taken by c7";
    server.session.receive(commandOn(2, "publish", 3, null, "key"));
    const [refused] = server.answers();
    expect(refused?.streamId).toBe(2);
    expect(valuesOf(refused === undefined ? [] : [refused], "onStatus")[3]).toEqual({
      level: "error",
      code: "NetStream.Publish.BadName",
      description: "taken by c7",
      details: "key",
      clientid: "ASAICiss",
    });
    expect(server.say(commandOn(2, "play", 4, null, "key"))).toEqual(["onStatus@2 NetStream.Play.StreamNotFound"]);
    server.say(tag("audio", 2, 1, "af"));
    expect(server.told).toEqual(["publish@2 key", "play@2 key -2 -1"]);
  });

  test("treats names and flags of wrong types as missing", () => {
    const server = new ServerUnderTest().connected();
    server.say(commandOn(1, "publish", "x", null, 5), commandOn(2, "play", null), commandOn(2, "pause", 0, null, "no"));
    server.say(command("deleteStream", 0, null, Number.NaN), command("deleteStream", 0, null, -1), command("pause", 0));
    expect(server.told).toEqual(["publish@1 ", "play@2  -2 -1", "pause@2"]);
  });

  test("splits aggregates and marks data in AMF3", () => {
    const server = new ServerUnderTest().connected();
    server.say(commandOn(1, "publish", 0, null, "key"));
    server.takeTold();
    const body = "08000002000064 00000000 af01 0000000d 09000001000078 00000000 27 0000000c";
    server.say(tag("aggregate", 1, 1000, body), tag("data3", 1, 1001, "00 02 0001 61"));
    expect(server.told).toEqual(["media@1 8 1000 af01", "media@1 9 1020 27", "media@1 18 amf3 1001 0002000161"]);
  });

  test("ends a stream's task when it publishes or plays again, and reports the end once", () => {
    const server = new ServerUnderTest().connected();
    server.say(commandOn(1, "publish", 0, null, "a"), commandOn(1, "play", 0, null, "b"));
    server.say(commandOn(1, "closeStream", 0, null), commandOn(1, "closeStream", 0, null));
    server.say(command("deleteStream", 0, null, 1), command("deleteStream", 0, null, 1));
    expect(server.told).toEqual(["publish@1 a", "ended@1", "play@1 b -2 -1", "ended@1"]);
  });

  test("assigns no more than 64 streams, and reuses deleted ids", () => {
    const server = new ServerUnderTest().connected();
    const create = (n: number) => server.say(command("createStream", n, null));
    for (let n = 1; n <= 64; n++) expect(create(n)).toEqual([`_result ${n} null ${n}`]);
    server.nowMs += 1000;
    server.say(command("deleteStream", 0, null, 17));
    expect(create(65)).toEqual(["_result 65 null 17"]);
    expect(() => create(66)).toThrow(new ProtocolError("more than 64 streams on a connection"));
  });

  test("sends pings with the low 32 bits of the time, once connected", () => {
    const server = new ServerUnderTest();
    server.session.ping(1);
    server.connected();
    server.session.ping(2 ** 32 + 5.5);
    expect(server.say(userControl(UserControl.PingResponse, 5))).toEqual(["PingRequest 5"]);
  });

  test("reads nothing after close, not even the rest of what has arrived", () => {
    const server = new ServerUnderTest().connected();
    server.publish = () => server.session.close();
    server.say(commandOn(1, "publish", 0, null, "a"), command("createStream", 2, null));
    expect(server.answers()).toEqual([]);
  });

  test("ignores an unknown message type, and a shared object, and continues", () => {
    const server = new ServerUnderTest().connected();
    for (const type of [0, 3, 7, 10, 16, 19, 21, 99, 255]) server.say(message(type, 1, Uint8Array.of(1, 2, 3)));
    expect(server.say(command("x", 2, null))).toEqual(["_result 2 null null"]);
  });
});

describe("A running relay", () => {
  test("sends the hops of its stream", () => {
    const server = new ServerUnderTest().connected();
    server.say(command("createStream", 2, null), commandOn(1, "srs_hops", 0, null, "too,early"));
    server.say(commandOn(1, "publish", 3, null, "show", "live"));
    server.takeTold();
    expect(server.say(commandOn(1, "srs_hops", 0, null, "a,b"))).toEqual([]);
    server.say(commandOn(1, "srs_hops", 0, null, ""), commandOn(1, "srs_hops", 0, null, 7));
    server.say(commandOn(2, "srs_hops", 0, null, "another"), commandOn(1, "srs_hops", 0));
    expect(server.takeTold()).toEqual(["hops@1 a b", "hops@1 ", "hops@1 ", "hops@1 "]);
    server.say(commandOn(1, "srs_hops", 0, null, Array.from({ length: 100 }, () => "x").join(",")));
    expect(server.takeTold()).toEqual([`hops@1 ${Array.from({ length: 33 }, () => "x").join(" ")}`]);
  });

  test("sends its stream's epoch, only on the stream that it publishes", () => {
    const server = new ServerUnderTest().connected();
    server.say(command("createStream", 2, null), commandOn(1, "srs_epoch", 0, null, "early"));
    server.say(commandOn(1, "publish", 3, null, "show", "live"));
    server.takeTold();
    expect(server.say(commandOn(1, "srs_epoch", 0, null, "text", false))).toEqual([]);
    server.say(commandOn(1, "srs_epoch", 0, null, "text", true), commandOn(1, "srs_epoch", 0, null, 7, 7));
    server.say(commandOn(2, "srs_epoch", 0, null, "another"), commandOn(1, "srs_epoch", 0));
    expect(server.takeTold()).toEqual(["epoch@1 text", "epoch@1 text lost", "epoch@1 ", "epoch@1 "]);
    server.say(commandOn(1, "srs_epoch", 0, null, "text", false, "show _hd _sd", "7 a0"));
    expect(server.takeTold()).toEqual(["epoch@1 text of show _hd _sd with 7 a0"]);
  });

  test("sends the age of its packets, only on the stream that it publishes", () => {
    const server = new ServerUnderTest().connected();
    server.say(command("createStream", 2, null), commandOn(1, "srs_age", 0, null, 1));
    server.say(commandOn(1, "publish", 3, null, "show", "live"));
    server.takeTold();
    expect(server.say(commandOn(1, "srs_age", 0, null, 120.5))).toEqual([]);
    server.say(commandOn(1, "srs_age", 0, null, null), commandOn(1, "srs_age", 0), commandOn(2, "srs_age", 0, null, 1));
    expect(server.takeTold()).toEqual(["age@1 120.5", "age@1 undefined", "age@1 undefined"]);
  });
});
