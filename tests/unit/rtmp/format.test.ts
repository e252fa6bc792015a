import { describe, expect, test } from "bun:test";
import fc from "fast-check";
import { decodeAmf0, encodeAmf0 } from "../../../src/amf/amf0.ts";
import { AmfObject } from "../../../src/amf/value.ts";
import { Packet, PacketFlag, PacketKind } from "../../../src/media/packet.ts";
import { RtmpFormat, type RtmpFormatOptions, RtmpFormats } from "../../../src/rtmp/format.ts";
import { toHex } from "../../support/bytes.ts";
import { payloads } from "../../support/live.ts";
import { logOf } from "../../support/packet-log.ts";
import { type GotMessage, RtmpDecoder } from "../../support/rtmp-decoder.ts";

const { Audio, Video, Data } = PacketKind;
const usual: RtmpFormatOptions = { chunkSize: 128, messageStreamId: 1, audio: true, video: true, publishing: false };
const metadata = encodeAmf0(["onMetaData", AmfObject.ecma({ title: "one" })]);

const audio = (time: number, name = "a") => new Packet(Audio, time, payloads.audio(name), 0, 0);
const video = (time: number, name = "k", size = 0) =>
  new Packet(Video, time, payloads.key(name, size), PacketFlag.Key, 0);
const meta = (time: number) => new Packet(Data, time, metadata, PacketFlag.Config, 0);

function decode(bytes: Uint8Array, chunkSize = usual.chunkSize): readonly GotMessage[] {
  const decoder = new RtmpDecoder(chunkSize);
  decoder.push(bytes);
  return decoder.got;
}

function encode(packets: readonly Packet[], options: Partial<RtmpFormatOptions> = {}): Uint8Array {
  return new RtmpFormat({ ...usual, ...options }).encode(logOf(packets), 0, packets.length);
}

const brief = (got: readonly GotMessage[]) =>
  got.map(({ type, streamId, time, name }) => `${type}@${streamId} ${time} ${name}`);

describe("RtmpFormat", () => {
  test("writes each packet with a type-0 header and an absolute timestamp (RTMP 1.0, 5.3.1.2.1)", () => {
    // cs 7, timestamp 0x0100, length 3, type 8, stream 1; cs 6, 0x0102, 6, type 9, stream 1.
    expect(toHex(encode([audio(0x100, "x"), video(0x102, "y")]))).toBe(
      "07 000100 000003 08 01000000 af0178 06 000102 000006 09 01000000 170100000079".replaceAll(" ", ""),
    );
  });

  test("encodes the packets asked for and no others", () => {
    const log = logOf([audio(0, "a0"), audio(20, "a1"), audio(40, "a2"), audio(60, "a3")]);
    const format = new RtmpFormat(usual);
    expect(brief(decode(format.encode(log, 1, 3)))).toEqual(["8@1 20 a1", "8@1 40 a2"]);
    expect(format.encode(log, 2, 2)).toHaveLength(0);
  });

  test("gives a new buffer each time, exactly sized", () => {
    const format = new RtmpFormat(usual);
    const log = logOf([video(0, "k", 1000)]);
    const [one, two] = [format.encode(log, 0, 1), format.encode(log, 0, 1)];
    expect(one).toEqual(two);
    expect(one).not.toBe(two);
    expect(one.buffer.byteLength).toBe(one.length);
  });

  test("writes the low 32 bits of the time, extended where they need it", () => {
    const times = [0xfffffe, 0xffffff, 0x1000000, 0xffffffff, 2 ** 32, 2 ** 32 + 40, 5 * 2 ** 32 + 7];
    const got = decode(encode(times.map((time) => video(time, "k", 300))));
    expect(got.map(({ time }) => time)).toEqual([0xfffffe, 0xffffff, 0x1000000, 0xffffffff, 0, 40, 7]);
    expect(got.every(({ payload }) => payload.length === 300)).toBe(true);
  });

  test("leaves out audio, video or both, but never data", () => {
    const packets = [meta(0), audio(0), video(0)];
    const kinds = (options: Partial<RtmpFormatOptions>) => decode(encode(packets, options)).map(({ type }) => type);
    expect(kinds({})).toEqual([18, 8, 9]);
    expect(kinds({ video: false })).toEqual([18, 8]);
    expect(kinds({ audio: false })).toEqual([18, 9]);
    expect(kinds({ audio: false, video: false })).toEqual([18]);
    expect(encode([audio(0)], { audio: false })).toHaveLength(0);
  });

  test("writes the message stream id that it was made for", () => {
    expect(decode(encode([audio(0)], { messageStreamId: 0x01020304 }))[0]?.streamId).toBe(0x01020304);
  });

  test("sends metadata at time 0 and other data at its own", () => {
    const text = new Packet(Data, 5000, payloads.text("hello"), 0, 0);
    expect(brief(decode(encode([meta(5000), text])))).toEqual(["18@1 0 one", "18@1 5000 hello"]);
  });

  test("sends metadata as @setDataFrame when it publishes, and other data as it is", () => {
    const text = new Packet(Data, 0, payloads.text("hello"), 0, 0);
    const got = decode(encode([meta(0), text], { publishing: true }));
    const [command, name, object] = decodeAmf0(got[0]?.payload ?? new Uint8Array());
    expect([command, name]).toEqual(["@setDataFrame", "onMetaData"]);
    expect(object instanceof AmfObject && object.string("title")).toBe("one");
    expect(got[1]?.payload).toEqual(text.payload);
  });

  test("sends AMF3 data as type 15, untouched", () => {
    const packet = new Packet(Data, 0, Uint8Array.of(0, 2, 0, 1, 0x78), PacketFlag.Amf3, 0);
    const [got] = decode(encode([packet], { publishing: true }));
    expect([got?.type, toHex(got?.payload ?? new Uint8Array())]).toEqual([15, "0002000178"]);
  });

  test("writes headers before a start with the start's time, and metadata with 0", () => {
    const headers = [
      meta(10),
      new Packet(Audio, 20, payloads.audioHeader("A"), PacketFlag.SequenceHeader, 0),
      new Packet(Video, 30, payloads.videoHeader("V"), PacketFlag.SequenceHeader, 0),
    ];
    const prefix = (options: Partial<RtmpFormatOptions> = {}) =>
      brief(decode(new RtmpFormat({ ...usual, ...options }).prefix(headers, 2 ** 32 + 99)));
    expect(prefix()).toEqual(["18@1 0 one", "8@1 99 A", "9@1 99 V"]);
    expect(prefix({ audio: false })).toEqual(["18@1 0 one", "9@1 99 V"]);
    expect(prefix({ video: false })).toEqual(["18@1 0 one", "8@1 99 A"]);
  });

  test("without video is the same object each time, and itself when it has none", () => {
    const format = new RtmpFormat(usual);
    expect(format.withoutVideo).toBe(format.withoutVideo);
    expect(format.withoutVideo.withoutVideo).toBe(format.withoutVideo);
    expect([format.withoutVideo.audio, format.withoutVideo.video]).toEqual([true, false]);
    expect(brief(decode(format.withoutVideo.encode(logOf([audio(1), video(2)]), 0, 2)))).toEqual(["8@1 1 a"]);
  });

  test("is understood by a chunk reader whatever the packets, times and chunk sizes are", () => {
    const packet = fc.record({
      kind: fc.constantFrom(Audio, Video, Data),
      time: fc.oneof(
        fc.nat(0xffffff),
        fc.integer({ min: 0xfffff0, max: 0x100000f }),
        fc.maxSafeInteger().map(Math.abs),
      ),
      size: fc.oneof(fc.integer({ min: 1, max: 20 }), fc.integer({ min: 1, max: 5000 })),
    });
    fc.assert(
      fc.property(fc.array(packet, { maxLength: 20 }), fc.integer({ min: 128, max: 65_536 }), (given, chunkSize) => {
        const packets = given.map(
          ({ kind, time, size }, at) => new Packet(kind, time, new Uint8Array(size).fill(at + 1), 0, 0),
        );
        const got = decode(encode(packets, { chunkSize }), chunkSize);
        expect(got.map(({ type, time, payload }) => [type, time, toHex(payload)])).toEqual(
          packets.map(({ kind, time, payload }) => [kind, time >>> 0, toHex(payload)]),
        );
      }),
      { seed: 1, numRuns: 40 },
    );
  });
});

describe("RtmpFormats", () => {
  test("has one object for each way of encoding", () => {
    const formats = new RtmpFormats();
    expect(formats.get({ ...usual })).toBe(formats.get({ ...usual }));
    const others: Partial<RtmpFormatOptions>[] = [
      { chunkSize: 4096 },
      { messageStreamId: 2 },
      { audio: false },
      { video: false },
      { publishing: true },
    ];
    const all = [usual, ...others.map((other) => ({ ...usual, ...other }))].map((options) => formats.get(options));
    expect(new Set(all).size).toBe(6);
  });

  test("keeps no format for a message stream id that no other reader will have", () => {
    const formats = new RtmpFormats();
    const options = { ...usual, messageStreamId: 65 };
    expect(formats.get(options)).not.toBe(formats.get(options));
  });
});
