import { describe, expect, test } from "bun:test";
import { acceptsGzip } from "../../src/http/accept-encoding.ts";
import { readRange } from "../../src/http/byte-range.ts";
import { checkConditions, rangeApplies } from "../../src/http/conditional.ts";
import { RequestHeadReader } from "../../src/http/head-reader.ts";
import { parseHttpDate } from "../../src/http/http-date.ts";
import { httpLimits } from "../../src/http/limits.ts";
import type { RequestHead } from "../../src/http/request.ts";
import { type WebSocketClose, WebSocketReader } from "../../src/http/websocket-reader.ts";
import { concat, fragments, fromHex } from "../support/bytes.ts";
import { headLine, latin1, readFirst } from "../support/http.ts";
import { mutate } from "../support/mutate.ts";
import { between, mulberry32, pick, randomBytes } from "../support/random.ts";
import { acceptedHeads } from "../vectors/http.ts";
import { refusedHeads } from "../vectors/http-refused.ts";
import { smugglingHeads } from "../vectors/http-smuggling.ts";
import { clientFrames } from "../vectors/websocket.ts";

const accepted = acceptedHeads.map(({ input }) => latin1(input));
const inputs = [...acceptedHeads, ...smugglingHeads, ...refusedHeads].map(({ input }) => latin1(input));
const frames = clientFrames.map(({ hex }) => fromHex(hex));
const statuses = [400, 405, 413, 414, 426, 431, 501, 505];

/** What holds for each head that is taken; `sent` is its bytes, of which another server may make what it will. */
function expectSafe(head: RequestHead, sent: Uint8Array): void {
  const text = new TextDecoder("latin1").decode(sent).replace(/^\r\n/, "");
  // It ends at its first empty line, and no server finds a body behind it.
  expect(text.indexOf("\r\n\r\n")).toBe(text.length - 4);
  expect(text.replaceAll("\r\n", "")).not.toMatch(/[\0\r\n]/);
  expect(text).not.toMatch(/\n[ \t]*transfer-encoding[ \t]*:/i);
  expect(text).not.toMatch(/\ncontent-length[ \t]*:(?![ \t]*0+[ \t]*\r)/i);
  expect(text.match(/\nhost[ \t]*:/gi)?.length ?? 0).toBeLessThanOrEqual(1);
  expect(head.host).toMatch(/^(?:[a-z0-9._-]*|\[[0-9a-f:.]+\])$/);
  if (head.path === "*") return;
  expect(head.path).toMatch(/^\/(?!.*\/\/)[^\\\p{Cc}]*$/u);
  expect(head.path.split("/").some((segment) => segment === "." || segment === "..")).toBe(false);
}

describe("An HTTP connection with hostile input", () => {
  test("accepts safe heads and refuses damaged ones by a status, however they are cut", () => {
    const outcomes = new Map<string, number>();
    for (let seed = 0; seed < 6000; seed++) {
      const random = mulberry32(seed);
      const bytes = mutate(random, concat([pick(random, random() < 0.7 ? accepted : inputs), pick(random, inputs)]));
      const whole = readFirst([bytes]);
      const cut = readFirst(fragments(bytes, random, pick(random, [1, 20, 1000])));
      expect(JSON.stringify(cut)).toBe(JSON.stringify(whole));
      if (whole.kind === "refused") expect(statuses).toContain(whole.refusal.status);
      if (whole.kind === "head") expectSafe(whole.head, bytes.subarray(0, whole.consumed));
      const kind = whole.kind === "head" ? "head" : String(headLine(whole));
      outcomes.set(kind, (outcomes.get(kind) ?? 0) + 1);
    }
    // The damage reaches the reader's branches, and leaves many requests as they were.
    expect(outcomes.get("head") ?? 0).toBeGreaterThan(500);
    expect([...outcomes.keys()].filter((kind) => kind !== "head" && kind !== "more").sort()).toEqual(
      statuses.map(String),
    );
  });

  test("finds each of several pipelined requests at the end of the one before, within its memory", () => {
    for (let seed = 0; seed < 500; seed++) {
      const random = mulberry32(seed);
      const requests = Array.from({ length: between(random, 1, 6) }, () => pick(random, inputs));
      const reader = new RequestHeadReader(false);
      let open = true;
      for (const piece of fragments(concat(requests), random, pick(random, [3, 200, 5000]))) {
        for (let at = 0; open && at < piece.length; ) {
          const result = reader.push(piece, at);
          expect(reader.heldBytes).toBeLessThanOrEqual(httpLimits.headBytes);
          open = result.kind !== "refused";
          if (result.kind !== "head") break;
          expect(result.end).toBeGreaterThan(at);
          expect(result.end).toBeLessThanOrEqual(piece.length);
          at = result.end;
        }
      }
    }
  });

  test("refuses noise, or waits within its limits", () => {
    for (let seed = 0; seed < 1000; seed++) {
      const random = mulberry32(seed);
      const noise = randomBytes(random, between(random, 1, 400));
      const bytes = seed % 2 === 0 ? noise : concat([latin1("GET / HTTP/1.1\r\nX: "), noise]);
      expect(readFirst([bytes]).kind).not.toBe("head");
    }
  });

  test("never throws for any header value", () => {
    const words = ["bytes=", "0-", "-", ",", " ", "\t", "q=", ";", "gzip", "identity", "*", "0.5", '"', "W/", '"a"']
      .concat(
        "Sun, 06 Nov 1994 08:49:37 GMT",
        "Sunday, 06-Nov-94 08:49:37 GMT",
        "9".repeat(40),
        "\xff",
        " ".repeat(8000),
      )
      .concat(",".repeat(8000));
    for (let seed = 0; seed < 1500; seed++) {
      const random = mulberry32(seed);
      const value = Array.from({ length: between(random, 0, 12) }, () => pick(random, words)).join("");
      const request = { header: () => value };
      const size = between(random, 0, 20);
      const have = { etag: '"a"', lastModifiedMs: seed * 1e9 };
      expect([304, 412, undefined]).toContain(checkConditions(request, have, 0));
      expect(rangeApplies(request, have, 0)).toBeBoolean();
      expect(acceptsGzip(value)).toBeBoolean();
      expect(parseHttpDate(value, 0) ?? 0).not.toBeNaN();
      const range = readRange(value, size);
      if (typeof range === "object") {
        expect(range.start).toBeLessThan(range.end);
        expect(range.end).toBeLessThanOrEqual(size);
      }
    }
  });
});

describe("A WebSocket client's connection with hostile input", () => {
  /** Feeds a reader; its messages, and how it was closed. */
  function survive(pieces: Iterable<Uint8Array>): { messages: number; close: WebSocketClose | undefined } {
    const outcome = { messages: 0, close: undefined as WebSocketClose | undefined };
    const count = (payload: Uint8Array, limit: number) => {
      if (outcome.close !== undefined) throw new Error("an event behind the close");
      expect(payload.length).toBeLessThanOrEqual(limit);
      outcome.messages++;
    };
    const reader = new WebSocketReader({
      message: (payload) => count(payload, httpLimits.webSocketMessageBytes),
      ping: (payload) => count(payload, 125),
      pong: (payload) => count(payload, 125),
      close: (close) => {
        count(new Uint8Array(0), 0);
        outcome.close = close;
      },
    });
    for (const piece of pieces) {
      reader.push(piece);
      expect(reader.heldBytes).toBeLessThanOrEqual(2 * httpLimits.webSocketMessageBytes);
    }
    return outcome;
  }

  test("reads damaged frames, or closes once with a code, however they are cut", () => {
    const codes = new Map<number | undefined, number>();
    for (let seed = 0; seed < 4000; seed++) {
      const random = mulberry32(seed);
      const good = concat(Array.from({ length: between(random, 1, 5) }, () => pick(random, frames)));
      const bytes = seed % 8 === 0 ? randomBytes(random, between(random, 1, 300)) : mutate(random, good);
      const whole = survive([bytes]);
      expect(survive(fragments(bytes, random, pick(random, [1, 9, 400])))).toEqual(whole);
      const code = whole.close?.clean === false ? whole.close.code : undefined;
      codes.set(code, (codes.get(code) ?? 0) + 1);
    }
    for (const code of [1002, 1007, 1009, undefined]) expect(codes.get(code) ?? 0).toBeGreaterThan(20);
    expect(codes.size).toBe(4);
  });
});
