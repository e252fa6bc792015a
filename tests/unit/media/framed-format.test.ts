import { describe, expect, test } from "bun:test";
import { AacFormat } from "../../../src/media/aac-format.ts";
import { FlvFormats } from "../../../src/media/flv-format.ts";
import { FramedFormats } from "../../../src/media/framed-format.ts";
import { PacketKind } from "../../../src/media/packet.ts";
import { concat, fromHex, toHex } from "../../support/bytes.ts";
import { FakeSink } from "../../support/fake-sink.ts";
import { LiveStage, payloads } from "../../support/live.ts";
import { logOf, packetOf } from "../../support/packet-log.ts";

type Framing = "none" | "length";
const usual = { enhanced: false, audio: true, video: true };

/** Frames that begin with their length, and how many were made. */
function framing() {
  const counts = { frames: 0 };
  const formats = new FramedFormats<Framing>((how, bytes) => {
    if (how === "none" || bytes.length === 0) return bytes;
    counts.frames++;
    return concat([Uint8Array.of(bytes.length >>> 8, bytes.length), bytes]);
  });
  return { counts, formats };
}

describe("FramedFormats", () => {
  test("has one object for each format and framing, and for what they are without video", () => {
    const { formats } = framing();
    const [flv, other] = [new FlvFormats().get(usual), new FlvFormats().get(usual)];
    const framed = formats.get(flv, "length");
    expect(formats.get(flv, "length")).toBe(framed);
    expect(new Set([framed, formats.get(flv, "none"), formats.get(other, "length")]).size).toBe(3);
    expect(framed.withoutVideo).toBe(formats.get(flv.withoutVideo, "length"));
    expect(framed.withoutVideo.withoutVideo).toBe(framed.withoutVideo);
    expect([framed.audio, framed.video, framed.withoutVideo.video]).toEqual([true, true, false]);
  });

  test("frames each batch and each prefix alone, and writes nothing for nothing", () => {
    const { formats } = framing();
    const flv = new FlvFormats().get(usual);
    const framed = formats.get(flv, "length");
    const packets = [
      packetOf(PacketKind.Audio, 1, fromHex("af0178")),
      packetOf(PacketKind.Audio, 2, fromHex("af0179")),
    ];
    const log = logOf(packets);
    expect(toHex(framed.encode(log, 0, 2))).toBe(`0024${toHex(flv.encode(log, 0, 2))}`);
    expect(toHex(framed.prefix(packets, 7))).toBe(`0024${toHex(flv.prefix(packets, 7))}`);
    expect(framed.encode(log, 1, 1)).toHaveLength(0);
  });

  test("notifies the inner format of the headers with which a reader begins", () => {
    const { formats } = framing();
    const log = logOf([packetOf(PacketKind.Audio, 0, fromHex("af01 aa"))]);
    const header = packetOf(PacketKind.Audio, 0, fromHex("af00 1210"));
    expect(toHex(formats.get(new AacFormat(), "length").encode(log, 0, 1, [header]))).toBe("0008fff15080011ffcaa");
  });

  test("gives a hundred viewers of a stream the same bytes, framed once a flush", () => {
    const { counts, formats } = framing();
    const flvFormats = new FlvFormats();
    const stage = new LiveStage();
    const feed = stage.publish().headers().gop("k", 2);
    stage.wait(400, feed);
    const sinks = Array.from({ length: 100 }, () => new FakeSink());
    for (const sink of sinks) stage.stream().join(formats.get(flvFormats.get(usual), "length"), sink, {});
    stage.wait(400, feed);
    expect(counts.frames).toBe(2); // what they begin with, and the packets
    const before = sinks[0]?.sent.length ?? 0;
    feed.send(PacketKind.Audio, payloads.audio("a"));
    stage.wait(400, feed);
    expect(counts.frames).toBe(3);
    const last = sinks.map((sink) => sink.sent[before]);
    expect(last[0]?.length).toBeGreaterThan(0);
    expect(new Set(last).size).toBe(1);
  });

  test("lets a viewer of raw AAC begin with the configuration in force", () => {
    const { formats } = framing();
    const stage = new LiveStage();
    const feed = stage.publish();
    feed.send(PacketKind.Audio, fromHex("af00 1210")).send(PacketKind.Audio, fromHex("af01 aa"));
    stage.wait(400, feed);
    const sink = new FakeSink();
    stage.stream().join(formats.get(new AacFormat(), "none"), sink, {});
    feed.send(PacketKind.Audio, fromHex("af01 bb"));
    stage.wait(400, feed);
    expect(toHex(concat(sink.sent))).toContain("fff15080011ffcbb");
  });
});
