import { describe, expect, test } from "bun:test";
import { type ResponseHead, writeResponseHead } from "../../../src/http/response-head.ts";

const date = "Sun, 06 Nov 1994 08:49:37 GMT";

function written(head: Partial<ResponseHead>): string[] {
  const bytes = writeResponseHead({
    status: 200,
    headers: {},
    date,
    body: 0,
    minorVersion: 1,
    keepAlive: true,
    ...head,
  });
  return new TextDecoder().decode(bytes).split("\r\n");
}

describe("An answer's head", () => {
  test("has status, date, headers in their order, and the body's length", () => {
    const headers = { "content-type": "text/plain", etag: 'W/"1"' };
    expect(written({ headers, body: 12 })).toEqual([
      "HTTP/1.1 200 OK",
      `Date: ${date}`,
      "content-type: text/plain",
      'etag: W/"1"',
      "Content-Length: 12",
      "",
      "",
    ]);
  });

  test.each([
    ["a body in chunks", { body: "chunked" }, ["Transfer-Encoding: chunked"]],
    ["a body up to the close", { body: "close" }, ["Connection: close"]],
    ["the last of a connection", { keepAlive: false }, ["Content-Length: 0", "Connection: close"]],
    ["one of HTTP/1.0 that goes on", { minorVersion: 0 }, ["Content-Length: 0", "Connection: keep-alive"]],
    ["one of HTTP/1.0 up to the close", { minorVersion: 0, body: "close" }, ["Connection: close"]],
    ["204", { status: 204, body: 0 }, []],
    ["304", { status: 304, body: "none" }, []],
    ["101", { status: 101, headers: { connection: "Upgrade" }, keepAlive: false }, ["connection: Upgrade"]],
  ] as const)("names how the body ends and whether the connection continues: %s", (_, head, lines) => {
    expect(written(head).slice(2, -2)).toEqual([...lines]);
  });

  test("of a status without a phrase ends its line with a space", () => {
    expect(written({ status: 499 })[0]).toBe("HTTP/1.1 499 ");
  });

  test.each([
    ["a line end in a value", { location: "/x\r\nSet-Cookie: a=b" }],
    ["LF in a value", { location: "/x\n" }],
    ["NUL in a value", { location: "/x\0" }],
    ["a letter outside of ASCII", { location: "/é" }],
    ["a colon in a name", { "a:b": "x" }],
    ["an empty name", { "": "x" }],
    ["a length of its own", { "content-length": "3" }],
    ["a coding of its own", { "transfer-encoding": "chunked" }],
    ["a Connection of its own", { connection: "close" }],
  ])("is not written with %s", (_, headers) => {
    expect(() => written({ headers })).toThrow("can't be sent");
  });

  test("of HTTP/1.0 announces no chunks", () => {
    expect(() => written({ minorVersion: 0, body: "chunked" })).toThrow("HTTP/1.0 has no chunks");
  });
});
