import { describe, expect, test } from "bun:test";
import fc from "fast-check";
import { ProtocolError } from "../../../src/base/errors.ts";
import { readData } from "../../../src/media/data.ts";
import { concat, fromHex, toHex } from "../../support/bytes.ts";
import { dataVectors } from "../../vectors/data.ts";

describe("readData", () => {
  test.each(dataVectors)("$name", ({ hex, amf3 = false, read, body }) => {
    const payload = fromHex(hex);
    const message = readData(payload, amf3);
    if (read === undefined) {
      expect(message).toBeUndefined();
      return;
    }
    expect(message).toMatchObject(read);
    if (body === undefined) expect(message?.body).toBe(payload);
    else expect(toHex(message?.body ?? payload)).toBe(toHex(fromHex(body)));
    if (read.action !== "metadata") expect(message?.values).toEqual([]);
  });

  test("copies data that it changes, exactly sized", () => {
    const vector = dataVectors.find(({ name }) => name === "onTextData behind @setDataFrame");
    const body = readData(fromHex(vector?.hex ?? ""), false)?.body;
    expect(body?.buffer.byteLength).toBe(body?.length);
  });

  test("refuses metadata that can't be decoded", () => {
    expect(() => readData(fromHex("02000a6f6e4d65746144617461 04"), false)).toThrow(ProtocolError);
  });

  test("refuses metadata of more than 4 MiB unread, and passes other data of that size", () => {
    const named = (name: string) =>
      concat([fromHex("02000a"), new TextEncoder().encode(name), new Uint8Array(4 << 20)]);
    expect(() => readData(named("onMetaData"), false)).toThrow("metadata has 4194317 bytes, 4194304 allowed");
    expect(readData(named("onTextData"), false)).toMatchObject({ action: "pass" });
  });

  test("throws nothing but ProtocolError for any data", () => {
    const seeds = dataVectors.map(({ hex }) => fromHex(hex));
    const broken = fc
      .tuple(fc.nat(seeds.length - 1), fc.nat(60), fc.nat(255), fc.nat(300))
      .map(([seed, at, byte, length]) => {
        const payload = seeds[seed]?.slice(0, length) ?? new Uint8Array(0);
        if (at < payload.length) payload[at] = byte;
        return payload;
      });
    fc.assert(
      fc.property(fc.oneof(fc.uint8Array({ maxLength: 40 }), broken), fc.boolean(), (payload, amf3) => {
        try {
          readData(payload, amf3);
        } catch (error) {
          expect(error).toBeInstanceOf(ProtocolError);
        }
      }),
      { seed: 18, numRuns: 3000 },
    );
  });
});
