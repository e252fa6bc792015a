import { describe, expect, test } from "bun:test";
import { ProtocolError } from "../../../src/base/errors.ts";
import { ChunkReader } from "../../../src/rtmp/chunk-reader.ts";
import { defaultLimits } from "../../../src/rtmp/limits.ts";
import { concat, fromHex, toHex } from "../../support/bytes.ts";
import { basicHeader, collect, line } from "../../support/chunks.ts";
import { chunkVectors } from "../../vectors/chunks.ts";

function counting(length: number): Uint8Array {
  return Uint8Array.from({ length }, (_, i) => i);
}

function readHex(...hex: string[]) {
  const { reader, messages } = collect();
  for (const part of hex) reader.push(fromHex(part));
  return messages;
}

/** Time and payload of each message. */
function brief(messages: ReturnType<typeof readHex>): string[] {
  return messages.map(({ timestamp, payload }) => `${timestamp} ${toHex(payload)}`);
}

/** A Set Chunk Size message. */
const chunkSize = (size: number) => `02 000000 000004 01 00000000 ${size.toString(16).padStart(8, "0")}`;

describe("ChunkReader", () => {
  for (const { name, value, chunks } of chunkVectors) {
    test(`reads the vector, whole and byte by byte: ${name}`, () => {
      let left = 0;
      let messageAt = 0;
      const parts: Uint8Array[] = [];
      for (const { hex, payload } of chunks) {
        if (left === 0) left = value[messageAt++]?.length ?? 0;
        const from = (value[messageAt - 1]?.length ?? 0) - left;
        parts.push(fromHex(hex), counting(from + payload).subarray(from));
        left -= payload;
      }
      const bytes = concat(parts);
      const expected = value.map(({ length, ...rest }) => line({ ...rest, payload: counting(length) }));
      const whole = collect();
      whole.reader.push(bytes);
      expect(whole.messages.map(line)).toEqual(expected);
      const bytewise = collect();
      for (const byte of bytes) bytewise.reader.push(Uint8Array.of(byte));
      expect(bytewise.messages.map(line)).toEqual(expected);
      expect(bytewise.reader.bytesReceived).toBe(bytes.length);
      expect(bytewise.reader.bufferedBytes).toBe(0);
    });
  }

  test("reads ids in basic headers of 1, 2 and 3 bytes, also an id in a longer form than it needs", () => {
    const { reader, messages } = collect();
    const forms: [number, boolean][] = [
      [2, false],
      [63, false],
      [64, false],
      [64, true],
      [319, false],
      [319, true],
    ];
    forms.push([320, false], [65599, false]);
    for (const [id, long] of forms) {
      reader.push(Uint8Array.from([...basicHeader(0, id, long), ...fromHex("000001 000001 08 01000000 aa")]));
    }
    expect(messages.map((message) => message.chunkStreamId)).toEqual(forms.map(([id]) => id));
  });

  test("reads interleaved messages of several chunk streams", () => {
    const messages = readHex(
      `${chunkSize(2)} 04 000001 000003 08 01000000 a1a2  06 000002 000004 09 01000000 b1b2  c4 a3  c6 b3b4`,
    );
    expect(messages.map((m) => [m.chunkStreamId, m.timestamp, toHex(m.payload)])).toEqual([
      [4, 1, "a1a2a3"],
      [6, 2, "b1b2b3b4"],
    ]);
  });

  test("delivers a message without payload at once", () => {
    expect(brief(readHex("04 000005 000000 08 01000000", "c4", "44 000001 000000 09"))).toEqual(["5 ", "10 ", "11 "]);
  });

  test("delivers payloads that own exactly their bytes, also out of a Buffer that is used again", () => {
    const { reader, messages } = collect();
    const input = Buffer.from(fromHex("04 000001 000003 08 01000000 010203 c4 040506"));
    reader.push(input);
    input.fill(0);
    expect(messages.map((message) => toHex(message.payload))).toEqual(["010203", "040506"]);
    for (const { payload } of messages) {
      expect(payload.constructor).toBe(Uint8Array);
      expect(payload.buffer.byteLength).toBe(3);
    }
  });

  describe("timestamps", () => {
    test("add deltas in unsigned 32 bits, through the wrap", () => {
      expect(brief(readHex("04 ffffff 000000 08 01000000 fffffff0", "84 000010", "84 000001"))).toEqual([
        "4294967280 ",
        "0 ",
        "1 ",
      ]);
      expect(brief(readHex("04 ffffff 000000 08 01000000 7fffffff", "84 000001"))[1]).toBe("2147483648 ");
    });

    test("may be extended as deltas", () => {
      expect(brief(readHex("04 000005 000001 08 01000000 aa", "44 ffffff 000001 08 01000000 bb"))).toEqual([
        "5 aa",
        "16777221 bb",
      ]);
    });

    test("are extended on type-3 chunks in either dialect, in any split", () => {
      const first = "04 ffffff 000008 08 01000000 01020304 1112";
      for (const [rest, dialect] of [
        ["c4 01020304 0102 c4 01020304 0304 c4 01020304 1718", "repeated"],
        ["c4 0102 c4 0304 c4 1718", "omitted"],
      ] as const) {
        const bytes = fromHex(`${chunkSize(2)} ${first} ${rest} 05 000007 000001 08 01000000 99`);
        for (let cut = 0; cut <= bytes.length; cut++) {
          for (let second = cut; second <= Math.min(bytes.length, cut + 6); second++) {
            const { reader, messages } = collect();
            reader.push(bytes.subarray(0, cut));
            reader.push(bytes.subarray(cut, second));
            reader.push(bytes.subarray(second));
            // The payload starts like the timestamp, so that the reader must look at more than one byte.
            expect([dialect, ...brief(messages)]).toEqual([dialect, "16909060 1112010203041718", "7 99"]);
          }
        }
      }
    });

    test("that are omitted may look like the end of a message and the next header, in any split", () => {
      const bytes = fromHex(
        `${chunkSize(2)} 04 ffffff 000003 08 01000000 01020304 1112 c4 01 02 030505 000002 04 00000000 0607`,
      );
      for (let cut = 0; cut <= bytes.length; cut++) {
        const { reader, messages } = collect();
        reader.push(bytes.subarray(0, cut));
        for (const byte of bytes.subarray(cut)) reader.push(Uint8Array.of(byte));
        expect([cut, ...brief(messages)]).toEqual([cut, "16909060 111201", "197893 0607"]);
        expect(reader.bufferedBytes).toBe(0);
      }
    });

    test("are not expected on type-3 chunks once the peer has omitted them", () => {
      const first = "04 ffffff 000008 08 01000000 01020304 11121314 c4 15161718";
      const second = "04 ffffff 000008 08 01000000 01020304 21222324 c4 01020304";
      expect(brief(readHex(`${chunkSize(4)} ${first} ${second}`))).toEqual([
        "16909060 1112131415161718",
        "16909060 2122232401020304",
      ]);
    });

    test("that are omitted on type-3 chunks don't hold back a message until more bytes arrive", () => {
      const messages = readHex(`${chunkSize(2)} 04 ffffff 000003 08 01000000 01020304 1112 c4 13`);
      expect(brief(messages)).toEqual(["16909060 111213"]);
    });

    test("may be repeated on type-3 chunks as the message's time where the header gave a delta", () => {
      const start = `${chunkSize(2)} 04 000005 000001 08 01000000 aa 44 ffffff 000004 08 01000000 1112 c4`;
      expect(brief(readHex(`${start} 01000000 1314`))[1]).toBe("16777221 11121314");
      expect(brief(readHex(`${start} 01000005 1314`))[1]).toBe("16777221 11121314");
      expect(brief(readHex(`${start} 1314`))[1]).toBe("16777221 11121314");
    });

    test("add an extended delta again when a type 3 begins a message", () => {
      const start = "04 000005 000001 08 01000000 aa 44 ffffff 000001 08 01000000 bb";
      expect(brief(readHex(`${start} c4 01000000 cc`))[2]).toBe("33554437 cc");
      expect(brief(readHex(`${start} c4 cc`))[2]).toBe("33554437 cc");
    });

    test("stay when a type 3 begins a message after an extended absolute time", () => {
      const start = "04 ffffff 000001 08 01000000 01020304 aa";
      expect(brief(readHex(`${start} c4 01020304 bb`))[1]).toBe("16909060 bb");
      expect(brief(readHex(`${start} c4 bb`))[1]).toBe("16909060 bb");
    });

    test("of a type 1 or 2 within a message are ignored", () => {
      const start = `${chunkSize(2)} 04 000005 000003 08 01000000 a1a2`;
      expect(brief(readHex(`${start} 84 000100 a3 84 000001 b1b2 c4 b3`))).toEqual(["5 a1a2a3", "6 b1b2b3"]);
      expect(brief(readHex(`${start} 44 ffffff 000003 08 01020304 a3`))).toEqual(["5 a1a2a3"]);
    });
  });

  describe("Set Chunk Size", () => {
    test("applies to all chunks that follow, also of a message that has begun", () => {
      const messages = readHex(
        `${chunkSize(2)} 04 000001 000005 08 01000000 a1a2 ${chunkSize(3).replaceAll("00000003", "0000 c2 0003")} c4 a3a4a5`,
      );
      expect(brief(messages)).toEqual(["1 a1a2a3a4a5"]);
    });

    test("accepts 1 and 2^31 - 1, and ignores the top bit", () => {
      expect(brief(readHex(`${chunkSize(1)} 04 000001 000002 08 01000000 a1 c4 a2`))).toEqual(["1 a1a2"]);
      const long = `04 000001 000200 08 01000000 ${"ab".repeat(512)}`;
      expect(readHex(`${chunkSize(0x7fffffff)} ${long}`)[0]?.payload.length).toBe(512);
      expect(readHex(`${chunkSize(0x80000200)} ${long}`)[0]?.payload.length).toBe(512);
    });
  });

  describe("Abort", () => {
    test("drops the unfinished message and its memory, and the chunk stream continues with a new one", () => {
      const { reader, messages } = collect();
      reader.push(fromHex(`${chunkSize(2)} 04 000001 000005 08 01000000 a1a2`));
      expect(reader.bufferedBytes).toBe(5);
      reader.push(fromHex("02 000000 000004 02 00000000 0000 c2 0004"));
      expect(reader.bufferedBytes).toBe(0);
      reader.push(fromHex("44 000001 000002 08 b1b2"));
      expect(brief(messages)).toEqual(["2 b1b2"]);
    });

    test("of a chunk stream without unfinished message changes nothing", () => {
      const abort = "02 000000 000004 02 00000000";
      const message = "04 000001 000001 08 01000000 a1";
      expect(brief(readHex(`${message} ${abort} 00000004 ${abort} 7fffffff ${abort} 00000140 c4 a2`))).toEqual([
        "1 a1",
        "2 a2",
      ]);
    });
  });

  describe("stop", () => {
    test("from inside onMessage ends the reading at once, in the same push and later ones", () => {
      let seen = 0;
      const reader: ChunkReader = new ChunkReader(
        {
          onMessage() {
            seen++;
            reader.stop();
          },
        },
        defaultLimits,
      );
      reader.push(fromHex("04 000001 000001 08 01000000 a1 c4 a2 05"));
      reader.push(fromHex("04 000001 000001 08 01000000 a1"));
      expect(seen).toBe(1);
      expect(reader.bufferedBytes).toBe(0);
    });

    test("frees unfinished messages", () => {
      const { reader } = collect();
      reader.push(fromHex("04 000001 000005 08 01000000 a1a2"));
      reader.stop();
      expect(reader.bufferedBytes).toBe(0);
    });

    test("follows from an exception of the handler, which push throws", () => {
      let seen = 0;
      const reader = new ChunkReader(
        {
          onMessage() {
            seen++;
            throw new ProtocolError("too many commands");
          },
        },
        defaultLimits,
      );
      const bytes = fromHex("04 000001 000001 08 01000000 a1");
      expect(() => reader.push(bytes)).toThrow("too many commands");
      reader.push(bytes);
      expect(seen).toBe(1);
    });
  });

  describe("refuses", () => {
    const half = `${chunkSize(2)} 04 000001 000005 08 01000000 a1a2`;
    const inside = (format: number, type: number, length: number) =>
      `a type-${format} header (message type ${type}, ${length} bytes) on chunk stream 4 inside an unfinished message ` +
      "(type 8, 2 of 5 bytes)";
    const cases: [string, string, string][] = [
      ["a chunk stream that starts with type 2", "84 000001", "chunk stream 4 starts with a type-2 header"],
      ["a chunk stream that starts with type 3", "c0 10", "chunk stream 80 starts with a type-3 header"],
      ["a type 0 inside a message", `${half} 04 000001 000005 08 01000000`, inside(0, 8, 5)],
      ["a new length inside a message", `${half} 44 000001 000006 08`, inside(1, 8, 6)],
      ["a new type inside a message", `${half} 44 000001 000005 09`, inside(1, 9, 5)],
      ["a chunk size of 0", chunkSize(0), "chunk size 0 is not between 1 and 2147483647"],
      ["a short Set Chunk Size", "02 000000 000003 01 00000000 000001", "Set Chunk Size has 3 bytes instead of 4"],
      ["an empty Abort", "02 000000 000000 02 00000000", "Abort has 0 bytes instead of 4"],
    ];
    for (const [name, hex, message] of cases) {
      test(`${name}, and then reads nothing more`, () => {
        const { reader, messages } = collect();
        expect(() => reader.push(fromHex(hex))).toThrow(new ProtocolError(message));
        reader.push(fromHex("05 000001 000001 08 01000000 a1"));
        expect(messages).toEqual([]);
        expect(reader.bufferedBytes).toBe(0);
      });
    }

    test("a message longer than the limit, by its header alone", () => {
      const { reader } = collect({ maxMessageBytes: 1000 });
      reader.push(fromHex("04 000001 0003e8 08 01000000"));
      expect(() => reader.push(fromHex("05 000001 0003e9 09 01000000"))).not.toThrow();
      const fresh = collect({ maxMessageBytes: 1000 }).reader;
      expect(() => fresh.push(fromHex("05 000001 0003e9 09 01000000"))).toThrow(
        new ProtocolError("message of type 9 with 1001 bytes is longer than the limit of 1000"),
      );
    });

    test("more chunk streams than the limit, low and high ids together", () => {
      const { reader, messages } = collect({ maxChunkStreams: 100 });
      const open = (id: number) =>
        reader.push(Uint8Array.from([...basicHeader(0, id), ...fromHex("000001000000080100 0000")]));
      for (let id = 2; id < 102; id++) open(id);
      open(50);
      expect(messages.length).toBe(101);
      expect(() => open(60000)).toThrow(
        new ProtocolError("chunk stream 60000 is one more than the 100 a connection may use"),
      );
    });
  });

  describe("memory", () => {
    test("is not allocated for the length that a header claims", () => {
      const { reader } = collect();
      reader.push(fromHex("04 000001 ffffff 09 01000000"));
      expect(reader.bufferedBytes).toBe(0);
      reader.push(Uint8Array.of(1));
      expect(reader.bufferedBytes).toBe(1024);
    });

    test("grows with what arrives, to an array of exactly the message's size", () => {
      const { reader, messages } = collect();
      const length = 3_000_000;
      reader.push(fromHex(`${chunkSize(0x7fffffff)} 04 000001 2dc6c0 09 01000000`));
      const piece = counting(10_000);
      for (let sent = 0; sent < length; sent += piece.length) {
        expect(reader.bufferedBytes).toBeLessThanOrEqual(Math.max(1024, 4 * sent));
        reader.push(piece.slice());
      }
      const payload = messages[0]?.payload;
      expect(payload?.buffer.byteLength).toBe(length);
      expect(payload?.every((byte, i) => byte === ((i % 10_000) & 255))).toBe(true);
      expect(reader.bufferedBytes).toBe(0);
    });

    test("is not allocated for audio and video that has come whole: it is lent, and freed with what was pushed", () => {
      const lent: Uint8Array[] = [];
      const limits = { ...defaultLimits, maxIncompleteBytes: 0 };
      const reader = new ChunkReader({ onMessage: (_type, _id, _time, payload) => lent.push(payload) }, limits);
      const pushed = concat([
        fromHex(`${chunkSize(0x7fffffff)} 04 000001 2dc6c0 09 01000000`),
        new Uint8Array(3_000_000),
        fromHex("04 000001 000001 12 01000000 77"),
      ]);
      const { buffer } = pushed;
      reader.push(pushed);
      const [video, data] = lent;
      expect(video?.buffer).toBe(buffer);
      expect([buffer.byteLength, video?.length]).toEqual([0, 0]);
      expect(data).toEqual(Uint8Array.of(0x77));
    });

    test("of a buffer that others use a part of is left alone", () => {
      const { reader } = collect();
      const all = new Uint8Array(4000);
      reader.push(all.subarray(0, 2000));
      expect(all.length).toBe(4000);
    });

    test("of all unfinished messages together has a limit", () => {
      const { reader } = collect({ maxIncompleteBytes: 4000 });
      reader.push(fromHex("04 000001 ffffff 09 01000000"));
      reader.push(new Uint8Array(128));
      reader.push(fromHex("05 000001 ffffff 09 01000000"));
      reader.push(new Uint8Array(128));
      reader.push(fromHex("06 000001 ffffff 09 01000000"));
      reader.push(new Uint8Array(128));
      reader.push(fromHex("07 000001 ffffff 09 01000000"));
      expect(reader.bufferedBytes).toBe(3072);
      expect(() => reader.push(Uint8Array.of(1))).toThrow(
        new ProtocolError("unfinished messages would take 4096 bytes, more than the limit of 4000"),
      );
    });
  });
});
