import { describe, expect, test } from "bun:test";
import { ProtocolError } from "../../../../src/base/errors.ts";
import { framed } from "../../../../src/http/framing.ts";
import { closeFrame, maskedControlFrame, Opcode, pingFrame } from "../../../../src/http/websocket-frame.ts";
import { WebSocketFrames } from "../../../../src/loadgen/http/websocket-frames.ts";
import { concat, fragments, fromHex, toHex } from "../../../support/bytes.ts";
import { mulberry32, randomBytes } from "../../../support/random.ts";
import { readFrames } from "../../../support/websocket.ts";

const bytes = (text: string) => new TextEncoder().encode(text);

/** What a server says: its data as one, and its control frames. */
function read(pieces: Iterable<Uint8Array>): { data: string; events: string[] } {
  const data: Uint8Array[] = [];
  const events: string[] = [];
  const frames = new WebSocketFrames({
    data: (part) => data.push(part.slice()),
    ping: (payload) => events.push(`ping ${new TextDecoder().decode(payload)}`),
    closed: (code, reason) => events.push(`closed ${code} ${reason}`),
  });
  for (const piece of pieces) frames.push(piece);
  return { data: toHex(concat(data)), events };
}

test("data and control frames are read, however they are cut, and nothing after a close", () => {
  const random = mulberry32(3);
  const parts = [0, 1, 125, 126, 70_000].map((length) => randomBytes(random, length));
  const stream = concat([
    ...parts.map((part) => framed("websocket", part)),
    pingFrame(bytes("there?")),
    fromHex("8a00 0200 8000"),
    framed("websocket", bytes("end")),
    closeFrame(1001, "going"),
    framed("websocket", bytes("more")),
  ]);
  const expected = { data: toHex(concat([...parts, bytes("end")])), events: ["ping there?", "closed 1001 going"] };
  expect(read([stream])).toEqual(expected);
  for (let round = 0; round < 10; round++) expect(read(fragments(stream, random, 5000))).toEqual(expected);
  expect(read([closeFrame()]).events).toEqual(["closed 1005 "]);
});

describe("a server breaks the protocol with", () => {
  test.each([
    ["a masked frame", "8285 37fa213d 7f9f4d5158"],
    ["text", "8105 48656c6c6f"],
    ["an extension", "c200"],
    ["an opcode that is not known", "8300"],
    ["a control frame that is too long", "897e 0100"],
  ])("%s", (_, hex) => expect(() => read([fromHex(hex)])).toThrow(ProtocolError));
});

test("a client's control frames are masked, so that a server takes them", () => {
  const mask = fromHex("37fa213d");
  const pong = maskedControlFrame(Opcode.Pong, bytes("there"), mask);
  expect(toHex(pong.subarray(0, 6))).toBe("8a8537fa213d");
  const close = maskedControlFrame(Opcode.Close, Uint8Array.of(3, 0xe9), mask);
  expect(readFrames([pong, close])).toEqual(["pong there", "close clean 1001 "]);
});
