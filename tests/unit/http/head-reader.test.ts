import { describe, expect, test } from "bun:test";
import fc from "fast-check";
import { RequestHeadReader } from "../../../src/http/head-reader.ts";
import { httpLimits } from "../../../src/http/limits.ts";
import { concat, fragments } from "../../support/bytes.ts";
import { headLine, latin1, readFirst } from "../../support/http.ts";
import { mulberry32, pick } from "../../support/random.ts";
import { acceptedHeads } from "../../vectors/http.ts";
import { refusedHeads } from "../../vectors/http-refused.ts";
import { smugglingHeads } from "../../vectors/http-smuggling.ts";

const all = [...acceptedHeads, ...smugglingHeads, ...refusedHeads];
const get = latin1("GET /a HTTP/1.1\r\nHost: x\r\n\r\n");

describe("A request's head", () => {
  test.each(acceptedHeads)("is read: $name", ({ input, expected }) => {
    expect(headLine(readFirst([latin1(input)]))).toBe(expected);
  });

  test.each(smugglingHeads)("that could smuggle another is refused: $name", ({ input, expected }) => {
    expect(headLine(readFirst([latin1(input)]))).toBe(expected);
  });

  test.each(refusedHeads)("that is malformed or not for this server is refused: $name", ({ input, expected }) => {
    expect(headLine(readFirst([latin1(input)]))).toBe(expected);
  });

  test.each(all)("is read the same byte by byte", ({ input, expected }) => {
    const bytes = latin1(input);
    expect(headLine(readFirst(Array.from(bytes, (byte) => Uint8Array.of(byte))))).toBe(expected);
  });

  test("is read the same in any split, including reason and headers", () => {
    const property = fc.property(fc.nat(), fc.constantFrom(...all), (seed, { input }) => {
      const random = mulberry32(seed);
      const bytes = latin1(input);
      const whole = readFirst([bytes]);
      const cut = readFirst(fragments(bytes, random, pick(random, [1, 5, 40, 3000])));
      expect(JSON.stringify(cut)).toBe(JSON.stringify(whole));
      if (cut.kind !== "head" || whole.kind !== "head") return;
      for (const name of ["host", "connection", "x", "user-agent"])
        expect(cut.head.header(name)).toBe(whole.head.header(name));
    });
    fc.assert(property, { seed: 9112, numRuns: 600 });
  });

  test("reports the bytes that follow it in the same input", () => {
    const reader = new RequestHeadReader(true);
    const bytes = concat([get, get, get.subarray(0, 5)]);
    const first = reader.push(bytes);
    if (first.kind !== "head") throw new Error(first.kind);
    expect([first.end, first.head.secure, first.head.target]).toEqual([get.length, true, "/a"]);
    expect(reader.push(bytes, first.end)).toMatchObject({ kind: "head", end: 2 * get.length });
    expect(reader.push(bytes, 2 * get.length)).toEqual({ kind: "more" });
    expect(reader.begun).toBe(true);
    expect(reader.push(concat([Uint8Array.of(0, 0, 0), get]), 3 + 5)).toMatchObject({
      kind: "head",
      end: 3 + get.length,
    });
    expect([reader.begun, reader.heldBytes]).toEqual([false, 0]);
  });

  test("gives headers by name, joins those of the same name, and ignores others", () => {
    const first = readFirst([
      latin1("GET / HTTP/1.1\r\nHost: x\r\nAccept:  a;q=1 \t\r\nETag:\r\naccept:b\r\nACCEPT: \r\nAccept-X: c\r\n\r\n"),
    ]);
    if (first.kind !== "head") throw new Error(first.kind);
    const { head } = first;
    expect(["accept", "accept-x", "etag", "host", "cookie"].map((name) => head.header(name))).toEqual([
      "a;q=1, b, ",
      "c",
      "",
      "x",
      undefined,
    ]);
  });

  test("may be exactly as long as its limits", () => {
    const line = (bytes: number) => `GET /${"x".repeat(bytes - "GET / HTTP/1.1".length)} HTTP/1.1\r\n`;
    expect(headLine(readFirst([latin1(`${line(httpLimits.requestLineBytes)}Host:\r\n\r\n`)]))).toMatch(/^GET /);
    expect(headLine(readFirst([latin1(line(httpLimits.requestLineBytes + 1))]))).toBe(414);
    const start = "GET / HTTP/1.1\r\nHost: x\r\nX: ";
    const whole = (bytes: number) => `${start}${"x".repeat(bytes - start.length - 4)}\r\n\r\n`;
    const longest = readFirst([latin1(whole(httpLimits.headBytes) + whole(100))]);
    expect(longest).toMatchObject({ kind: "head", consumed: httpLimits.headBytes });
    expect(headLine(readFirst([latin1(whole(httpLimits.headBytes + 1))]))).toBe(431);
    const fields = Array.from({ length: httpLimits.headerFields - 1 }, (_, at) => `X${at}: y\r\n`).join("");
    expect(headLine(readFirst([latin1(`GET / HTTP/1.1\r\nHost: x\r\n${fields}\r\n`)]))).toBe("GET / x");
  });

  test("that comes byte by byte takes no more memory than a head", () => {
    const reader = new RequestHeadReader(false);
    reader.push(latin1("GET / HTTP/1.1\r\nHost: x\r\nX: "));
    let most = 0;
    let result = reader.push(latin1("y"));
    for (let sent = 0; result.kind === "more" && sent < 2 * httpLimits.headBytes; sent++) {
      most = Math.max(most, reader.heldBytes);
      result = reader.push(latin1("y"));
    }
    expect(result).toMatchObject({ kind: "refused", refusal: { status: 431 } });
    expect(most).toBeLessThanOrEqual(httpLimits.headBytes);
    expect(reader.heldBytes).toBe(0);
  });

  test("that was refused is the last one read", () => {
    const reader = new RequestHeadReader(false);
    const refused = reader.push(latin1("GET / HTTP/3.0\r\n"));
    expect(refused).toMatchObject({ kind: "refused", refusal: { status: 505 } });
    expect(reader.push(get)).toEqual(refused);
  });

  test.each([
    ["RTMP", "\x03", "rtmp", "this port speaks HTTP, not RTMP"],
    ["TLS", "\x16", "tls", "this port speaks HTTP, not TLS (HTTPS)"],
    [
      "the PROXY protocol",
      "PROXY TCP4 192.0.2.1 192.0.2.2 1 80\r\n",
      "proxy",
      "this is the PROXY protocol, and proxy_protocol.listen does not name this port",
    ],
  ])("that is %s is known by how it begins", (_, input, spoken, reason) => {
    expect(readFirst([latin1(input)])).toEqual({ kind: "refused", refusal: { status: 400, reason, spoken } as never });
  });

  test("that is refused for its method or WebSocket version names the supported ones", () => {
    const headers = (name: string) => {
      const first = readFirst([latin1(refusedHeads.find((vector) => vector.name.startsWith(name))?.input ?? "")]);
      return first.kind === "refused" ? first.refusal.headers : undefined;
    };
    expect(headers("PUT")).toEqual({ allow: "GET, HEAD, OPTIONS" });
    expect(headers("a WebSocket handshake of")).toEqual({ upgrade: "websocket", "sec-websocket-version": "13" });
  });
});
