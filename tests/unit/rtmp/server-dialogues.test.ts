import { describe, expect, test } from "bun:test";
import { MessageType, UserControl } from "../../../src/rtmp/messages.ts";
import { fromHex } from "../../support/bytes.ts";
import { ServerUnderTest } from "../../support/server-client.ts";
import {
  clientHandshake,
  command,
  commandOn,
  connect,
  control,
  flashCommand,
  message,
  userControl,
} from "../../support/session.ts";
import { dialogues } from "../../vectors/dialogues.ts";

/** One thing that a client sends, and all that it must hear for it, in order. */
type Step = readonly [send: Uint8Array, ...answers: string[]];

const WELCOME = [
  "WindowAckSize 2500000",
  "SetPeerBandwidth 2500000 2",
  "SetChunkSize 60000",
  "_result 1 {} NetConnection.Connect.Success",
  "onBWDone 0 null",
] as const;
const PLAYING = (id: number) => [
  `StreamBegin ${id}`,
  `onStatus@${id} NetStream.Play.Reset`,
  `onStatus@${id} NetStream.Play.Start`,
  `|RtmpSampleAccess@${id} true true`,
];
const PUBLISHING = (id: number) => [`StreamBegin ${id}`, `onStatus@${id} NetStream.Publish.Start`];
const ANNOUNCED = "onFCPublish 0 null NetStream.Publish.Start";
const UNPUBLISHED = (id: number, transaction: number) => [
  "onFCUnpublish 0 null NetStream.Unpublish.Success",
  ...(transaction > 0 ? [`_result ${transaction} null null`] : []),
  `onStatus@${id} NetStream.Unpublish.Success`,
];

const audio = (streamId: number, byte: number) =>
  message(MessageType.Audio, streamId, Uint8Array.of(0xaf, 1, byte), 40);

const tables: readonly { name: string; steps: readonly Step[]; told: readonly string[] }[] = [
  {
    // obs-studio's librtmp sends these; FMLE 3.2 the same without _checkbw.
    name: "OBS publishes, stops, and publishes again on the same connection",
    steps: [
      [connect({ type: "nonprivate", flashVer: "FMLE/3.0 (compatible; FMSc/1.0)" }), ...WELCOME],
      [control(MessageType.SetChunkSize, 4096)],
      [command("releaseStream", 2, null, "key"), "_result 2 null null"],
      [command("FCPublish", 3, null, "key"), "_result 3 null null", ANNOUNCED],
      [command("createStream", 4, null), "_result 4 null 1"],
      [command("_checkbw", 5, null), "_result 5 null null"],
      [commandOn(1, "publish", 6, null, "key", "live"), ...PUBLISHING(1)],
      [audio(1, 1)],
      [command("FCUnpublish", 7, null, "key"), ...UNPUBLISHED(1, 7)],
      [audio(1, 2)],
      [command("deleteStream", 8, null, 1)],
      [command("releaseStream", 9, null, "key"), "_result 9 null null"],
      [command("FCPublish", 10, null, "key"), "_result 10 null null", ANNOUNCED],
      [command("createStream", 11, null), "_result 11 null 1"],
      [commandOn(1, "publish", 12, null, "key", "live"), ...PUBLISHING(1)],
      [audio(1, 3)],
    ],
    told: ["connect live", "publish@1 key", "media@1 8 40 af0101", "ended@1", "publish@1 key", "media@1 8 40 af0103"],
  },
  {
    name: "FMLE publishes again on the same message stream without a new createStream",
    steps: [
      [connect(), ...WELCOME],
      [command("createStream", 2, null), "_result 2 null 1"],
      [commandOn(1, "publish", 0, null, "one", "live"), ...PUBLISHING(1)],
      [commandOn(1, "publish", 0, null, "two", "live"), ...PUBLISHING(1)],
      [audio(1, 1)],
    ],
    told: ["connect live", "publish@1 one", "ended@1", "publish@1 two", "media@1 8 40 af0101"],
  },
  {
    name: "Flash publishes in AMF3",
    steps: [
      [connect({ objectEncoding: 3 }), ...WELCOME],
      [flashCommand(0, "createStream", 2, null), "_result 2 null 1"],
      [flashCommand(1, "publish", 3, null, "cam", "live"), ...PUBLISHING(1)],
      [message(MessageType.DataAmf3, 1, fromHex("00 02 0006 6f6e54657874"))],
      [audio(1, 1)],
      [flashCommand(1, "closeStream", 0, null)],
    ],
    told: ["connect live", "publish@1 cam", "media@1 18 amf3 0 000200066f6e5465", "media@1 8 40 af0101", "ended@1"],
  },
  {
    name: "Flash plays: pauses, mutes, closes, plays again, has two streams at once",
    steps: [
      [connect({ objectEncoding: 3 }), ...WELCOME],
      [flashCommand(0, "createStream", 2, null), "_result 2 null 1"],
      [userControl(UserControl.SetBufferLength, 1, 100)],
      [flashCommand(1, "play", 0, null, "a"), ...PLAYING(1)],
      [flashCommand(1, "pause", 0, null, true, 1500), "StreamEof 1", "onStatus@1 NetStream.Pause.Notify"],
      [flashCommand(1, "pause", 0, null, false, 1500), "StreamBegin 1", "onStatus@1 NetStream.Unpause.Notify"],
      [flashCommand(1, "pauseRaw", 0, null, true, 1500), "StreamEof 1", "onStatus@1 NetStream.Pause.Notify"],
      [flashCommand(1, "pauseRaw", 0, null, false, 1500), "StreamBegin 1", "onStatus@1 NetStream.Unpause.Notify"],
      [flashCommand(1, "receiveAudio", 0, null, false)],
      [flashCommand(1, "receiveVideo", 0, null, false)],
      [flashCommand(1, "receiveVideo", 0, null, 1)],
      [flashCommand(1, "closeStream", 0, null)],
      [flashCommand(1, "pause", 0, null, true, 0)],
      [flashCommand(1, "play", 0, null, "b", -2, -1, false), ...PLAYING(1).filter((line) => !line.includes("Reset"))],
      [flashCommand(0, "createStream", 3, null), "_result 3 null 2"],
      [flashCommand(2, "play", 0, null, "c", -1, -1, 1), ...PLAYING(2)],
      [flashCommand(2, "seek", 0, null, 10), "onStatus@2 NetStream.Seek.Failed"],
      [flashCommand(0, "deleteStream", 0, null, 1)],
      [flashCommand(0, "createStream", 4, null), "_result 4 null 1"],
    ],
    told: [
      "connect live",
      "play@1 a -2 -1",
      "pause@1",
      "unpause@1",
      "pause@1",
      "unpause@1",
      "audio@1 off",
      "video@1 off",
      "video@1 on",
      "ended@1",
      "play@1 b -2 -1",
      "play@2 c -1 -1",
      "ended@1",
    ],
  },
  {
    // gst-plugins-bad, gst/rtmp2/rtmp/rtmpclient.c: what wants no answer has transaction 0, and the commands that stop
    // a stream name it instead of giving its id.
    name: "GStreamer's rtmp2sink publishes",
    steps: [
      [connect({ type: "nonprivate" }), ...WELCOME],
      [command("releaseStream", 0, null, "key")],
      [command("FCPublish", 0, null, "key"), ANNOUNCED],
      [command("createStream", 2, null), "_result 2 null 1"],
      [commandOn(1, "publish", 0, null, "key", "live"), ...PUBLISHING(1)],
      [command("FCUnpublish", 0, null, "key"), ...UNPUBLISHED(1, 0)],
      [command("deleteStream", 0, null, "key")],
    ],
    told: ["connect live", "publish@1 key", "ended@1"],
  },
  {
    name: "GStreamer's rtmp2sink told to stop by closeStream alone",
    steps: [
      [connect({ type: "nonprivate" }), ...WELCOME],
      [command("createStream", 2, null), "_result 2 null 1"],
      [commandOn(1, "publish", 0, null, "key", "live"), ...PUBLISHING(1)],
      [command("closeStream", 0, null, "key")],
    ],
    told: ["connect live", "publish@1 key", "ended@1"],
  },
  {
    name: "GStreamer's rtmp2sink told to stop by deleteStream alone",
    steps: [
      [connect({ type: "nonprivate" }), ...WELCOME],
      [command("createStream", 2, null), "_result 2 null 1"],
      [commandOn(1, "publish", 0, null, "key", "live"), ...PUBLISHING(1)],
      [command("deleteStream", 0, null, "key")],
      [command("createStream", 3, null), "_result 3 null 1"],
    ],
    told: ["connect live", "publish@1 key", "ended@1"],
  },
  {
    name: "GStreamer's rtmp2src plays",
    steps: [
      [connect({ fpad: false, capabilities: 15 }), ...WELCOME],
      [control(MessageType.WindowAckSize, 2500000)],
      [userControl(UserControl.SetBufferLength, 0, 300)],
      [command("createStream", 2, null), "_result 2 null 1"],
      [commandOn(1, "play", 0, null, "key", -2), ...PLAYING(1)],
      [userControl(UserControl.SetBufferLength, 1, 30000)],
    ],
    told: ["connect live", "play@1 key -2 -1"],
  },
  {
    name: "Haivision encoders announce the name after createStream",
    steps: [
      [connect(), ...WELCOME],
      [command("createStream", 2, null), "_result 2 null 1"],
      [command("FCPublish", 3, null, "key"), "_result 3 null null", ANNOUNCED],
      [commandOn(1, "publish", 4, null, "key", "live"), ...PUBLISHING(1)],
    ],
    told: ["connect live", "publish@1 key"],
  },
  {
    name: "an encoder publishes on stream 0",
    steps: [
      [connect(), ...WELCOME],
      [command("createStream", 2, null), "_result 2 null 1"],
      [command("publish", 3, null, "key", "live"), "StreamBegin 0", "onStatus NetStream.Publish.Start"],
      [audio(0, 1)],
      [audio(1, 2)],
      [command("FCUnpublish", 4, null, "key"), ...UNPUBLISHED(0, 4).map((line) => line.replace("@0", ""))],
    ],
    told: ["connect live", "publish@0 key", "media@0 8 40 af0101", "media@0 8 40 af0102", "ended@0"],
  },
  {
    name: "an encoder publishes on a stream that it never created, and sends media on others",
    steps: [
      [connect(), ...WELCOME],
      [commandOn(5, "publish", 3, null, "key", "live"), ...PUBLISHING(5)],
      [audio(5, 1)],
      [audio(1, 2)],
      [audio(0, 3)],
      [audio(1, 4)],
      [audio(5, 5)],
    ],
    told: ["connect live", "publish@5 key", ...[1, 2, 3, 4, 5].map((byte) => `media@5 8 40 af010${byte}`)],
  },
];

describe("A server session follows the dialogue of", () => {
  test.each(dialogues)("$name", ({ steps, told }) => {
    const server = new ServerUnderTest();
    server.say(clientHandshake());
    for (const { hex, answers } of steps) expect(server.say(fromHex(hex))).toEqual([...answers]);
    expect(server.told).toEqual([...told]);
  });

  test.each(dialogues)("$name, all sent at once, byte by byte", ({ steps, told }) => {
    const server = new ServerUnderTest();
    const bytes = [...clientHandshake(), ...fromHex(steps.map(({ hex }) => hex).join(""))];
    const answers = server.say(...bytes.map((byte) => Uint8Array.of(byte)));
    expect(answers).toEqual(steps.flatMap((step) => step.answers));
    expect(server.told).toEqual([...told]);
  });

  test.each(tables)("$name", ({ steps, told }) => {
    const server = new ServerUnderTest();
    server.say(clientHandshake());
    for (const [send, ...answers] of steps) expect(server.say(send)).toEqual(answers);
    expect(server.told).toEqual([...told]);
  });
});
