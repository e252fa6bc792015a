import { describe, expect, test } from "bun:test";
import { encodeAmf0 } from "../../../src/amf/amf0.ts";
import { ProtocolError } from "../../../src/base/errors.ts";
import { defaultLimits } from "../../../src/rtmp/limits.ts";
import { MessageType, UserControl } from "../../../src/rtmp/messages.ts";
import { type Command, Peer } from "../../../src/rtmp/peer.ts";
import { fromHex } from "../../support/bytes.ts";
import {
  brief,
  command,
  commandOn,
  control,
  flashCommand,
  message,
  SentReader,
  userControl,
} from "../../support/session.ts";
import { tag } from "../../support/tags.ts";

/** A peer whose events are kept; `say` gives it bytes and returns what it sent, one line each. */
class PeerUnderTest {
  readonly commands: Command[] = [];
  readonly media: string[] = [];
  readonly sent = new SentReader();
  readonly peer: Peer;
  nowMs = 0;

  constructor() {
    this.peer = new Peer(
      {
        command: (received) => this.commands.push(received),
        media: (type, streamId, timestamp, payload) =>
          this.media.push(`${type}@${streamId} ${timestamp} ${payload.length}`),
      },
      (bytes) => this.sent.push(bytes),
      { ...defaultLimits, commandsPerSecond: 5 },
      () => this.nowMs,
    );
  }

  say(...parts: readonly Uint8Array[]): string[] {
    for (const part of parts) this.peer.receive(part.slice());
    return this.sent.take().map(brief);
  }
}

describe("A peer acknowledges", () => {
  test("when half of the window has come in since the last time, with the running total", () => {
    const { peer, ...rest } = new PeerUnderTest();
    const chunk = new Uint8Array(100_000);
    // One audio message of 10 MB in one chunk stream: what it holds does not matter.
    const start = message(MessageType.SetChunkSize, 0, fromHex("7fffffff"));
    peer.receive(start);
    peer.receive(fromHex("04 000000 989680 08 01000000"));
    const totals: number[] = [];
    for (let i = 1; i <= 30; i++) {
      peer.receive(chunk.slice());
      for (const sent of rest.sent.take()) totals.push(Number(brief(sent).split(" ")[1]));
    }
    expect(totals).toEqual([1_300_028, 2_600_028]);
  });

  test("as often as the peer's own window says", () => {
    const server = new PeerUnderTest();
    expect(server.say(control(MessageType.WindowAckSize, 100))).toEqual([]);
    expect(server.say(tag("audio", 1, 0, "af"), tag("audio", 1, 0, "af"))).toEqual([]);
    expect(server.say(tag("audio", 1, 0, "af".repeat(20)))).toEqual(["Acknowledgement 74"]);
    expect(server.say(tag("audio", 1, 0, "af".repeat(37)))).toEqual([]);
    expect(server.say(tag("audio", 1, 0, "af"))).toEqual(["Acknowledgement 136"]);
  });

  test.each([
    ["zero", 0],
    ["one", 1],
  ])("each piece of input when the window is %s", (_name, window) => {
    const server = new PeerUnderTest();
    expect(server.say(control(MessageType.WindowAckSize, window))).toEqual(["Acknowledgement 16"]);
    expect(server.say(tag("audio", 1, 0, ""))).toEqual(["Acknowledgement 28"]);
  });

  test("rarely when the window is the largest there is", () => {
    const server = new PeerUnderTest();
    expect(server.say(control(MessageType.WindowAckSize, 0xffffffff), new Uint8Array(0))).toEqual([]);
  });

  test("with totals that wrap at 2^32", () => {
    const server = new PeerUnderTest();
    server.say(control(MessageType.WindowAckSize, 2 ** 31));
    // 16 MB less one at a time, in one chunk each.
    server.say(message(MessageType.SetChunkSize, 0, fromHex("7fffffff")));
    const body = new Uint8Array(0xfffff0);
    const header = fromHex("04 000000 fffff0 08 01000000");
    const totals: number[] = [];
    for (let i = 1; i <= 330; i++) {
      for (const line of server.say(header, body)) totals.push(Number(line.split(" ")[1]));
    }
    const whole = totals.map((total, i) => total + Math.floor((i + 1) / 4) * 2 ** 32);
    expect(totals).toHaveLength(5);
    expect(totals[3]).toBeLessThan(totals[2] ?? 0);
    for (const [i, total] of whole.entries()) {
      expect(total - (whole[i - 1] ?? 0)).toBeGreaterThanOrEqual(2 ** 30);
      expect(total - (whole[i - 1] ?? 0)).toBeLessThan(2 ** 30 + 2 ** 24);
    }
  });
});

describe("A peer answers", () => {
  test("a ping with the same value", () => {
    const server = new PeerUnderTest();
    expect(server.say(userControl(UserControl.PingRequest, 0xfedcba98))).toEqual(["PingResponse 4275878552"]);
  });

  test("Set Peer Bandwidth with that window", () => {
    const server = new PeerUnderTest();
    const body = fromHex("004c4b40 02");
    expect(server.say(message(MessageType.SetPeerBandwidth, 0, body))).toEqual(["WindowAckSize 5000000"]);
  });

  test("no other user control event, and ignores truncated control messages", () => {
    const server = new PeerUnderTest();
    const events = [
      userControl(UserControl.StreamBegin, 1),
      userControl(UserControl.PingResponse, 1),
      userControl(UserControl.SetBufferLength, 1),
      userControl(31, 0),
      message(MessageType.UserControl, 0, fromHex("001a 00")),
      message(MessageType.UserControl, 0, fromHex("0006 0000")),
      message(MessageType.UserControl, 0, new Uint8Array(0)),
      message(MessageType.WindowAckSize, 0, fromHex("000000")),
      message(MessageType.SetPeerBandwidth, 0, fromHex("000000")),
    ];
    expect(server.say(...events)).toEqual([]);
  });

  test("nothing to the buffer length, which it remembers", () => {
    const server = new PeerUnderTest();
    expect(server.peer.bufferLengthMs).toBe(0);
    server.say(userControl(UserControl.SetBufferLength, 1, 3000));
    expect(server.peer.bufferLengthMs).toBe(3000);
  });
});

describe("A peer's commands", () => {
  test("have a name, a transaction id and the rest, in AMF0 and behind Flash's zero byte", () => {
    const server = new PeerUnderTest();
    server.say(commandOn(3, "play", 4, null, "x", true), flashCommand(0, "createStream", 5, null), command("a"));
    server.say(command("b", "no number", 1));
    expect(server.commands.map(({ message: _, ...command }) => command)).toEqual([
      { name: "play", transactionId: 4, streamId: 3, args: [null, "x", true] },
      { name: "createStream", transactionId: 5, streamId: 0, args: [null] },
      { name: "a", transactionId: 0, streamId: 0, args: [] },
      { name: "b", transactionId: 0, streamId: 0, args: [1] },
    ]);
  });

  test.each([
    ["a number", encodeAmf0([5, 1])],
    ["nothing", new Uint8Array(0)],
  ])("must not begin with %s", (_name, body) => {
    const server = new PeerUnderTest();
    expect(() => server.say(message(MessageType.CommandAmf0, 0, body))).toThrow(
      new ProtocolError("a command message does not begin with its name"),
    );
  });

  test("are limited in number, pings among them, by the second", () => {
    const server = new PeerUnderTest();
    const five = [command("a"), userControl(UserControl.PingRequest, 1), command("a"), command("a"), command("a")];
    server.say(...five);
    server.nowMs = 999;
    expect(() => server.say(command("a"))).toThrow(new ProtocolError("more than 5 commands in a second"));

    const patient = new PeerUnderTest();
    for (let second = 0; second < 4; second++) {
      patient.nowMs = second * 1000;
      patient.say(...five);
    }
    expect(patient.commands).toHaveLength(16);
  });
});

describe("A peer's media", () => {
  test("has type, stream, time and body; an empty message has no effect", () => {
    const server = new PeerUnderTest();
    server.say(
      tag("audio", 1, 5, "af01"),
      tag("video", 2, 0xffffffff, "17"),
      tag("data", 0, 0x1000000, "02"),
      tag("data3", 1, 6, "00"),
      tag("aggregate", 1, 7, "00"),
      tag("audio", 1, 8, ""),
    );
    expect(server.media).toEqual(["8@1 5 2", "9@2 4294967295 1", "18@0 16777216 1", "15@1 6 1", "22@1 7 1"]);
  });

  test("is neither read nor acknowledged after stop", () => {
    const server = new PeerUnderTest();
    server.say(control(MessageType.WindowAckSize, 1), tag("audio", 1, 1, "af"));
    server.peer.stop();
    expect(server.say(tag("audio", 1, 2, "af"), userControl(UserControl.PingRequest, 1))).toEqual([]);
    expect(server.media).toHaveLength(1);
  });
});

describe("A peer sends", () => {
  test("messages in chunks of the size that it has announced before", () => {
    const server = new PeerUnderTest();
    server.peer.sendCommand(0, ["a", "x".repeat(300)]);
    server.peer.sendChunkSize(200);
    expect(server.peer.chunkSize).toBe(200);
    server.peer.sendCommand(1, ["b", "y".repeat(300)]);
    server.peer.sendData(1, ["c"]);
    server.peer.sendBufferLength(1, 3000);
    expect(server.sent.take().map(brief)).toEqual([
      `a ${"x".repeat(300)}`,
      "SetChunkSize 200",
      `b@1 ${"y".repeat(300)}`,
      "c@1",
      "SetBufferLength 1 3000",
    ]);
    expect(server.sent.incomplete).toBe(0);
  });
});
