import { expect, test } from "bun:test";
import type { Refused } from "../../../../src/live/ports/entry.ts";
import type { HttpAnswer } from "../../../../src/live/ports/http.ts";
import { brief, HttpStage } from "../../../support/http-stage.ts";

const text = (body: string) => new TextEncoder().encode(body);
const modified = Date.UTC(2026, 0, 1, 12);

/** What a request with these headers gets of an answer. */
function answered(answer: HttpAnswer, headers: readonly string[], ...names: readonly string[]): string[] {
  const stage = new HttpStage({ "/x": (exchange) => exchange.respond(answer) });
  return brief(stage.dial().get("/x", ...headers), ...names);
}

const playlist: HttpAnswer = {
  status: 200,
  type: "application/vnd.apple.mpegurl",
  etag: '"v1"',
  lastModifiedMs: modified,
  body: text("0123456789"),
  encodings: { gzip: text("zipped") },
};

test("a client that has an answer already gets 304, by its tag or its date", () => {
  const names = ["etag", "content-length"];
  expect(answered(playlist, ['If-None-Match: "v0", "v1"'], ...names)).toEqual(["304", '"v1"', "-", ""]);
  expect(answered(playlist, ["If-Modified-Since: Thu, 01 Jan 2026 12:00:00 GMT"], ...names)[0]).toBe("304");
  expect(answered(playlist, ['If-None-Match: "v0"'], ...names)).toEqual(["200", '"v1"', "10", "0123456789"]);
  expect(answered(playlist, ['If-Match: "v0"'])[0]).toBe("412");
});

test("a client gets a coding that it accepts, with a tag of its own", () => {
  const names = ["content-encoding", "vary", "etag", "content-length"];
  const zipped = ["200", "gzip", "Accept-Encoding", '"v1-gzip"', "6", "zipped"];
  expect(answered(playlist, ["Accept-Encoding: gzip, br"], ...names)).toEqual(zipped);
  expect(answered(playlist, ["Accept-Encoding: br"], ...names)).toEqual([
    "200",
    "-",
    "Accept-Encoding",
    '"v1"',
    "10",
    "0123456789",
  ]);
  const has = ["Accept-Encoding: gzip", 'If-None-Match: "v1-gzip"'];
  expect(answered(playlist, has)[0]).toBe("304");
});

test("a client gets a part of a body without a coding", () => {
  const names = ["content-range", "content-encoding", "content-length"];
  const ranged = (range: string, ...more: string[]) => answered(playlist, [`Range: ${range}`, ...more], ...names);
  expect(ranged("bytes=2-4", "Accept-Encoding: gzip")).toEqual(["206", "bytes 2-4/10", "-", "3", "234"]);
  expect(ranged("bytes=-3")).toEqual(["206", "bytes 7-9/10", "-", "3", "789"]);
  expect(ranged("bytes=10-")).toEqual(["416", "bytes */10", "-", "0", ""]);
  expect(ranged("bytes=0-1,3-4")[0]).toBe("200");
  expect(ranged("bytes=2-4", 'If-Range: "v0"')[0]).toBe("200");
});

test("an error has no conditions and no parts", () => {
  const error: HttpAnswer = { status: 404, body: text("none"), etag: '"v1"' };
  expect(answered(error, ['If-None-Match: "v1"', "Range: bytes=0-1"])).toEqual(["404", "none"]);
});

test("a large body leaves as the same buffer for all", () => {
  const body = new Uint8Array(100_000);
  const stage = new HttpStage({ "/x": (exchange) => exchange.respond({ status: 200, body }) });
  const ends = [stage.dial(), stage.dial()];
  for (const end of ends) end.get("/x");
  expect(ends.map(({ sink }) => sink.sent.at(-1) === body)).toEqual([true, true]);
});

const kinds: readonly [Refused["kind"], string][] = [
  ["name", "404"],
  ["vhost", "404"],
  ["missing", "404"],
  ["gone", "410"],
  ["denied", "403"],
  ["busy", "409"],
  ["media", "406"],
  ["limit", "503"],
  ["unavailable", "503"],
  ["loop", "508"],
];

test.each(kinds)("a refusal of the kind %s is a %s with one line of text, counted and logged", (kind, status) => {
  const refused: Refused = { ok: false, rule: "rule", kind, reason: "no, as I say", detail: "for the log" };
  const stage = new HttpStage({ "/live/show.flv": (exchange) => exchange.refuse(refused, { stream: "live/show" }) });
  const answer = brief(stage.dial().get("/live/show.flv"), "access-control-allow-origin", "retry-after");
  expect(answer).toEqual([status, "*", status === "503" ? "5" : "-", "no, as I say\n"]);
  expect(stage.refusals.totals.get("rule")).toBe(1);
  expect(stage.log.take(/warn/)).toEqual([
    "warn c1 play refused addr=10.0.0.9:40000 stream=live/show error=no, as I say detail=for the log",
  ]);
});

test("an answer with a header that would end its line is a bug, and is not sent", () => {
  const stage = new HttpStage({
    "/x": (exchange) => exchange.respond({ status: 302, headers: { location: "/a\r\nset-cookie: b" } }),
  });
  const end = stage.dial();
  expect(() => end.get("/x")).toThrow(/can't be sent/);
  expect(end.hear()).toBe("");
});
