import { expect, test } from "bun:test";
import { isContentRequest } from "../../../src/http/request.ts";
import { latin1, readFirst } from "../../support/http.ts";

test("routes answer requests for content, and never OPTIONS", () => {
  const taken = ["GET", "HEAD", "OPTIONS"].map((method) => {
    const first = readFirst([latin1(`${method} / HTTP/1.0\r\n\r\n`)]);
    return first.kind === "head" && isContentRequest(first.head);
  });
  expect(taken).toEqual([true, true, false]);
});
