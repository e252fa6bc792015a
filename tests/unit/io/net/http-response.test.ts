import { describe, expect, test } from "bun:test";
import { ProtocolError } from "../../../../src/base/errors.ts";
import { HttpResponseReader } from "../../../../src/io/net/http-response.ts";
import { growth } from "../../../support/growth.ts";
import { between, mulberry32 } from "../../../support/random.ts";

const encode = (text: string) => new TextEncoder().encode(text.replaceAll("\n", "\r\n"));

/** What a reader tells of an answer that comes in these parts; a body's parts as one. */
function read(parts: readonly Uint8Array[], closed = true): string[] {
  const told: string[] = [];
  let body = "";
  const reader = new HttpResponseReader({
    onHead: ({ status, headers }) => told.push(`${status} ${[...headers.keys()].sort().join()}`),
    onBody: (bytes) => {
      body += new TextDecoder().decode(bytes);
    },
    onComplete: () => told.push("complete"),
  });
  for (const part of parts) reader.push(part);
  if (closed && !reader.end()) told.push("cut off");
  return body === "" ? told : [...told, body];
}

const answers: [string, string, string[]][] = [
  ["that ends with the connection", "HTTP/1.1 200 OK\nServer: x\n\nbody\n", ["200 server", "complete", "body\r\n"]],
  ["that has a length", "HTTP/1.1 200 OK\nContent-Length: 4\n\nbody", ["200 content-length", "complete", "body"]],
  ["that is empty", "HTTP/1.0 404 Not Found\nContent-Length: 0\n\n", ["404 content-length", "complete"]],
  ["without a reason or a body", "HTTP/1.1 204\n\n", ["204 ", "complete"]],
  [
    "in chunks",
    "HTTP/1.1 200 OK\nTransfer-Encoding: Chunked\n\n4;x=y\nbody\nA\n0123456789\n0\n\n",
    ["200 transfer-encoding", "complete", "body0123456789"],
  ],
  [
    "in chunks, with something behind them",
    "HTTP/1.1 200 OK\nTransfer-Encoding: chunked\n\n4\nbody\n0\nExpires: 0\nX: y\n\nmore",
    ["200 transfer-encoding", "complete", "body"],
  ],
  [
    "after an interim one",
    "HTTP/1.1 103 Early\nA: b\n\nHTTP/1.1 302 Found\nLocation: /x\n\n",
    ["302 location", "complete"],
  ],
];

test("After an answer that switches protocols, all bytes belong to the other protocol", () => {
  const text = "HTTP/1.1 101 Switching Protocols\nUpgrade: websocket\nConnection: Upgrade\n\n4\nbody\n0\n\n";
  const told = ["101 connection,upgrade", "complete", "4\r\nbody\r\n0\r\n\r\n"];
  expect(read([encode(text)])).toEqual(told);
  expect(read([...encode(text)].map((byte) => Uint8Array.of(byte)))).toEqual(told);
});

describe("An answer", () => {
  test.each(answers)("%s is read the same, however it is cut", (_what, text, told) => {
    const bytes = encode(text);
    expect(read([bytes])).toEqual(told);
    expect(read([...bytes].map((byte) => Uint8Array.of(byte)))).toEqual(told);
    const random = mulberry32(7);
    for (let round = 0; round < 50; round++) {
      const parts: Uint8Array[] = [];
      for (let at = 0; at < bytes.length; ) {
        const length = between(random, 1, 12);
        parts.push(bytes.slice(at, at + length));
        at += length;
      }
      expect(read(parts)).toEqual(told);
    }
  });

  test("with bare line feeds is read too", () => {
    expect(read([new TextEncoder().encode("HTTP/1.1 200 OK\nContent-Length: 2\n\nok")])).toEqual([
      "200 content-length",
      "complete",
      "ok",
    ]);
  });

  test.each([
    ["nothing", ""],
    ["a part of its head", "HTTP/1.1 200 OK\n"],
    ["less than its length", "HTTP/1.1 200 OK\nContent-Length: 5\n\nbody"],
    ["a part of a chunk", "HTTP/1.1 200 OK\nTransfer-Encoding: chunked\n\n5\nbody"],
    ["no last chunk", "HTTP/1.1 200 OK\nTransfer-Encoding: chunked\n\n4\nbody\n"],
  ])("of which there is only %s when the connection closes counts as cut off", (_what, text) => {
    expect(read([encode(text)])).toContain("cut off");
  });

  test.each([
    ["another protocol", "SSH-2.0-OpenSSH\n\n"],
    ["HTTP/2", "HTTP/2 200\n\n"],
    ["a length that is none", "HTTP/1.1 200 OK\nContent-Length: -1\n\n"],
    ["a coding that is not known", "HTTP/1.1 200 OK\nTransfer-Encoding: gzip, chunked\n\n"],
    ["a chunk without a length", "HTTP/1.1 200 OK\nTransfer-Encoding: chunked\n\nbody\n"],
    ["a chunk longer than it says", "HTTP/1.1 200 OK\nTransfer-Encoding: chunked\n\n2\nbody\n"],
    ["a head without an end", `HTTP/1.1 200 OK\n${"X: y\n".repeat(10_000)}`],
    ["interim answers without an end", "HTTP/1.1 100 Continue\n\n".repeat(100)],
    ["a line without an end", `HTTP/1.1 200 OK\nTransfer-Encoding: chunked\n\n${"0".repeat(2000)}`],
  ])("with %s breaks the protocol", (_what, text) => {
    expect(() => read([encode(text)])).toThrow(ProtocolError);
  });

  test("that is stopped in the middle reports nothing more", () => {
    const told: string[] = [];
    const reader = new HttpResponseReader({
      onHead() {},
      onBody: (bytes) => {
        told.push(new TextDecoder().decode(bytes));
        reader.stop();
      },
      onComplete: () => told.push("complete"),
    });
    reader.push(encode("HTTP/1.1 200 OK\nTransfer-Encoding: chunked\n\n1\na\n1\nb\n0\n\n"));
    expect([told, reader.end()]).toEqual([["a"], true]);
  });
});

test("The work for a head grows with its size, even if it consists of thousands of lines", () => {
  const ignored = { onHead: () => undefined, onBody: () => undefined, onComplete: () => undefined };
  const read = (lines: number) => {
    const head = new TextEncoder().encode(`HTTP/1.1 103 Early Hints\r\n${"a\n".repeat(lines)}\n`);
    const reader = new HttpResponseReader(ignored);
    for (let count = 0; count < 8; count++) reader.push(head);
  };
  expect(growth(read, 16_000)).toBeLessThan(3);
});
