import { beforeEach, describe, expect, test } from "bun:test";
import { decodeAmfMessage } from "../../../src/amf/message.ts";
import { AmfObject } from "../../../src/amf/value.ts";
import { defaultLimits } from "../../../src/rtmp/limits.ts";
import { NetStream } from "../../../src/rtmp/net-stream.ts";
import { Peer } from "../../../src/rtmp/peer.ts";
import { brief, SentReader } from "../../support/session.ts";

let sent: SentReader;
let stream: NetStream;
let answered: number;

beforeEach(() => {
  const reader = new SentReader();
  const peer = new Peer(
    { command() {}, media() {} },
    (bytes) => reader.push(bytes),
    defaultLimits,
    () => 0,
  );
  sent = reader;
  answered = 0;
  stream = new NetStream(3, peer, () => answered++);
  stream.name = "show";
});

const lines = () => sent.take().map(brief);

/** The information object of the last `onStatus`. */
function status(): Record<string, unknown> {
  const last = sent.take().at(-1);
  const information = last === undefined ? undefined : decodeAmfMessage(last.payload, false)[3];
  return information instanceof AmfObject ? Object.fromEntries(information.entries) : {};
}

describe("A net stream notifies its client", () => {
  test("that it may publish", () => {
    const media = { push() {} };
    stream.acceptPublish(media);
    expect(stream.media).toBe(media);
    expect(lines()).toEqual(["StreamBegin 3", "onStatus@3 NetStream.Publish.Start"]);
  });

  test("that it may publish, again when it asks again, and counts one answer", () => {
    stream.acceptPublish({ push() {} });
    const said = lines();
    stream.confirmPublish();
    expect(lines()).toEqual(said);
    expect([stream.answered, answered]).toEqual([true, 1]);
  });

  test("that it may play, with a reset unless it wants none", () => {
    stream.acceptPlay();
    const all = lines();
    expect(all).toEqual([
      "StreamBegin 3",
      "onStatus@3 NetStream.Play.Reset",
      "onStatus@3 NetStream.Play.Start",
      "|RtmpSampleAccess@3 true true",
    ]);
    stream.reset = false;
    stream.acceptPlay();
    expect(lines()).toEqual(all.filter((line) => !line.includes("Reset")));
  });

  test("why it may not", () => {
    stream.role = "publishing";
    stream.media = { push() {} };
    stream.refuse("NetStream.Publish.BadName", "busy");
    expect(stream.role as string).toBe("idle");
    expect(stream.media).toBeUndefined();
    expect(status()).toEqual({
      level: "error",
      code: "NetStream.Publish.BadName",
      description: "busy",
      details: "show",
      clientid: "ASAICiss",
    });
  });

  test("that the stream stopped and came back", () => {
    stream.notifyUnpublished();
    stream.notifyPublished();
    expect(lines()).toEqual([
      "StreamEof 3",
      "onStatus@3 NetStream.Play.UnpublishNotify",
      "StreamBegin 3",
      "onStatus@3 NetStream.Play.PublishNotify",
    ]);
    stream.notifyUnpublished();
    expect(status()).toMatchObject({ level: "status", description: "show is now unpublished." });
  });

  test("that it is paused, and that it no longer is", () => {
    stream.notifyPause(true);
    stream.notifyPause(false);
    expect(lines()).toEqual([
      "StreamEof 3",
      "onStatus@3 NetStream.Pause.Notify",
      "StreamBegin 3",
      "onStatus@3 NetStream.Unpause.Notify",
    ]);
  });

  test("no more of a name than the maximum length", () => {
    stream.name = "x".repeat(1_000_000);
    stream.refuse("NetStream.Play.StreamNotFound", "too long");
    expect(String(status().details).length).toBe(1024);
  });
});
