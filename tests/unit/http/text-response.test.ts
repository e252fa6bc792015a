import { expect, test } from "bun:test";
import { beginsLikeHttp, textResponse } from "../../../src/http/text-response.ts";

test("a whole answer of one line closes its connection", () => {
  const bytes = textResponse(400, "no, as I say", Date.UTC(2026, 0, 1), { allow: "GET" });
  expect(new TextDecoder().decode(bytes)).toBe(
    "HTTP/1.1 400 Bad Request\r\nDate: Thu, 01 Jan 2026 00:00:00 GMT\r\ncontent-type: text/plain; charset=utf-8\r\n" +
      "cache-control: no-store\r\nallow: GET\r\nContent-Length: 13\r\nConnection: close\r\n\r\nno, as I say\n",
  );
});

test("HTTP requests are distinguished from the beginning of other protocols", () => {
  const http = (text: string) => beginsLikeHttp(new TextEncoder().encode(text));
  expect(["GET /", "HEAD", "POST", "PUT", "PATCH", "O"].map(http)).toEqual(Array(6).fill(true));
  expect(["PROXY TCP4", "P", "\x03", "\x16\x03", ""].map(http)).toEqual(Array(5).fill(false));
});
