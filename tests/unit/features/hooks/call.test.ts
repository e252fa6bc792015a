import { expect, test } from "bun:test";
import type { HttpHandler } from "../../../../src/base/http.ts";
import { call } from "../../../../src/features/hooks/call.ts";
import { growth } from "../../../support/growth.ts";

test("The work for an answer grows with its size, even if it comes byte by byte", () => {
  const request = { url: "http://hooks.example/", body: new Uint8Array(), headers: {}, timeoutMs: 3000 };
  const results: string[] = [];
  const answer = (bytes: number) => {
    let handler: HttpHandler | undefined;
    const post = (_url: string, _content: unknown, given: HttpHandler) => {
      handler = given;
      return { ip: "", abort: () => undefined };
    };
    call(post, request, ({ kind }) => results.push(kind));
    handler?.onResponse(200, undefined, "");
    for (let count = 1; count < bytes; count++) handler?.onData(Uint8Array.of(0x20));
    handler?.onData(Uint8Array.of(0x30));
    handler?.onEnd(undefined);
  };
  expect(growth(answer, 65_536)).toBeLessThan(3);
  expect(new Set(results)).toEqual(new Set(["allowed"]));
});
