import { expect, test } from "bun:test";
import { beginsLikeHttp, textResponse } from "../../../src/http/text-response.ts";

test("a whole answer of one line closes its connection", () => {
  const bytes = textResponse(400, "no, as I say", Date.UTC(2026, 0, 1), { allow: "GET" });
  expect(new TextDecoder().decode(bytes)).toBe(
    "HTTP/1.1 400 Bad Request\r\nDate: Thu, 01 Jan 2026 00:00:00 GMT\r\ncontent-type: text/plain; charset=utf-8\r\n" +
      "cache-control: no-store\r\nallow: GET\r\nContent-Length: 13\r\nConnection: close\r\n\r\nno, as I say\n",
  );
});

test("no byte that RTMP or TLS begins with looks like HTTP", () => {
  const firsts = Array.from({ length: 256 }, (_, byte) => byte).filter(beginsLikeHttp);
  expect(String.fromCharCode(...firsts)).toBe("GHOP");
  expect(beginsLikeHttp(undefined)).toBe(false);
});
