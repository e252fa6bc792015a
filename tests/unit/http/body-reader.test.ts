import { describe, expect, test } from "bun:test";
import { BodyReader } from "../../../src/http/body-reader.ts";
import { RequestHeadReader } from "../../../src/http/head-reader.ts";
import { latin1, readFirst } from "../../support/http.ts";

const head = (line: string, ...fields: string[]) => latin1(`${[line, "Host: a", ...fields].join("\r\n")}\r\n\r\n`);
const read = (bytes: Uint8Array, maxBodyBytes = 10) => readFirst([bytes], new RequestHeadReader(false, maxBodyBytes));

/** The status of a refusal, or the method and length of a request. */
function outcome(line: string, fields: readonly string[], maxBodyBytes?: number): string {
  const first = read(head(line, ...fields), maxBodyBytes);
  if (first.kind === "refused") return String(first.refusal.status);
  return first.kind === "head" ? `${first.head.method} ${first.head.bodyBytes}` : "more";
}

describe("A server that accepts bodies", () => {
  test.each([
    ["POST / HTTP/1.1", ["Content-Length: 10"], "POST 10"],
    ["DELETE / HTTP/1.1", [], "DELETE 0"],
    ["PUT / HTTP/1.0", ["Content-Length: 3"], "PUT 3"],
    ["GET / HTTP/1.1", ["Content-Length: 1"], "GET 1"],
    ["POST / HTTP/1.1", ["Content-Length: 11"], "413"],
    ["POST / HTTP/1.1", ["Content-Length: 99999999999999999999"], "413"],
    ["POST / HTTP/1.1", ["Content-Length: +1"], "400"],
    ["POST / HTTP/1.1", ["Content-Length: 1", "Content-Length: 1"], "400"],
    ["POST / HTTP/1.1", ["Content-Length: 1", "Transfer-Encoding: chunked"], "400"],
    ["POST / HTTP/1.1", ["Transfer-Encoding: chunked"], "411"],
    ["PATCH / HTTP/1.1", [], "405"],
    ["BREW / HTTP/1.1", [], "501"],
  ] as const)("answers %s with %p: %s", (line, fields, expected) => {
    expect(outcome(line, fields)).toBe(expected);
  });

  test.each([
    ["POST / HTTP/1.1", [], "405"],
    ["DELETE / HTTP/1.1", [], "405"],
    ["GET / HTTP/1.1", ["Content-Length: 1"], "413"],
    ["GET / HTTP/1.1", ["Content-Length: 0"], "GET 0"],
  ] as const)("differs from one for viewers: %s %p is %s there", (line, fields, expected) => {
    expect(outcome(line, fields, 0)).toBe(expected);
  });
});

test("A body is complete after its length, however it comes, and what follows is another request", () => {
  const first = read(head("POST / HTTP/1.1", "Content-Length: 5", "Expect: 100-continue"));
  if (first.kind !== "head") throw new Error(first.kind);
  const reader = new BodyReader(first.head);
  expect([reader.waitsForContinue, reader.heldBytes, reader.whole]).toEqual([true, 5, false]);
  expect(reader.push(latin1("xxab"), 2)).toBe(4);
  expect(reader.whole).toBe(false);
  expect(reader.push(latin1("cdeGET"), 0)).toBe(3);
  expect([reader.whole, new TextDecoder().decode(reader.request.body)]).toEqual([true, "abcde"]);
});
