import { describe, expect, test } from "bun:test";
import fc from "fast-check";
import { readAnswer } from "../../../../src/features/hooks/answer.ts";

const REFUSED = "refused by the server that decides";
const NO_ANSWER = 'its answer is neither 0 nor an object with "code"';

const answers: readonly (readonly [what: string, status: number, text: string, result: object])[] = [
  ["SRS's plain yes", 200, "0", { kind: "allowed" }],
  ["a yes with white space", 201, " 0\r\n", { kind: "allowed" }],
  ["a yes as an object", 200, '{"code":0}', { kind: "allowed" }],
  ["a yes with data", 200, '{"code":0,"data":{"urls":[]}}', { kind: "allowed", data: { urls: [] } }],
  ["a plain no", 200, "1", { kind: "refused", reason: REFUSED, detail: "answer 1" }],
  [
    "a no with a sentence",
    200,
    '{"code":4,"msg":"pay first"}',
    { kind: "refused", reason: "pay first", detail: "code 4" },
  ],
  ["a code that is a text", 200, '{"code":"0"}', { kind: "refused", reason: REFUSED, detail: 'code "0"' }],
  ["a no by status", 403, '{"message":"go away"}', { kind: "refused", reason: "go away", detail: "status 403" }],
  ["a no by status with a page", 401, "<html>", { kind: "refused", reason: REFUSED, detail: "status 401" }],
  ["a zero that is a text", 200, '"0"', { kind: "failed", problem: NO_ANSWER }],
  ["nothing", 200, "", { kind: "failed", problem: NO_ANSWER }],
  ["a page", 200, "<!doctype html><p>0", { kind: "failed", problem: NO_ANSWER }],
  ["an object without code", 200, '{"status":"ok"}', { kind: "failed", problem: NO_ANSWER }],
  ["a list", 200, "[0]", { kind: "failed", problem: NO_ANSWER }],
  ["a yes with the wrong status", 204, "0", { kind: "failed", problem: "it answers 204" }],
  ["a redirect", 302, "0", { kind: "failed", problem: "it redirects (302), which is not followed" }],
  ["a missing page", 404, "0", { kind: "failed", problem: "it answers 404", isRejected: true }],
  ["a back end that has too much to do", 429, "0", { kind: "failed", problem: "it answers 429" }],
  ["a back end that breaks", 500, '{"code":0}', { kind: "failed", problem: "it answers 500" }],
];

describe("A back end's answer", () => {
  test.each(answers)("is read when it is %s", (_what, status, text, result) => {
    expect(readAnswer(status, text)).toEqual(result as ReturnType<typeof readAnswer>);
  });

  test("gives a reason that is short and can't disturb a terminal", () => {
    const result = readAnswer(200, JSON.stringify({ code: 1, msg: `\u001b[31m${"x".repeat(1000)}` }));
    if (result.kind !== "refused") throw new Error(result.kind);
    expect(result.reason).toStartWith("\\u001b[31mxxx");
    expect(result.reason.length).toBeLessThan(220);
  });

  test("allows only by 0 or code 0, with status 200 or 201", () => {
    fc.assert(
      fc.property(fc.integer({ min: 100, max: 599 }), fc.oneof(fc.json(), fc.string()), (status, text) => {
        if (readAnswer(status, text).kind !== "allowed") return;
        expect([200, 201]).toContain(status);
        const value = JSON.parse(text);
        expect(value === 0 || value.code === 0).toBe(true);
      }),
    );
  });
});
