import { describe, expect, test } from "bun:test";
import { decodeAmf0, encodeAmf0 } from "../../../src/amf/amf0.ts";
import { AmfObject } from "../../../src/amf/value.ts";
import { PacketKind } from "../../../src/media/packet.ts";
import { RtmpFormat } from "../../../src/rtmp/format.ts";
import { FakeSink } from "../../support/fake-sink.ts";
import { LiveStage } from "../../support/live.ts";
import { RtmpDecoder } from "../../support/rtmp-decoder.ts";

/** What is said once, in an AMF0 message of that name. */
const said = (name: string, text: string, set = false) =>
  encodeAmf0([...(set ? ["@setDataFrame"] : []), name, AmfObject.ecma({ text })]);

/** A stream whose encoder says something before its first key frame. */
function announcing() {
  const stage = new LiveStage();
  const early = stage.view();
  const feed = stage.publish().metadata().headers();
  feed.text("a second audio track");
  return { stage, early, feed };
}

describe("data sent before the first key frame", () => {
  test("reaches present readers once, before the key frame", () => {
    const { stage, early, feed } = announcing();
    stage.wait(100, feed);
    feed.key("k1").inter("p1");
    stage.wait(100, feed);
    expect(early.news()).toEqual(["published", "meta", "a second audio track", "A0", "V0", "k1", "p1"]);
  });

  test("reaches later readers", () => {
    const { stage, feed } = announcing();
    feed.gop("k1", 3).key("k2");
    stage.wait(100, feed);
    expect(stage.view().news()).toEqual(["meta", "a second audio track", "A0", "V0", "k2"]);
  });

  test("is replaced by later data of the same name, and other names are not kept", () => {
    const { stage, feed } = announcing();
    feed.key("k1").text("a third one");
    feed.send(PacketKind.Data, said("onCuePoint", "now")).wait(40).key("k2");
    stage.wait(100, feed);
    expect(stage.view().news()).toEqual(["meta", "a third one", "A0", "V0", "k2"]);
  });

  test("is kept for up to sixteen names, and only if it is short", () => {
    const stage = new LiveStage();
    const feed = stage.publish().headers();
    for (let name = 0; name < 40; name++) feed.send(PacketKind.Data, said(`on${name}`, "x"));
    feed.text("long", 20_000).key("k1");
    stage.wait(100, feed);
    const data = stage.view().got.filter(({ kind }) => kind === PacketKind.Data);
    expect(data).toHaveLength(16);
  });

  test("is sent to readers that join after a relay has come back and repeated it", () => {
    const { stage, feed } = announcing();
    feed.key("k1").wait(40).inter("p1");
    feed.end("lost");
    const again = stage.publish();
    again.headers().text("a second audio track").key("k1").wait(40).inter("p1").wait(40).key("k2");
    stage.wait(100, again);
    expect(stage.view().news()).toEqual(["a second audio track", "A0", "V0", "k2"]);
  });

  test("is still sent when a standby source takes over", () => {
    const { stage, feed } = announcing();
    feed.key("k1");
    const other = stage.publish("show", "q", { onConflict: "standby" });
    other.metadata("meta2").headers("V2", "A2").text("by the other").key("K1");
    stage.wait(40, feed, other);
    other.inter("P1");
    feed.end("lost");
    stage.wait(40, other);
    other.key("K2");
    stage.wait(40, other);
    expect(stage.view().news()).toEqual(["meta2", "by the other", "A2", "V2", "K2"]);
  });
});

describe("@setDataFrame", () => {
  test("is passed to servers before the names that it came with, in either AMF, and not to players", () => {
    const stage = new LiveStage();
    const feed = stage.publish();
    const sent = (publishing: boolean) => {
      const sink = new FakeSink();
      const decoder = new RtmpDecoder(60_000);
      sink.take = (bytes) => decoder.push(bytes);
      const options = { chunkSize: 60_000, messageStreamId: 1, audio: true, video: true, publishing };
      stage.stream().join(new RtmpFormat(options), sink, {});
      return decoder.got;
    };
    const [server, player] = [sent(true), sent(false)];
    feed.send(PacketKind.Data, said("onSecondAudio", "x", true)).send(PacketKind.Data, said("onText", "y"));
    feed.source.push(PacketKind.Data, 0, Uint8Array.of(0, ...said("onSecondAudio", "z", true)), true);
    feed.audio("a");
    stage.wait(100, feed);
    const names = (got: typeof server) =>
      got
        .filter(({ type }) => type === 18 || type === 15)
        .map(({ type, payload }) =>
          decodeAmf0(payload.subarray(type === 15 ? 1 : 0)).filter((value) => typeof value === "string"),
        );
    expect(names(server)).toEqual([["@setDataFrame", "onSecondAudio"], ["onText"], ["@setDataFrame", "onSecondAudio"]]);
    expect(names(player)).toEqual([["onSecondAudio"], ["onText"], ["onSecondAudio"]]);
  });
});

describe("a codec that changes", () => {
  test("without a header of its own leaves the old header only to readers that start before it", () => {
    const stage = new LiveStage();
    const feed = stage.publish().headers().gop("k1", 2);
    stage.wait(100, feed);
    expect(stage.view().news()).toEqual(["A0", "V0", "k1", "k1+1", "k1+2"]);
    const h263 = Uint8Array.of(0x12, 0x6b, 0x31);
    const mp3 = Uint8Array.of(0x2f, 0x6d);
    feed.send(PacketKind.Audio, mp3).send(PacketKind.Video, h263).send(PacketKind.Audio, mp3);
    stage.wait(100, feed);
    expect(stage.view().got.map(({ payload }) => payload)).toEqual([h263, mp3]);
  });
});
