import { describe, expect, test } from "bun:test";
import fc from "fast-check";
import { classify } from "../../../src/media/classify.ts";
import { codecName, headerKey } from "../../../src/media/codec.ts";
import { PacketFlag, PacketKind } from "../../../src/media/packet.ts";
import { fromHex } from "../../support/bytes.ts";
import { enhancedVectors, legacyVectors, multitrackVectors } from "../../vectors/media.ts";

const SEED = 0x0e2b;
const vectors = [...legacyVectors, ...enhancedVectors, ...multitrackVectors];
const { Key, SequenceHeader, SequenceEnd, Config, Disposable } = PacketFlag;
const kinds = [PacketKind.Audio, PacketKind.Video, PacketKind.Data];

describe("classify", () => {
  test.each(vectors)("$name", ({ kind, hex, flags, track }) => {
    const found = classify(kind, fromHex(hex));
    expect({ flags: found & 0xff, track: found >>> 8 }).toEqual({ flags, track });
  });

  test("finds nothing in an empty payload or in data", () => {
    for (const kind of kinds) expect(classify(kind, new Uint8Array(0))).toBe(0);
    expect(classify(PacketKind.Data, fromHex("17 00 000000"))).toBe(0);
  });

  test("finds the lowest of all 256 tracks", () => {
    const tracks = Array.from({ length: 256 }, (_, i) => `${(255 - i).toString(16).padStart(2, "0")} 000001 aa`);
    expect(classify(PacketKind.Video, fromHex(`96 11 61766331 ${tracks.join(" ")}`))).toBe(Key);
  });

  test("reads at most 256 tracks of a hostile message", () => {
    const lower = `${"01 000000".repeat(256)} 00 000000`;
    expect(classify(PacketKind.Video, fromHex(`96 11 61766331 ${lower}`)) >>> 8).toBe(1);
  });
});

describe("codecName", () => {
  test.each(vectors)("$name is $codec", ({ kind, hex, codec }) => {
    expect(codecName(kind, fromHex(hex))).toBe(codec);
  });

  test("is empty for data and for nothing", () => {
    expect(codecName(PacketKind.Data, fromHex("02"))).toBe("");
    expect(codecName(PacketKind.Video, new Uint8Array(0))).toBe("");
  });
});

describe("headerKey", () => {
  test.each(vectors.filter(({ slot }) => slot !== undefined))("$name takes $slot", ({ kind, hex, slot }) => {
    expect<string | undefined>(headerKey(kind, fromHex(hex))).toBe(slot);
  });
});

describe("any payload at all", () => {
  const seeds = vectors.map(({ hex }) => fromHex(hex));
  const broken = fc
    .tuple(fc.nat(seeds.length - 1), fc.nat(40), fc.uint8Array({ maxLength: 3 }), fc.nat(400))
    .map(([seed, at, bytes, length]) => {
      const payload = seeds[seed]?.slice() ?? new Uint8Array(0);
      bytes.forEach((byte, i) => {
        if (at + i < payload.length) payload[at + i] = byte;
      });
      return payload.subarray(0, length);
    });
  const anything = fc.oneof(fc.uint8Array({ maxLength: 64 }), broken);

  test("has one class at most, and audio is never a key frame", () => {
    fc.assert(
      fc.property(fc.constantFrom(...kinds), anything, (kind, payload) => {
        const found = classify(kind, payload);
        expect(found >>> 8).toBeLessThan(256);
        expect([0, Key, SequenceHeader, SequenceEnd, Config, Disposable]).toContain(found & 0xff);
        if (kind === PacketKind.Audio) expect(found & (Key | Disposable)).toBe(0);
        if (kind === PacketKind.Data) expect(found).toBe(0);
      }),
      { seed: SEED, numRuns: 1500 },
    );
  });

  test("has a name that fits in a log line and a slot that begins with its lowest track", () => {
    fc.assert(
      fc.property(fc.constantFrom(PacketKind.Audio, PacketKind.Video), anything, (kind, payload) => {
        expect(codecName(kind, payload)).toMatch(/^[ -~]*$/);
        const found = classify(kind, payload);
        if ((found & (SequenceHeader | Config)) === 0) return;
        const letter = kind === PacketKind.Audio ? "a" : "v";
        const config = (found & Config) === 0 ? "" : "/config";
        expect(headerKey(kind, payload)).toMatch(new RegExp(`^${letter}${found >>> 8}(,\\d+)*${config}$`));
      }),
      { seed: SEED, numRuns: 1500 },
    );
  });
});
