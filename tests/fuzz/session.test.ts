import { describe, expect, test } from "bun:test";
import { encodeAmf0 } from "../../src/amf/amf0.ts";
import { AmfObject } from "../../src/amf/value.ts";
import { ProtocolError } from "../../src/base/errors.ts";
import { MessageType, UserControl } from "../../src/rtmp/messages.ts";
import { concat, fragments, fromHex } from "../support/bytes.ts";
import { ClientUnderTest, status, success } from "../support/client-server.ts";
import { mutate } from "../support/mutate.ts";
import { between, mulberry32, pick, randomBytes } from "../support/random.ts";
import { RtmpStage } from "../support/rtmp-stage.ts";
import { ServerUnderTest } from "../support/server-client.ts";
import {
  clientHandshake,
  command,
  commandOn,
  connect,
  control,
  flashCommand,
  message,
  userControl,
} from "../support/session.ts";
import { tag } from "../support/tags.ts";
import { dialogues } from "../vectors/dialogues.ts";

/** Messages that mean something to one side or the other, to be sent in any order. */
const words: readonly Uint8Array[] = [
  connect(),
  connect({ objectEncoding: 3, fourCcList: ["*"] }, AmfObject.of({ srs_hops: "a,b" })),
  command("releaseStream", 2, null, "show"),
  command("FCPublish", 3, null, "show"),
  command("createStream", 4, null),
  flashCommand(0, "createStream", 5, null),
  commandOn(1, "publish", 6, null, "show", "live"),
  commandOn(2, "publish", 6, null, "other"),
  command("publish", 6, null, ""),
  commandOn(1, "play", 7, null, "show"),
  commandOn(3, "play", 7, null, "other", -1, -1, false),
  commandOn(1, "pause", 0, null, true, 0),
  commandOn(1, "pause", 0, null, false, 0),
  commandOn(3, "receiveVideo", 0, null, false),
  commandOn(3, "receiveVideo", 0, null, true),
  commandOn(1, "srs_hops", 0, null, "a,b"),
  commandOn(1, "srs_epoch", 0, null, `${"a".repeat(32)} 1 0 0 0 0,,,1,0,0`, true),
  commandOn(1, "closeStream", 0, null),
  command("deleteStream", 8, null, 1),
  command("FCUnpublish", 9, null, "show"),
  command("getStreamLength", 10, null, "show"),
  command("_result", 4, null, 1),
  command("_error", 2, null, AmfObject.of({ code: "x" })),
  command("close", 0, null),
  success(),
  status("status", "NetStream.Publish.Start"),
  status("status", "NetStream.Play.Start"),
  status("error", "NetStream.Play.StreamNotFound"),
  control(MessageType.SetChunkSize, 4096),
  control(MessageType.WindowAckSize, 1),
  control(MessageType.Abort, 3),
  message(MessageType.SetPeerBandwidth, 0, fromHex("002625a002")),
  userControl(UserControl.PingRequest, 5),
  userControl(UserControl.SetBufferLength, 1, 1000),
  message(MessageType.DataAmf0, 1, encodeAmf0(["@setDataFrame", "onMetaData", AmfObject.ecma({ width: 5 })])),
  tag("data3", 1, 5, "00 02 0001 61"),
  tag("video", 1, 0, "1700000000 01"),
  tag("video", 1, 0xffffffff, "1701000000 65"),
  tag("audio", 2, 40, "af01"),
  tag("audio", 1, 40, ""),
  tag("aggregate", 1, 50, "08000002000064 00000000 af01 0000000d"),
];

/** What a client has said in all, its handshake first: recorded, or words in any order. */
function clientBytes(random: () => number): Uint8Array {
  const recorded = pick(random, dialogues).steps.map(({ hex }) => fromHex(hex));
  const spoken = [connect(), ...Array.from({ length: between(random, 0, 30) }, () => pick(random, words))];
  return concat(random() < 0.3 ? recorded : spoken);
}

type Damage = "none" | "mutated" | "noise";

function damaged(random: () => number, bytes: Uint8Array, damage: Damage): Uint8Array {
  if (damage === "noise") return randomBytes(random, between(random, 1, 3000));
  return damage === "mutated" ? mutate(random, bytes) : bytes;
}

/** Feeds a session until it refuses: whatever is not a ProtocolError comes out. Returns the refusal. */
function feed(receive: (bytes: Uint8Array) => void, bytes: Uint8Array, random: () => number): string | undefined {
  try {
    for (const piece of fragments(bytes, random, pick(random, [1, 30, 1500, 100_000]))) receive(piece);
    return undefined;
  } catch (error) {
    if (!(error instanceof ProtocolError)) throw error;
    return error.message.replace(/\d+/g, "N");
  }
}

/** Runs `session` for many seeds; the refusals that came of it, each with how often. */
function run(seeds: number, session: (random: () => number) => string | undefined): Map<string, number> {
  const refusals = new Map<string, number>();
  for (let seed = 0; seed < seeds; seed++) {
    try {
      const refusal = session(mulberry32(seed)) ?? "none";
      refusals.set(refusal, (refusals.get(refusal) ?? 0) + 1);
    } catch (error) {
      throw new Error(`seed ${seed}`, { cause: error });
    }
  }
  return refusals;
}

/** What a client hears for what it says is of the size of what it says: the welcome, then a few messages for each. */
function expectProportion(answered: number, said: number): void {
  expect(answered).toBeLessThan(4000 + 60 * said);
}

describe("A server session with hostile input", () => {
  const server = (damage: Damage) => (random: () => number) => {
    const under = new ServerUnderTest();
    const bytes = damaged(random, clientBytes(random), damage);
    under.session.receive(clientHandshake());
    const refusal = feed((piece) => under.session.receive(piece), bytes, random);
    const answered = under.answers().reduce((sum, { payload }) => sum + payload.length, 0);
    expectProportion(answered, bytes.length);
    if (refusal !== undefined) {
      under.session.close();
      under.session.receive(connect());
      expect(under.say(command("createStream", 99, null))).toEqual([]);
    }
    return refusal;
  };

  test("of words in any order refuses by ProtocolError alone", () => {
    const refusals = run(600, server("none"));
    expect(refusals.get("none") ?? 0).toBeGreaterThan(300);
  });

  test("refuses damaged dialogues by ProtocolError alone, and still reads many", () => {
    const refusals = run(3000, server("mutated"));
    expect(refusals.get("none") ?? 0).toBeGreaterThan(300);
    expect(refusals.size).toBeGreaterThan(10);
  });

  test("refuses noise after the handshake by ProtocolError alone", () => {
    run(1000, server("noise"));
  });

  test("refuses noise before the handshake by ProtocolError alone", () => {
    run(300, (random) => {
      const under = new ServerUnderTest();
      const bytes = mutate(random, concat([clientHandshake(), connect()]));
      return feed((piece) => under.session.receive(piece), bytes, random);
    });
  });
});

describe("A client session with hostile input", () => {
  const serverWords = [
    success(),
    command("_result", 4, null, 1),
    status("status", "NetStream.Publish.Start"),
    ...words,
  ];

  const client = (damage: Damage) => (random: () => number) => {
    const under = new ClientUnderTest({ role: pick(random, ["publish", "play"] as const) });
    under.opened();
    const start = serverWords.slice(0, between(random, 0, 3));
    const spoken = Array.from({ length: between(random, 0, 30) }, () => pick(random, serverWords));
    const bytes = damaged(random, concat([...start, ...spoken]), damage);
    const refusal = feed((piece) => under.session.receive(piece), bytes, random);
    const answered = under.sent.take().reduce((sum, { payload }) => sum + payload.length, 0);
    expectProportion(answered, bytes.length);
    expect(under.told.filter((line) => line.startsWith("ready")).length).toBeLessThanOrEqual(1);
    expect(under.told.filter((line) => line.startsWith("refused")).length).toBeLessThanOrEqual(1);
    return refusal;
  };

  test("of words in any order refuses by ProtocolError alone", () => {
    expect(run(600, client("none")).get("none") ?? 0).toBeGreaterThan(300);
  });

  test("refuses damaged dialogues by ProtocolError alone", () => {
    expect(run(1500, client("mutated")).size).toBeGreaterThan(10);
  });

  test("refuses noise by ProtocolError alone", () => {
    run(500, client("noise"));
  });
});

describe("A whole server with hostile input", () => {
  test("serves its other clients, and leaves nothing behind", () => {
    const stage = new RtmpStage();
    const publisher = stage.publish("witness");
    const viewer = stage.play("witness");
    publisher.say(tag("video", 1, 0, "1701000000 65"));
    for (let seed = 0; seed < 1200; seed++) {
      const random = mulberry32(seed);
      const bytes = damaged(random, clientBytes(random), pick(random, ["none", "mutated", "mutated", "noise"]));
      const attacker = stage.dial();
      attacker.say(clientHandshake());
      if (random() < 0.2) attacker.sink.stall();
      for (const piece of fragments(bytes, random, pick(random, [10, 1500, 100_000]))) attacker.say(piece.slice());
      if (random() < 0.3) stage.clock.advance(1000);
      attacker.hangUp();
      viewer.hear();
      const time = 40 + seed * 40;
      publisher.say(tag("video", 1, time, "1701000000 65"));
      expect(viewer.hear()).toHaveLength(1);
    }
    stage.clock.advance(40_000);
    expect(stage.logged("ERROR")).toEqual([]);
    publisher.hangUp();
    viewer.hangUp();
    stage.clock.advance(40_000);
    expect(stage.totals()).toMatchObject({ connections: 0, publishers: 0, players: 0 });
    expect(stage.streams.size).toBe(0);
    expect(stage.clock.timers).toBe(0);
  }, 120_000);
});
