import { describe, expect, test } from "bun:test";
import { AmfObject } from "../../../../src/amf/value.ts";
import { MessageType } from "../../../../src/rtmp/messages.ts";
import { RtmpStage, vhostDefaults } from "../../../support/rtmp-stage.ts";
import { brief, clientHandshake, command, commandOn, connect, control } from "../../../support/session.ts";
import { tag } from "../../../support/tags.ts";

const avcHeader = (streamId = 1) => tag("video", streamId, 0, "1700000000 01");
const key = (streamId: number, time: number) => tag("video", streamId, time, "1701000000 65");
const inter = (streamId: number, time: number) => tag("video", streamId, time, "2701000000 41");
const audio = (streamId: number, time: number) => tag("audio", streamId, time, "af01");
const onMetaData = tag("data", 1, 0, "02000a6f6e4d65746144617461 03 0001 77 00 4094000000000000 000009");

const PLAYING = ["onStatus@1 NetStream.Play.Reset", "onStatus@1 NetStream.Play.Start", "|RtmpSampleAccess@1 true true"];

describe("A publisher's stream", () => {
  test("reaches its players from metadata, header and key frame on", () => {
    const stage = new RtmpStage();
    const publisher = stage.publish();
    publisher.say(onMetaData, avcHeader(), key(1, 100), inter(1, 140));
    const player = stage.connect();
    player.hear();
    player.say(command("createStream", 2, null));
    expect(player.say(commandOn(1, "play", 3, null, "show"))).toEqual([
      "StreamBegin 1",
      ...PLAYING,
      "onMetaData@1 {}",
      "video@1 100 17000000",
      "video@1 100 17010000",
      "video@1 140 27010000",
    ]);
    publisher.say(key(1, 180), audio(1, 181));
    expect(player.hear()).toEqual(["video@1 180 17010000", "audio@1 181 af01"]);
    expect(stage.logged()).toEqual([
      "DEBUG [c1] accepted addr=10.0.0.9:1",
      "INFO [c1] connected addr=10.0.0.9:1 url=rtmp://localhost/live",
      "INFO [c1] publish started addr=10.0.0.9:1 stream=/live/show",
      "DEBUG [c2] accepted addr=10.0.0.9:2",
      "INFO [c2] connected addr=10.0.0.9:2 url=rtmp://localhost/live",
      "INFO [c2] play started addr=10.0.0.9:2 stream=/live/show",
    ]);
  });

  test("starts for players that came before it, and stops and starts again for those that stay", () => {
    const stage = new RtmpStage();
    const player = stage.play();
    expect(player.hear()).toEqual([]);
    expect(stage.logged("INFO").at(-1)).toBe("INFO [c1] play started addr=10.0.0.9:1 stream=/live/show waiting=true");
    for (const time of [0, 5000]) {
      const publisher = stage.publish();
      expect(player.hear()).toEqual(["StreamBegin 1", "onStatus@1 NetStream.Play.PublishNotify"]);
      publisher.say(avcHeader(), key(1, time));
      expect(player.hear().map((line) => line.split(" ")[2])).toEqual(["17000000", "17010000"]);
      publisher.say(command("FCUnpublish", 4, null, "show"));
      expect(player.hear()).toEqual(["StreamEof 1", "onStatus@1 NetStream.Play.UnpublishNotify"]);
      publisher.hangUp();
    }
  });

  test("that vanishes is announced as stopped only after the grace time", () => {
    const stage = new RtmpStage();
    const first = stage.publish();
    const player = stage.play();
    first.say(avcHeader(), key(1, 1000));
    player.hear();
    first.hangUp("connection reset by the peer");
    stage.clock.advance(29_000);
    expect(player.hear()).toEqual([]);
    const second = stage.publish();
    second.say(avcHeader(), key(1, 7));
    expect(player.hear()).toEqual(["video@1 1000 17000000", "video@1 1040 17010000"]);
    second.hangUp();
    stage.clock.advance(29_999);
    expect(player.hear()).toEqual([]);
    stage.clock.advance(1);
    expect(player.hear()).toEqual(["StreamEof 1", "onStatus@1 NetStream.Play.UnpublishNotify"]);
    expect(stage.logged("INFO [c1]").slice(-2)).toEqual([
      "INFO [c1] publish ended, publisher lost addr=10.0.0.9:1 stream=/live/show seconds=0 packets=2 bytes=12",
      expect.stringMatching(/^INFO \[c1\] disconnected addr=.* reason=connection reset by the peer$/),
    ]);
  });

  test.each([
    ["FCUnpublish", command("FCUnpublish", 4, null, "show")],
    ["closeStream", commandOn(1, "closeStream", 0, null)],
    ["deleteStream", command("deleteStream", 5, null, 1)],
  ])("stops at once by %s, and can be published again on the same connection", (_name, goodbye) => {
    const stage = new RtmpStage();
    const publisher = stage.publish();
    publisher.say(goodbye, audio(1, 0));
    expect(stage.logged("INFO").at(-1)).toBe(
      "INFO [c1] publish ended addr=10.0.0.9:1 stream=/live/show seconds=0 packets=0 bytes=0",
    );
    expect(stage.streams.size).toBe(0);
    expect(publisher.say(commandOn(1, "publish", 6, null, "show"))).toContain("onStatus@1 NetStream.Publish.Start");
    expect(publisher.state).toBe("open");
  });

  test("continues when one of its data messages can't be read, which is logged once", () => {
    const stage = new RtmpStage();
    const publisher = stage.publish();
    const player = stage.play();
    stage.logged();
    const broken = tag("data", 1, 0, "02000a6f6e4d65746144617461 03 0001 77 7f");
    publisher.say(broken, broken, audio(1, 5), broken);
    expect(publisher.state).toBe("open");
    expect(player.hear()).toEqual(["audio@1 5 af01"]);
    expect(stage.logged()).toEqual([
      expect.stringMatching(
        /^WARN \[c1\] malformed data message dropped addr=10.0.0.9:1 stream=\/live\/show error=.*0x7f/,
      ),
    ]);
  });
});

describe("A connection with several streams", () => {
  test("plays each on its own message stream", () => {
    const stage = new RtmpStage();
    const [one, two] = [stage.publish("one"), stage.publish("two")];
    const player = stage.connect();
    player.say(commandOn(1, "play", 0, null, "one"), commandOn(2, "play", 0, null, "two"));
    player.say(commandOn(3, "play", 0, null, "one"));
    one.say(audio(1, 10));
    two.say(audio(1, 20));
    expect(player.hear().sort()).toEqual(["audio@1 10 af01", "audio@2 20 af01", "audio@3 10 af01"]);
    player.say(command("deleteStream", 0, null, 1));
    one.say(audio(1, 11));
    expect(player.hear()).toEqual(["audio@3 11 af01"]);
    expect(stage.totals()).toMatchObject({ connections: 3, publishers: 2, players: 2 });
  });

  test("publishes one and plays another, or its own", () => {
    const stage = new RtmpStage();
    const both = stage.publish();
    both.say(commandOn(2, "play", 0, null, "show"));
    expect(both.say(audio(1, 10))).toEqual(["audio@2 10 af01"]);
    both.say(command("FCUnpublish", 0, null, "show"));
    expect(stage.streams.size).toBe(1);
    both.hangUp();
    expect(stage.streams.size).toBe(0);
  });
});

describe("A player", () => {
  test("gets nothing while paused, and continues where it stopped", () => {
    const stage = new RtmpStage();
    const publisher = stage.publish();
    const player = stage.play();
    publisher.say(avcHeader(), key(1, 0), inter(1, 40));
    player.hear();
    expect(player.say(commandOn(1, "pause", 0, null, true, 40))).toEqual([
      "StreamEof 1",
      "onStatus@1 NetStream.Pause.Notify",
    ]);
    publisher.say(inter(1, 80));
    expect(player.hear()).toEqual([]);
    expect(player.say(commandOn(1, "pause", 0, null, false, 40))).toEqual([
      "StreamBegin 1",
      "onStatus@1 NetStream.Unpause.Notify",
      "video@1 80 27010000",
    ]);
  });

  test("gets only audio or video if it asks for that", () => {
    const stage = new RtmpStage();
    const publisher = stage.publish();
    const player = stage.play();
    publisher.say(avcHeader(), key(1, 0), audio(1, 1));
    player.hear();
    player.say(commandOn(1, "receiveVideo", 0, null, false));
    publisher.say(inter(1, 40), audio(1, 41));
    expect(player.hear()).toEqual(["audio@1 41 af01"]);
    player.say(commandOn(1, "receiveVideo", 0, null, true), commandOn(1, "receiveAudio", 0, null, false));
    publisher.say(key(1, 80), audio(1, 81));
    expect(player.hear().filter((line) => line.includes(" 80 "))).toContain("video@1 80 17010000");
    publisher.say(audio(1, 82));
    expect(player.hear()).toEqual([]);
  });

  test("that does not read for a while misses nothing that the queue holds", () => {
    const stage = new RtmpStage();
    const publisher = stage.publish();
    const player = stage.play();
    publisher.say(avcHeader(), key(1, 0));
    player.hear();
    player.sink.stall();
    for (let time = 40; time <= 400; time += 40) publisher.say(inter(1, time));
    expect(player.hear()).toEqual([]);
    player.sink.drain();
    expect(player.hear()).toHaveLength(10);
  });

  test("is notified that no server has its stream, and is closed", () => {
    const stage = new RtmpStage();
    const player = stage.play();
    player.hear();
    stage.logged();
    for (const stream of stage.streams.all()) stream.notifyMissing("no origin has /live/show");
    expect(player.hear()).toEqual(["onStatus@1 NetStream.Play.StreamNotFound"]);
    expect(player.state).toBe("closing");
    expect(stage.streams.size).toBe(0);
    expect(stage.logged("WARN")).toEqual([
      "WARN [c1] play refused addr=10.0.0.9:1 stream=/live/show error=no origin has /live/show",
    ]);
  });

  test("that leaves is logged with what it got", () => {
    const stage = new RtmpStage();
    const player = stage.play();
    stage.logged();
    stage.clock.advance(61_000);
    player.hangUp();
    expect(stage.logged()).toEqual([
      "INFO [c1] play ended addr=10.0.0.9:1 stream=/live/show bytes=0 lost=0",
      expect.stringMatching(/^INFO \[c1\] disconnected addr=10.0.0.9:1 seconds=61 received=\d+ sent=\d+$/),
    ]);
    expect(stage.streams.size).toBe(0);
    expect(stage.server.idle).toBe(true);
  });
});

/** What the client hears and the operator reads of a refusal; both must say `reason`. */
function expectRefused(stage: RtmpStage, client: ReturnType<RtmpStage["dial"]>, code: string, reason: string): void {
  const last = client.heard.at(-1);
  expect(new TextDecoder("latin1").decode(last?.payload)).toContain(code);
  expect(new TextDecoder("latin1").decode(last?.payload)).toContain(reason);
  expect(stage.logged("WARN")).toEqual([expect.stringMatching(/refused addr=10\.0\.0\.9:\d+ .*error=/)]);
  expect(client.state).toBe("closing");
  client.hangUp();
  expect(stage.logged("WARN")).toEqual([]);
}

describe("A refusal is sent, logged with the same reason, and followed by the close:", () => {
  const REJECTED = "NetConnection.Connect.Rejected";

  test("connect to a vhost that is not there", () => {
    const stage = new RtmpStage();
    stage.vhosts.delete("__defaultVhost__");
    stage.vhosts.set("other.com", vhostDefaults);
    expectRefused(stage, stage.connect({ tcUrl: "rtmp://h/live?vhost=b.com" }), REJECTED, 'no vhost "b.com" here');
    const welcome = "_result 1 {} NetConnection.Connect.Success";
    expect(stage.connect({ tcUrl: "rtmp://other.com/live" }).heard.map(brief)).toContain(welcome);
  });

  test("connect to a vhost that is switched off", () => {
    const stage = new RtmpStage();
    stage.vhosts.set("off.com", { ...vhostDefaults, enabled: false });
    for (const fields of [{ tcUrl: "rtmp://h/live?vhost=off.com" }, { tcUrl: "", app: "live?vhost=off.com" }])
      expectRefused(stage, stage.connect(fields), REJECTED, 'vhost "off.com" is switched off');
  });

  test("connect by a relay whose stream has passed this server, or too many servers", () => {
    const stage = new RtmpStage();
    const relay = (hops: string) => {
      const client = stage.dial();
      client.say(clientHandshake());
      client.say(connect({}, AmfObject.of({ srs_hops: hops })));
      return client;
    };
    const here = "forward loop: the stream has passed through this server already";
    expectRefused(stage, relay("a,this-node,b"), REJECTED, here);
    const far = Array.from({ length: 33 }, (_, i) => `n${i}`).join(",");
    expectRefused(stage, relay(far), REJECTED, "forward loop: the stream has passed more than 32 servers");
    expect(relay("a,b,not-this-node").state).toBe("open");
  });

  test("connect with names that can't be resolved", () => {
    const stage = new RtmpStage();
    const tcUrl = `rtmp://h/${"x".repeat(9000)}`;
    expectRefused(stage, stage.connect({ tcUrl }), REJECTED, "too many characters in the URL: 9009, 8192 allowed");
  });

  test("publish of a busy stream, which continues", () => {
    const stage = new RtmpStage();
    const publisher = stage.publish();
    const player = stage.play();
    const reason = "/live/show is already being published";
    expectRefused(stage, stage.publish("show?token=2"), "NetStream.Publish.BadName", reason);
    player.hear();
    publisher.say(audio(1, 5));
    expect(player.hear()).toEqual(["audio@1 5 af01"]);
  });

  test("without the secrets of a URL or a name in the log", () => {
    const stage = new RtmpStage();
    stage.publish("show?token=SECRET");
    stage.publish("show?token=SECRET");
    stage.play("?key=SECRET");
    stage.connect({ tcUrl: "rtmp://localhost/live?key=SECRET" });
    stage.connect({ tcUrl: `rtmp://localhost/${"x".repeat(9000)}?key=SECRET` });
    expect(stage.logged().filter((line) => line.includes("SECRET"))).toEqual([]);
  });

  test.each([
    ["..", "has a level of dots only"],
    ["x?vhost=nowhere.com", 'no vhost "nowhere.com" here'],
    ["x?vhost=off.com", 'vhost "off.com" is switched off'],
    ["x".repeat(1025), "too many characters in the stream name: 1025, 1024 allowed"],
  ])("play and publish of the name %p", (name, reason) => {
    const stage = new RtmpStage();
    stage.vhosts.delete("__defaultVhost__");
    stage.vhosts.set("localhost", vhostDefaults);
    stage.vhosts.set("off.com", { ...vhostDefaults, enabled: false });
    expectRefused(stage, stage.play(name), "NetStream.Play.StreamNotFound", reason);
    expectRefused(stage, stage.publish(name), "NetStream.Publish.BadName", reason);
    expect(stage.streams.size).toBe(0);
  });

  test("and a refused client that publishes nothing is read no more, and what it plays ends", () => {
    const stage = new RtmpStage();
    stage.publish("busy");
    const client = stage.play("own");
    client.say(commandOn(2, "publish", 0, null, "busy"), commandOn(3, "publish", 0, null, "third"));
    const told = stage.logged("INFO [c2]").filter((line) => / (?:play|publish) /.test(line));
    expect(told.map((line) => line.split(" addr=")[0])).toEqual(["INFO [c2] play started", "INFO [c2] play ended"]);
  });
});

describe("A vhost", () => {
  describe.each([
    ["is not there", (stage: RtmpStage) => stage.vhosts.delete("__defaultVhost__"), /no vhost ".*" here/],
    ["is switched off", (stage: RtmpStage) => stage.configure({ enabled: false }), /is switched off/],
  ])("may be named by the stream alone when the default vhost %s", (_, without, problem) => {
    test.each(["rtmp://10.1.1.1:1935/live", "rtmp://localhost/live", "rtmp://cdn.example.com/live", ""])(
      "is found for a client that connects to %p",
      (tcUrl) => {
        const stage = new RtmpStage();
        without(stage);
        stage.vhosts.set("a.com", vhostDefaults);
        const [client, lost] = [stage.connect({ tcUrl }), stage.connect({ tcUrl })];
        client.say(commandOn(1, "publish", 0, null, "show?vhost=a.com"));
        expect(stage.logged("INFO").at(-1)).toBe("INFO [c1] publish started addr=10.0.0.9:1 stream=a.com/live/show");
        // One that names none learns of it then.
        expect(lost.say(commandOn(1, "publish", 0, null, "show"))).toEqual(["onStatus@1 NetStream.Publish.BadName"]);
        expect(stage.logged("WARN")).toEqual([expect.stringMatching(problem)]);
        expect(lost.state).toBe("closing");
      },
    );
  });

  test("has its own chunk size, and streams apart from those of others", () => {
    const stage = new RtmpStage();
    stage.vhosts.set("a.com", { ...vhostDefaults, chunk_size: 4096 });
    const client = stage.connect({ tcUrl: "rtmp://a.com/live" });
    expect(client.heard.map(brief)).toContain("SetChunkSize 4096");
    client.say(commandOn(1, "play", 0, null, "show"));
    const publisher = stage.publish();
    client.hear();
    publisher.say(audio(1, 1));
    expect(client.hear()).toEqual([]);
  });
});

describe("A connection that breaks the protocol", () => {
  test.each([
    ["with a bad handshake", Uint8Array.of(0x47, 0x45, 0x54), "this is HTTP"],
    ["with garbage after it", new Uint8Array(4000).fill(0xff, 3073).fill(3, 0, 1), "type-3 header"],
  ])("%s is logged once and closed", (_name, bytes, words) => {
    const stage = new RtmpStage();
    const client = stage.dial();
    client.say(bytes);
    const [line, ...more] = stage.logged("WARN", "ERROR");
    expect(line).toStartWith("WARN [c1] protocol error, connection closed addr=10.0.0.9:1 error=");
    expect(line).toContain(words);
    expect(more).toEqual([]);
    expect(client.state).toBe("closing");
    client.hangUp();
    expect(stage.logged("INFO")).toEqual([]);
    expect(stage.server.idle).toBe(true);
  });

  test("while it publishes ends its stream as a lost one", () => {
    const stage = new RtmpStage();
    const client = stage.publish();
    const player = stage.play();
    player.hear();
    client.say(control(MessageType.SetChunkSize, 0));
    expect(stage.logged("INFO [c1]").at(-1)).toContain("publish ended, publisher lost");
    expect(player.hear()).toEqual([]);
    stage.clock.advance(30_000);
    expect(player.hear()).toContain("onStatus@1 NetStream.Play.UnpublishNotify");
  });

  test("by a bug of the server is not hidden", () => {
    const stage = new RtmpStage();
    const client = stage.connect();
    stage.streams.open = () => {
      throw new RangeError("a bug");
    };
    expect(() => client.say(commandOn(1, "publish", 0, null, "show"))).toThrow("a bug");
  });
});
