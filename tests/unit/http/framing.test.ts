import { describe, expect, test } from "bun:test";
import fc from "fast-check";
import { framed, framedEnd, framingOf } from "../../../src/http/framing.ts";
import {
  closeFrame,
  frameHeaderSize,
  pingFrame,
  pongFrame,
  writeFrameHeader,
} from "../../../src/http/websocket-frame.ts";
import { HttpResponseReader } from "../../../src/io/net/http-response.ts";
import { concat, toHex } from "../../support/bytes.ts";
import { latin1 } from "../../support/http.ts";

const text = (bytes: Uint8Array) => new TextDecoder().decode(bytes);
const filled = (length: number) => new Uint8Array(length).fill(0x61);

describe("A live body's bytes", () => {
  test("are chunks, each with its size in hexadecimal digits", () => {
    expect(text(framed("chunked", latin1("Wiki")))).toBe("4\r\nWiki\r\n");
    for (const [length, digits] of [
      [15, "f"],
      [16, "10"],
      [255, "ff"],
      [256, "100"],
      [0xabcde, "abcde"],
    ] as const) {
      const chunk = framed("chunked", filled(length));
      expect(text(chunk.subarray(0, digits.length + 2))).toBe(`${digits}\r\n`);
      expect([chunk.length, chunk.buffer.byteLength]).toEqual([length + digits.length + 4, chunk.length]);
    }
    expect(text(framedEnd("chunked"))).toBe("0\r\n\r\n");
  });

  // Source: RFC 6455, 5.7, the unmasked binary messages.
  test("are binary WebSocket frames, with the shortest length", () => {
    for (const [length, header] of [
      [1, "8201"],
      [125, "827d"],
      [126, "827e007e"],
      [256, "827e0100"],
      [65535, "827effff"],
      [65536, "827f0000000000010000"],
    ] as const) {
      const frame = framed("websocket", filled(length));
      expect(toHex(frame.subarray(0, frame.length - length))).toBe(header);
      expect(frame.subarray(-length)).toEqual(filled(length));
      expect(frame.buffer.byteLength).toBe(frame.length);
    }
    expect(toHex(framedEnd("websocket", "over"))).toBe("880603e86f766572");
  });

  test("may be longer than 4 GiB in a WebSocket frame", () => {
    const header = new Uint8Array(10);
    expect([frameHeaderSize(0x2_0000_0003), writeFrameHeader(header, 0, 2, 0x2_0000_0003)]).toEqual([10, 10]);
    expect(toHex(header)).toBe("827f0000000200000003");
  });

  test("without framing are the same array, and have no end of their own", () => {
    const bytes = latin1("x");
    expect(framed("none", bytes)).toBe(bytes);
    expect(framedEnd("none")).toHaveLength(0);
  });

  test("make no chunk while there are none, as that would end the body, and no frame", () => {
    expect(framed("chunked", new Uint8Array(0))).toHaveLength(0);
    expect(framed("websocket", new Uint8Array(0))).toHaveLength(0);
  });

  test("are the same after they are read from their chunks", () => {
    const property = fc.property(fc.array(fc.uint8Array({ maxLength: 300 }), { maxLength: 8 }), (parts) => {
      const body: Uint8Array[] = [];
      let complete = false;
      const reader = new HttpResponseReader({
        onHead() {},
        onBody: (bytes) => body.push(bytes),
        onComplete: () => {
          complete = true;
        },
      });
      reader.push(latin1("HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n"));
      for (const part of parts) reader.push(framed("chunked", part));
      expect(complete).toBe(false);
      reader.push(framedEnd("chunked"));
      expect(complete).toBe(true);
      expect(toHex(concat(body))).toBe(toHex(concat(parts)));
    });
    fc.assert(property, { seed: 71, numRuns: 100 });
  });

  test("are framed as the request allows", () => {
    expect(framingOf({ webSocket: false, minorVersion: 1 })).toBe("chunked");
    expect(framingOf({ webSocket: false, minorVersion: 0 })).toBe("none");
    expect(framingOf({ webSocket: true, minorVersion: 1 })).toBe("websocket");
  });
});

describe("A control frame", () => {
  test("of a pong and a ping has their payload", () => {
    expect(toHex(pongFrame(latin1("Hello")))).toBe("8a0548656c6c6f");
    expect(toHex(pingFrame(latin1("Hello")))).toBe("890548656c6c6f");
    expect(() => pingFrame(filled(126))).toThrow("126 bytes");
  });

  test("of a close has a code and a reason that fits, or none of them", () => {
    expect(toHex(closeFrame())).toBe("8800");
    expect(toHex(closeFrame(1002, "é"))).toBe("880403eac3a9");
    const long = closeFrame(1008, "é".repeat(100));
    expect([long.length, long[1]]).toEqual([2 + 124, 124]);
  });
});
