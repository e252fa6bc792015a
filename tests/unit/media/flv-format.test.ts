import { describe, expect, test } from "bun:test";
import fc from "fast-check";
import { encodeAmf0 } from "../../../src/amf/amf0.ts";
import { AmfObject } from "../../../src/amf/value.ts";
import { type FlvTag, flvTags } from "../../../src/media/flv.ts";
import { FlvFormat, type FlvFormatOptions, FlvFormats } from "../../../src/media/flv-format.ts";
import { FlvReader } from "../../../src/media/flv-reader.ts";
import { Packet, PacketFlag, PacketKind } from "../../../src/media/packet.ts";
import { concat, fragments, fromHex, toHex } from "../../support/bytes.ts";
import { flvHeader } from "../../support/flv.ts";
import { payloads } from "../../support/live.ts";
import { logOf, packetOf } from "../../support/packet-log.ts";
import { mulberry32 } from "../../support/random.ts";

const { Audio, Video, Data } = PacketKind;
const usual: FlvFormatOptions = { enhanced: false, audio: true, video: true };
const all: FlvFormatOptions = { ...usual, enhanced: true };

const meta = (time: number, values: Record<string, boolean | string> = { title: "one" }) =>
  new Packet(Data, time, encodeAmf0(["onMetaData", AmfObject.ecma(values)]), PacketFlag.Config, 0);
const audio = (time: number, name = "a") => packetOf(Audio, time, payloads.audio(name));
const video = (time: number, name = "k") => packetOf(Video, time, payloads.key(name));

const encode = (packets: readonly Packet[], options = usual) =>
  new FlvFormat(options).encode(logOf(packets), 0, packets.length);
const tagsOf = (bytes: Uint8Array) => [...flvTags(concat([flvHeader, bytes]))];
const brief = (tags: readonly FlvTag[]) => tags.map(({ kind, timestamp }) => `${kind} ${timestamp}`);

describe("FlvFormat", () => {
  test("writes a tag for each packet, with a 32-bit time and the size behind it (FLV 10.1, E.4.1)", () => {
    const packets = [
      packetOf(Audio, 0x0100, fromHex("af0178")),
      packetOf(Video, 2 ** 32 + 0xff010203, fromHex("1701000000aa")),
    ];
    expect(toHex(encode(packets))).toBe(
      "08 000003 000100 00 000000 af0178 0000000e 09 000006 010203 ff 000000 1701000000aa 00000011".replaceAll(" ", ""),
    );
  });

  test("encodes the packets asked for and no others, into a new buffer of exactly their size", () => {
    const log = logOf([audio(0), audio(20), audio(40), audio(60)]);
    const format = new FlvFormat(usual);
    const bytes = format.encode(log, 1, 3);
    expect(brief(tagsOf(bytes))).toEqual(["8 20", "8 40"]);
    expect(bytes.buffer.byteLength).toBe(bytes.length);
    expect(format.encode(log, 1, 3)).not.toBe(bytes);
    expect(format.encode(log, 2, 2)).toHaveLength(0);
  });

  test("writes for players that know little of enhanced RTMP, or everything unchanged", () => {
    const packets = [
      packetOf(Video, 0, fromHex("91 61766331 000050 aabb")),
      packetOf(Video, 1, fromHex("94 68766331 02")),
      packetOf(Audio, 2, fromHex("91 6d703461 de02")),
    ];
    expect(tagsOf(encode(packets)).map(({ payload }) => toHex(payload))).toEqual(["1701000050aabb", "af01de02"]);
    expect(tagsOf(encode(packets, all)).map(({ payload }) => toHex(payload))).toEqual(
      packets.map(({ payload }) => toHex(payload)),
    );
  });

  test.each([usual, all])("leaves out audio, video or both, but no data, in either flavour: %j", (options) => {
    const packets = [meta(0), audio(0), video(0)];
    const kinds = (some: Partial<FlvFormatOptions>) =>
      tagsOf(encode(packets, { ...options, ...some })).map(({ kind }) => Number(kind));
    expect(kinds({})).toEqual([18, 8, 9]);
    expect(kinds({ video: false })).toEqual([18, 8]);
    expect(kinds({ audio: false })).toEqual([18, 9]);
    expect(kinds({ audio: false, video: false })).toEqual([18]);
  });

  test("leaves out data in AMF3, which FLV does not have, and empty payloads", () => {
    const amf3 = new Packet(Data, 0, Uint8Array.of(0, 2, 0, 1, 0x78), PacketFlag.Amf3, 0);
    const empty = new Packet(Audio, 0, new Uint8Array(0), 0, 0);
    for (const options of [usual, all]) expect(encode([amf3, empty], options)).toHaveLength(0);
  });

  test("sends metadata at time 0 and other data at its own", () => {
    const text = packetOf(Data, 5000, payloads.text("hello"));
    expect(brief(tagsOf(encode([meta(5000), text])))).toEqual(["18 0", "18 5000"]);
  });

  test("writes headers before a start with the start's time, and metadata with 0", () => {
    const headers = [
      meta(10),
      packetOf(Audio, 20, fromHex("90 6d703461 1210")),
      packetOf(Video, 30, fromHex("90 61766331 0164")),
    ];
    const tags = tagsOf(new FlvFormat(usual).prefix(headers, 2 ** 32 + 99));
    expect(brief(tags)).toEqual(["18 0", "8 99", "9 99"]);
    expect(tags.slice(1).map(({ payload }) => toHex(payload))).toEqual(["af001210", "17000000000164"]);
    expect(brief(tagsOf(new FlvFormat({ ...usual, video: false }).prefix(headers, 7)))).toEqual(["18 0", "8 7"]);
  });

  test("removes from metadata a track that the viewer does not want, but not one that it waits for", () => {
    const packets = [meta(0, { hasAudio: true, hasVideo: true, title: "hasAudio" })];
    const said = (format: FlvFormat) => toHex(tagsOf(format.encode(logOf(packets), 0, 1))[0]?.payload ?? fromHex(""));
    const text = (hasAudio: boolean, hasVideo: boolean) =>
      toHex(meta(0, { hasAudio, hasVideo, title: "hasAudio" }).payload);
    expect(said(new FlvFormat(usual))).toBe(text(true, true));
    expect(said(new FlvFormat({ ...usual, audio: false }))).toBe(text(false, true));
    expect(said(new FlvFormat({ ...all, video: false }))).toBe(text(true, false));
    expect(said(new FlvFormat(usual).withoutVideo)).toBe(text(true, true));
    expect(toHex(packets[0]?.payload ?? fromHex(""))).toBe(text(true, true));
  });

  test("without video is the same object each time, and itself when it has none", () => {
    const format = new FlvFormat(usual);
    expect(format.withoutVideo).toBe(format.withoutVideo);
    expect(format.withoutVideo.withoutVideo).toBe(format.withoutVideo);
    expect([format.withoutVideo.audio, format.withoutVideo.video]).toEqual([true, false]);
    expect(brief(tagsOf(format.withoutVideo.encode(logOf([audio(1), video(2)]), 0, 2)))).toEqual(["8 1"]);
  });

  test("is read as it was written, for any packets, times and pieces", () => {
    const packet = fc.record({
      kind: fc.constantFrom(Audio, Video, Data),
      time: fc.oneof(
        fc.nat(0xffffff),
        fc.integer({ min: 0xfffff0, max: 0x100000f }),
        fc.maxSafeInteger().map(Math.abs),
      ),
      payload: fc.uint8Array({ minLength: 1, maxLength: 200 }),
    });
    fc.assert(
      fc.property(fc.array(packet, { maxLength: 20 }), fc.boolean(), fc.nat(), (given, enhanced, seed) => {
        const packets = given.map(({ kind, time, payload }) => packetOf(kind, time, payload));
        const format = new FlvFormat({ ...usual, enhanced });
        const file = concat([flvHeader, format.encode(logOf(packets), 0, packets.length)]);
        const tags: FlvTag[] = [];
        const reader = new FlvReader((kind, timestamp, payload) => tags.push({ kind, timestamp, payload }));
        for (const piece of fragments(file, mulberry32(seed), 50)) reader.push(piece);
        expect(reader.bufferedBytes).toBe(0);
        expect(brief(tags)).toEqual(
          packets
            .filter((one) => format.encode(logOf([one]), 0, 1).length > 0)
            .map(({ kind, time }) => `${kind} ${time >>> 0}`),
        );
        if (enhanced) expect(tags.map(({ payload }) => payload)).toEqual(packets.map(({ payload }) => payload));
      }),
      { seed: 0xf1f },
    );
  });
});

test("FlvFormats has one object for each way of encoding", () => {
  const formats = new FlvFormats();
  const others: Partial<FlvFormatOptions>[] = [{}, { enhanced: true }, { audio: false }, { video: false }];
  const objects = [...others, ...others].map((other) => formats.get({ ...usual, ...other }));
  expect(new Set(objects).size).toBe(4);
  expect(objects.map(({ enhanced, audio, video }) => [enhanced, audio, video])).toContainEqual([false, true, false]);
});
