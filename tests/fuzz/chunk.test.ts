import { describe, expect, test } from "bun:test";
import { ProtocolError } from "../../src/base/errors.ts";
import { ChunkReader } from "../../src/rtmp/chunk-reader.ts";
import { defaultLimits } from "../../src/rtmp/limits.ts";
import { concat, fragments, fromHex } from "../support/bytes.ts";
import { type Dialect, WildChunkWriter } from "../support/chunks.ts";
import { mutate } from "../support/mutate.ts";
import { between, mulberry32, pick, randomBytes } from "../support/random.ts";
import { chunkVectors } from "../vectors/chunks.ts";

const maxChunkStreams = 10;

interface Outcome {
  error: string | undefined;
  messages: number;
}

/** Feeds the bytes in pieces and holds the reader to what it promises of any input. */
function survive(bytes: Uint8Array, random: () => number, maxIncompleteBytes = 300_000): Outcome {
  const outcome: Outcome = { error: undefined, messages: 0 };
  let delivered = 0;
  const reader = new ChunkReader(
    {
      onMessage(type, streamId, timestamp, payload) {
        outcome.messages++;
        delivered += payload.length;
        const lent = type === 8 || type === 9;
        if (!lent && payload.length < payload.buffer.byteLength) throw new Error("the payload keeps more alive");
        if (timestamp !== timestamp >>> 0 || streamId !== streamId >>> 0 || type > 255) throw new Error("not unsigned");
      },
    },
    { ...defaultLimits, maxIncompleteBytes, maxChunkStreams },
  );
  try {
    for (const piece of fragments(bytes, random, pick(random, [1, 20, 100_000]))) {
      reader.push(piece);
      if (reader.bufferedBytes > maxIncompleteBytes + 18) throw new Error("more is held than the limit");
    }
  } catch (error) {
    if (!(error instanceof ProtocolError)) throw error;
    outcome.error = error.message;
    expect(reader.bufferedBytes).toBe(0);
  }
  expect(delivered).toBeLessThanOrEqual(reader.bytesReceived);
  return outcome;
}

function session(random: () => number): Uint8Array {
  const writer = new WildChunkWriter(random, pick<Dialect>(random, ["repeats", "omits"]));
  writer.setChunkSize(pick(random, [1, 64, 128, 4096]));
  const queue = (chunkStreamId: number) =>
    Array.from({ length: between(random, 1, 5) }, () => ({
      chunkStreamId,
      type: pick(random, [3, 8, 9, 18, 20]),
      streamId: 1,
      timestamp: pick(random, [0, 1000, 0xffffff, 0xfffffff0]),
      payload: randomBytes(random, between(random, 0, 300)),
    }));
  writer.interleave([queue(3), queue(4), queue(70)]);
  return writer.bytes;
}

describe("ChunkReader with hostile input", () => {
  test("throws nothing but ProtocolError for damaged sessions, and stays inside its limits", () => {
    const outcomes = new Map<string, number>();
    for (let seed = 0; seed < 2500; seed++) {
      const random = mulberry32(seed);
      const { error } = survive(mutate(random, session(random)), random, 3000);
      const kind = (error ?? "none").replace(/\d+/g, "N");
      outcomes.set(kind, (outcomes.get(kind) ?? 0) + 1);
    }
    // The damage reaches the reader's branches, and does not always end the session.
    expect(outcomes.get("none") ?? 0).toBeGreaterThan(100);
    expect(outcomes.size).toBeGreaterThanOrEqual(6);
  });

  test("throws nothing but ProtocolError for damaged vectors, and stays inside its limits", () => {
    for (let seed = 0; seed < 1000; seed++) {
      const random = mulberry32(seed);
      const { chunks } = pick(random, chunkVectors);
      const bytes = concat(chunks.flatMap(({ hex, payload }) => [fromHex(hex), new Uint8Array(payload)]));
      survive(mutate(random, bytes), random);
    }
  });

  test("throws nothing but ProtocolError for noise, and stays inside its limits", () => {
    for (let seed = 0; seed < 1000; seed++) {
      const random = mulberry32(seed);
      survive(randomBytes(random, between(random, 1, 3000)), random);
    }
  });

  test("refuses headers that claim the largest message on every chunk stream in time", () => {
    const random = mulberry32(5);
    const parts: Uint8Array[] = [fromHex("02 000000 000004 01 00000000 00000001")];
    for (let id = 2; id < 64; id++) parts.push(Uint8Array.of(id), fromHex("000000 ffffff 09 01000000 aa"));
    const { error } = survive(concat(parts), random, 5000);
    expect(error).toBe("unfinished messages would take 5120 bytes, more than the limit of 5000");
  });

  test("reads a message in chunks of one byte", () => {
    const parts: Uint8Array[] = [
      fromHex("02 000000 000004 01 00000000 00000001"),
      fromHex("04 000000 030000 09 01000000 aa"),
    ];
    for (let i = 1; i < 0x30000; i++) parts.push(Uint8Array.of(0xc4, i & 255));
    expect(survive(concat(parts), mulberry32(3))).toEqual({ error: undefined, messages: 1 });
  });
});
