import { describe, expect, test } from "bun:test";
import { ProtocolError } from "../../../src/base/errors.ts";
import { ClientHandshake, type ClientHandshakeOptions } from "../../../src/rtmp/handshake-client.ts";
import { clientKey, findDigest } from "../../../src/rtmp/handshake-digest.ts";
import { ServerHandshake } from "../../../src/rtmp/handshake-server.ts";
import { concat, fragments, toHex } from "../../support/bytes.ts";
import { packet, pattern } from "../../support/handshake.ts";
import { filler, mulberry32, randomBytes } from "../../support/random.ts";
import { digestVectors } from "../../vectors/handshake.ts";

const options: ClientHandshakeOptions = { random: pattern, timeMs: 12345 };
const S0 = Uint8Array.of(3);

describe("ClientHandshake", () => {
  test("starts with a digest in schema 1, as in the vector", () => {
    const c0c1 = new ClientHandshake(options).start();
    expect(c0c1.length).toBe(1537);
    expect(c0c1[0]).toBe(3);
    expect(toHex(c0c1.subarray(1))).toBe(toHex(packet("client", 0x80000702, 1)));
  });

  for (const { name, value, answerHex } of digestVectors.filter(({ value }) => value.side === "server")) {
    test(`signs C2 for a server's digest in either schema: ${name}`, () => {
      const handshake = new ClientHandshake(options);
      handshake.start();
      const { send, rest } = handshake.push(concat([S0, packet("server", value.version, value.schema)]));
      expect(toHex(send?.subarray(1504) ?? S0)).toBe(answerHex);
      expect(rest).toBeUndefined();
      expect(handshake.digest).toBe(true);
    });
  }

  test("sends a copy of S1 as C2 to a server without digest, on the same connection", () => {
    const handshake = new ClientHandshake(options);
    handshake.start();
    const s1 = randomBytes(mulberry32(3), 1536);
    const { send } = handshake.push(concat([S0, s1]));
    expect(toHex(send ?? S0)).toBe(toHex(s1));
    expect(handshake.digest).toBe(false);
    expect(handshake.push(new Uint8Array(1536)).rest?.length).toBe(0);
    expect(handshake.done).toBe(true);
  });

  test("does the simple handshake if that is chosen, whatever the server's S1", () => {
    const handshake = new ClientHandshake({ ...options, simple: true });
    const c1 = handshake.start().subarray(1);
    expect(toHex(c1.subarray(0, 8))).toBe("0000303900000000");
    expect(findDigest(c1, clientKey)).toBeUndefined();
    const s1 = packet("server", 0x01000504, 1);
    expect(toHex(handshake.push(concat([S0, s1])).send ?? S0)).toBe(toHex(s1));
    expect(handshake.digest).toBe(false);
  });

  test("refuses a server whose first byte is not 3", () => {
    const start = () => {
      const handshake = new ClientHandshake(options);
      handshake.start();
      return handshake;
    };
    expect(() => start().push(Uint8Array.of(0x48))).toThrow(
      new ProtocolError("the handshake begins with 0x48 instead of 0x03: this is HTTP, not RTMP"),
    );
    expect(() => start().push(Uint8Array.of(0x15))).toThrow(
      new ProtocolError("the handshake begins with 0x15 instead of 0x03: this is TLS, not plain RTMP"),
    );
  });

  /** Feeds a handshake in pieces; what it sends, and what it gives back. */
  function feed(to: ClientHandshake | ServerHandshake, bytes: Uint8Array, random: () => number) {
    const sent: Uint8Array[] = [];
    const rest: Uint8Array[] = [];
    for (const piece of fragments(bytes, random, 700)) {
      const step = to.push(piece);
      if (step.send) sent.push(step.send);
      if (step.rest) rest.push(step.rest.slice());
    }
    return { sent: concat(sent), rest: concat(rest) };
  }

  test("completes with ServerHandshake in any fragmentation, simple or not, and both return the bytes that follow", () => {
    const trailer = Uint8Array.of(1, 2, 3);
    for (let seed = 0; seed < 60; seed++) {
      const random = mulberry32(seed);
      const simple = seed % 2 === 0;
      const client = new ClientHandshake({ random: filler(random), timeMs: 5, simple });
      const server = new ServerHandshake({ random: filler(random), timeMs: 9 });
      const { sent: s0s1s2 } = feed(server, client.start(), random);
      const atClient = feed(client, concat([s0s1s2, trailer]), random);
      const atServer = feed(server, concat([atClient.sent, trailer]), random);
      expect([client.digest, server.digest]).toEqual([!simple, !simple]);
      expect(atClient.rest).toEqual(trailer);
      expect(atServer.rest).toEqual(trailer);
    }
  });
});
