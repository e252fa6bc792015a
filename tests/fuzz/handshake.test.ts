import { describe, expect, test } from "bun:test";
import { ProtocolError } from "../../src/base/errors.ts";
import { ClientHandshake } from "../../src/rtmp/handshake-client.ts";
import { ServerHandshake } from "../../src/rtmp/handshake-server.ts";
import type { HandshakeStep } from "../../src/rtmp/handshake-step.ts";
import { concat, fragments } from "../support/bytes.ts";
import { packet } from "../support/handshake.ts";
import { mutate } from "../support/mutate.ts";
import { between, filler, mulberry32, pick, randomBytes } from "../support/random.ts";

interface Handshake {
  push(bytes: Uint8Array): HandshakeStep;
  readonly done: boolean;
}

/** Feeds bytes in pieces: what is not used comes back, the answer is sent once, and nothing but ProtocolError is thrown. */
function survive(handshake: Handshake, bytes: Uint8Array, answerLength: number, random: () => number): void {
  let sent = 0;
  let rest = 0;
  try {
    for (const piece of fragments(bytes, random, pick(random, [1, 500, 5000]))) {
      const step = handshake.push(piece);
      sent += step.send?.length ?? 0;
      rest += step.rest?.length ?? 0;
    }
  } catch (error) {
    if (!(error instanceof ProtocolError)) throw error;
    expect(bytes[0]).not.toBe(3);
    return;
  }
  expect(sent).toBe(bytes.length >= 1537 ? answerLength : 0);
  expect(handshake.done).toBe(bytes.length >= 3073);
  expect(rest).toBe(Math.max(0, bytes.length - 3073));
}

describe("handshakes with hostile input", () => {
  test("the server's handshake accepts or refuses damaged and random clients", () => {
    for (let seed = 0; seed < 800; seed++) {
      const random = mulberry32(seed);
      const c1 = packet("client", pick(random, [0, 0x80000702]), pick(random, [0, 1, undefined]));
      const good = concat([Uint8Array.of(3), c1, randomBytes(random, 1536 + between(random, 0, 50))]);
      const bytes = seed % 4 === 0 ? randomBytes(random, between(random, 1, 4000)) : mutate(random, good);
      if (seed % 8 === 0) bytes[0] = 3;
      survive(new ServerHandshake({ random: filler(random), timeMs: seed }), bytes, 3073, random);
    }
  });

  test("the client's handshake accepts or refuses damaged and random servers", () => {
    for (let seed = 0; seed < 800; seed++) {
      const random = mulberry32(seed);
      const s1 = packet("server", 0x01000504, pick(random, [0, 1, undefined]));
      const good = concat([Uint8Array.of(3), s1, randomBytes(random, 1536 + between(random, 0, 50))]);
      const bytes = seed % 4 === 0 ? randomBytes(random, between(random, 1, 4000)) : mutate(random, good);
      if (seed % 8 === 0) bytes[0] = 3;
      const handshake = new ClientHandshake({ random: filler(random), timeMs: seed, simple: random() < 0.3 });
      handshake.start();
      survive(handshake, bytes, 1536, random);
    }
  });
});
