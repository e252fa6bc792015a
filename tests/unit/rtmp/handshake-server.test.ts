import { describe, expect, test } from "bun:test";
import { ProtocolError } from "../../../src/base/errors.ts";
import { findDigest, serverKey } from "../../../src/rtmp/handshake-digest.ts";
import { ServerHandshake } from "../../../src/rtmp/handshake-server.ts";
import { concat, fragments, toHex } from "../../support/bytes.ts";
import { packet, pattern } from "../../support/handshake.ts";
import { filler, mulberry32, randomBytes } from "../../support/random.ts";
import { digestVectors } from "../../vectors/handshake.ts";

const options = { random: pattern, timeMs: 12345 };
const C0 = Uint8Array.of(3);

function answerTo(c1: Uint8Array): { handshake: ServerHandshake; reply: Uint8Array; s1: Uint8Array; s2: Uint8Array } {
  const handshake = new ServerHandshake(options);
  const { send, rest } = handshake.push(concat([C0, c1]));
  expect(rest).toBeUndefined();
  const reply = send ?? new Uint8Array();
  return { handshake, reply, s1: reply.subarray(1, 1537), s2: reply.subarray(1537) };
}

describe("ServerHandshake", () => {
  test("answers a C1 without digest with its exact copy in S2, and with both times in S1", () => {
    const c1 = packet("client", 0);
    const { handshake, reply, s1, s2 } = answerTo(c1);
    expect(reply.length).toBe(3073);
    expect(reply[0]).toBe(3);
    expect(toHex(s2)).toBe(toHex(c1));
    expect(toHex(s1.subarray(0, 8))).toBe("0000303900003039");
    expect(handshake.digest).toBe(false);
    expect(handshake.done).toBe(false);
  });

  for (const { name, value, answerHex } of digestVectors.filter(({ value }) => value.side === "client")) {
    test(`answers in the client's schema, with the digest and signature of the vectors: ${name}`, () => {
      const { handshake, reply, s1, s2 } = answerTo(packet("client", value.version, value.schema));
      const expected = digestVectors.find((v) => v.value.side === "server" && v.value.schema === value.schema);
      const found = findDigest(s1, serverKey);
      expect(reply.length).toBe(3073);
      expect(found?.schema).toBe(value.schema);
      expect(toHex(found?.digest ?? s1)).toBe(expected?.hex ?? "");
      expect(toHex(s2.subarray(1504))).toBe(answerHex);
      expect(handshake.digest).toBe(true);
    });
  }

  test("accepts any C2 and returns the bytes after it in the same push", () => {
    const { handshake } = answerTo(packet("client", 0));
    const random = mulberry32(1);
    expect(handshake.push(randomBytes(random, 1000))).toEqual({ send: undefined, rest: undefined });
    const { send, rest } = handshake.push(randomBytes(random, 540));
    expect(send).toBeUndefined();
    expect(rest?.length).toBe(4);
    expect(handshake.done).toBe(true);
    expect(handshake.push(Uint8Array.of(1, 2)).rest).toEqual(Uint8Array.of(1, 2));
  });

  test("ends with an empty rest when C2 ends the push", () => {
    const { handshake } = answerTo(packet("client", 0));
    expect(handshake.push(new Uint8Array(1536)).rest?.length).toBe(0);
  });

  test("serves a client that sends all at once without waiting for S1", () => {
    const handshake = new ServerHandshake(options);
    const { send, rest } = handshake.push(
      concat([C0, packet("client", 0x80000702, 1), new Uint8Array(1536), Uint8Array.of(9, 8, 7)]),
    );
    expect(send?.length).toBe(3073);
    expect(rest).toEqual(Uint8Array.of(9, 8, 7));
  });

  test("serves clients in any fragmentation", () => {
    const random = mulberry32(7);
    const input = concat([C0, packet("client", 0x80000702, 0), randomBytes(random, 1536), randomBytes(random, 50)]);
    for (let round = 0; round < 60; round++) {
      const handshake = new ServerHandshake({ random: filler(mulberry32(round)), timeMs: 1 });
      const sent: Uint8Array[] = [];
      const rest: Uint8Array[] = [];
      for (const piece of fragments(input, random, round % 3 === 0 ? 3 : 2000)) {
        const step = handshake.push(piece);
        if (step.send) sent.push(step.send);
        if (step.rest) rest.push(step.rest.slice());
      }
      expect(sent.map((bytes) => bytes.length)).toEqual([3073]);
      expect(toHex(concat(rest))).toBe(toHex(input.subarray(3073)));
    }
  });

  const refused: [number, string][] = [
    [0x00, "the handshake begins with 0x00 instead of 0x03"],
    [0xf3, "the handshake begins with 0xf3 instead of 0x03"],
    [0x16, "the handshake begins with 0x16 instead of 0x03: this is TLS, not plain RTMP"],
    [0x47, "the handshake begins with 0x47 instead of 0x03: this is HTTP, not RTMP"],
    [
      0x50,
      "the handshake begins with 0x50 instead of 0x03: this is HTTP or the PROXY protocol (see proxy_protocol.listen), not RTMP",
    ],
    [
      0x0d,
      "the handshake begins with 0x0d instead of 0x03: this is the PROXY protocol, not RTMP; proxy_protocol.listen names the ports that take it",
    ],
    [0x06, "the handshake begins with 0x06 instead of 0x03: RTMPE (encrypted RTMP) is not supported"],
  ];
  for (const [byte, message] of refused) {
    test(`refuses the first byte 0x${byte.toString(16)} before more has arrived`, () => {
      expect(() => new ServerHandshake(options).push(Uint8Array.of(byte))).toThrow(new ProtocolError(message));
    });
  }
});
