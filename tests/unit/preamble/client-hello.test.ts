import { describe, expect, test } from "bun:test";
import { ProtocolError } from "../../../src/base/errors.ts";
import { readClientHello } from "../../../src/preamble/client-hello.ts";
import { concat, fromHex } from "../../support/bytes.ts";
import { helloVectors } from "../../vectors/preamble.ts";

/** The same message in records of `size` bytes. */
function inRecords(hello: Uint8Array, size: number): Uint8Array {
  const parts: Uint8Array[] = [];
  for (let at = 5; at < hello.length; at += size) {
    const body = hello.subarray(at, at + size);
    parts.push(Uint8Array.of(0x16, 3, 1, body.length >> 8, body.length & 255), body);
  }
  return concat(parts);
}

describe("A ClientHello", () => {
  test.each(helloVectors)("names its host: $name", ({ hex, value }) => {
    expect(readClientHello(fromHex(hex))).toEqual(value);
  });

  test.each(helloVectors)("is waited for while a part of it is missing, however it is cut: $name", ({ hex, value }) => {
    for (const size of [16384, 100, 1]) {
      const bytes = inRecords(fromHex(hex), size);
      for (let length = 0; length < bytes.length; length++) {
        expect(readClientHello(bytes.subarray(0, length))).toBeUndefined();
      }
      expect(readClientHello(bytes)).toEqual(value);
    }
  });

  test("without extensions names no host", () => {
    const random = "07".repeat(32);
    expect(readClientHello(withLengths(fromHex(`1603010000010000000303${random}000002002f0100`)))).toEqual({
      serverName: undefined,
    });
  });
});

/** The record's and the message's length put right. */
function withLengths(bytes: Uint8Array): Uint8Array {
  const [record, message] = [bytes.length - 5, bytes.length - 9];
  bytes.set([record >> 8, record & 255], 3);
  bytes.set([0, message >> 8, message & 255], 6);
  return bytes;
}

describe("What is no ClientHello is refused", () => {
  const none = "no TLS ClientHello";
  const long = "TLS ClientHello is too long";
  const [first] = helloVectors;
  const hello = fromHex(first?.hex ?? "");
  test.each([
    ["RTMP", Uint8Array.of(3), none],
    ["a record of another version", fromHex("16000100c401"), none],
    ["an empty record", fromHex("160301000001"), none],
    ["another message", fromHex("160301000402000000"), none],
    ["a message of 16 MB", fromHex("160301000401ffffff"), long],
    ["a message longer than the limit", fromHex("160301000401004000"), long],
    [
      "thousands of records of one byte",
      concat([fromHex("160301000401003000"), ...Array.from({ length: 5500 }, () => fromHex("160301000100"))]),
      long,
    ],
    ["extensions longer than the message", withLengths(hello.slice(0, 60)), "TLS ClientHello ends too early"],
  ])("%s", (_, bytes, message) => {
    expect(() => readClientHello(bytes)).toThrow(ProtocolError);
    expect(() => readClientHello(bytes)).toThrow(message);
  });
});
