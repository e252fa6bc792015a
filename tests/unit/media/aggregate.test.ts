import { describe, expect, test } from "bun:test";
import fc from "fast-check";
import { ByteWriter } from "../../../src/bytes/writer.ts";
import { splitAggregate } from "../../../src/media/aggregate.ts";
import { PacketKind } from "../../../src/media/packet.ts";
import { fromHex } from "../../support/bytes.ts";

interface Tag {
  readonly type: number;
  readonly time: number;
  readonly body: Uint8Array;
}

function aggregate(tags: readonly Tag[], lastPointer = true): Uint8Array {
  const out = new ByteWriter();
  tags.forEach(({ type, time, body }, i) => {
    out.u8(type);
    out.u24(body.length);
    out.u24(time & 0xffffff);
    out.u8(time >>> 24);
    out.u24(1);
    out.bytes(body);
    if (lastPointer || i < tags.length - 1) out.u32(body.length + 11);
  });
  return out.finish();
}

const body = (...bytes: number[]) => Uint8Array.from(bytes);

describe("splitAggregate", () => {
  test("reads a video and an audio tag", () => {
    // RTMP 1.0, 7.1.6: FLV tag header, data, back pointer.
    const hex = "09 000002 000064 00 000001 1701 0000000d  08 000003 00006f 00 000001 af0121 0000000e";
    expect(splitAggregate(fromHex(hex), 5000)).toEqual([
      { kind: PacketKind.Video, timestamp: 5000, payload: fromHex("1701") },
      { kind: PacketKind.Audio, timestamp: 5011, payload: fromHex("af0121") },
    ]);
  });

  test("gives the tags times relative to the first, whatever that counts from", () => {
    const tags = [100, 90, 140].map((time) => ({ type: 8, time, body: body(1) }));
    expect(splitAggregate(aggregate(tags), 20).map((part) => part.timestamp)).toEqual([20, 10, 60]);
  });

  test("counts in 32 bits on both sides", () => {
    const tags = [0xfffffff0, 0xffffffff, 0x00000010].map((time) => ({ type: 9, time, body: body(1) }));
    expect(splitAggregate(aggregate(tags), 0xfffffff8).map((part) => part.timestamp)).toEqual([0xfffffff8, 7, 0x18]);
    const back = [0x10, 0].map((time) => ({ type: 9, time, body: body(1) }));
    expect(splitAggregate(aggregate(back), 8).map((part) => part.timestamp)).toEqual([8, 0xfffffff8]);
  });

  test("leaves out empty tags and other types, but counts from them", () => {
    const tags = [
      { type: 8, time: 10, body: body() },
      { type: 22, time: 11, body: body(1) },
      { type: 20, time: 12, body: body(2) },
      { type: 18, time: 13, body: body(3) },
    ];
    expect(splitAggregate(aggregate(tags), 0)).toEqual([{ kind: PacketKind.Data, timestamp: 3, payload: body(3) }]);
  });

  test("accepts a message without the last back pointer", () => {
    expect(splitAggregate(aggregate([{ type: 8, time: 0, body: body(1, 2) }], false), 0)).toHaveLength(1);
  });

  test("finds nothing in an empty message", () => {
    expect(splitAggregate(new Uint8Array(0), 0)).toEqual([]);
  });

  test.each([
    ["in its header", "08 000001 0000", "aggregate message ends too early: 3 bytes expected at offset 4, 2 there"],
    [
      "in its body",
      "08 000005 000000 00 000000 aa",
      "aggregate message ends too early: 5 bytes expected at offset 11, 1 there",
    ],
  ])("refuses a tag cut off %s", (_, hex, message) => {
    expect(() => splitAggregate(fromHex(hex), 0)).toThrow(message);
  });

  test("refuses tags without end", () => {
    const tags = Array.from({ length: 8193 }, () => ({ type: 8, time: 0, body: body() }));
    expect(() => splitAggregate(aggregate(tags), 0)).toThrow("aggregate message holds more than 8192 tags");
    expect(splitAggregate(aggregate(tags.slice(1)), 0)).toEqual([]);
  });

  test("returns whatever was put in, as copies", () => {
    const tag = fc.record({
      type: fc.constantFrom(8, 9, 18),
      time: fc.integer({ min: 0, max: 0xffffffff }),
      body: fc.uint8Array({ minLength: 1, maxLength: 20 }),
    });
    fc.assert(
      fc.property(fc.array(tag), fc.integer({ min: 0, max: 0xffffffff }), fc.boolean(), (tags, time, pointer) => {
        const message = aggregate(tags, pointer);
        const parts = splitAggregate(message, time);
        message.fill(0xee);
        const base = tags[0]?.time ?? 0;
        expect(parts).toEqual(
          tags.map((each) => ({
            kind: each.type as PacketKind,
            timestamp: (time + each.time - base) >>> 0,
            payload: each.body,
          })),
        );
        for (const part of parts) expect(part.payload.buffer.byteLength).toBe(part.payload.length);
      }),
      { seed: 22, numRuns: 200 },
    );
  });
});
