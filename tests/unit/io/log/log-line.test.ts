import { expect, test } from "bun:test";
import fc from "fast-check";
import { journalLine, textLine } from "../../../../src/io/log/log-line.ts";

const time = new Date(2026, 10, 23, 1, 2, 3, 45);
const line = (message: string, fields = {}) => textLine(time, "info", "c17", message, fields);

test("a line is time, level, id, message, fields", () => {
  expect(line("publish started", { addr: "192.168.1.9:52144", stream: "/live/livestream" })).toBe(
    "2026-11-23 01:02:03.045 INFO  [c17] publish started addr=192.168.1.9:52144 stream=/live/livestream",
  );
});

test("a log without an id leaves it out", () => {
  expect(textLine(time, "error", "", "stopped", {})).toBe("2026-11-23 01:02:03.045 ERROR stopped");
});

test("numbers and booleans are plain, undefined values are left out", () => {
  expect(line("x", { a: 1.5, b: false, c: undefined })).toEndWith("] x a=1.5 b=false");
});

test.each([
  ["", '""'],
  ["two words", '"two words"'],
  ['say "hi"', '"say \\"hi\\""'],
  ["a=b", '"a=b"'],
  ["back\\slash", '"back\\\\slash"'],
  ["a\r\nb\tc", '"a\\r\\nb\\tc"'],
  ["\u001b[2J\u0000\u007f\u0085", '"\\u001b[2J\\u0000\\u007f\\u0085"'],
  ["a\u2028b\u2029", '"a\\u2028b\\u2029"'],
  ["\u202egpj\u200b", '"\\u202egpj\\u200b"'],
  ["no\u00a0break", '"no\\u00a0break"'],
  ["half \ud800", '"half \\ud800"'],
  ["tag\u{e0041}", '"tag\\u{e0041}"'],
  ["频道😀", "频道😀"],
])("the value %j is written %s", (value, written) => {
  expect(line("x", { v: value })).toEndWith(`] x v=${written}`);
});

test("a message cannot begin a second line", () => {
  expect(line("unknown command x\n2026-11-23 forged")).toEndWith("] unknown command x\\n2026-11-23 forged");
});

test("long messages, values and lines are cut", () => {
  expect(line("m".repeat(5000)).length).toBeLessThan(1100);
  expect(line("x", { v: "v".repeat(5000) }).length).toBeLessThan(600);
  const many = Object.fromEntries(Array.from({ length: 100 }, (_, i) => [`k${i}`, "\n".repeat(500)]));
  expect(line("x", many).length).toBeLessThanOrEqual(4097);
});

test("an error in the field of an error keeps its stack", () => {
  const stack = "at f (a.ts)\n".repeat(250);
  expect(textLine(time, "error", "", "internal error", { error: stack })).toEndWith(
    `error="${stack.replaceAll("\n", "\\n")}"`,
  );
  expect(textLine(time, "error", "", "x", { error: "v".repeat(5000) }).length).toBeLessThan(4200);
  expect(textLine(time, "error", "", "x", { other: "v".repeat(5000) }).length).toBeLessThan(600);
  expect(line("x", { error: "v".repeat(5000) }).length).toBeLessThan(600);
  expect(textLine(time, "error", "", "x", { error: "\u0000".repeat(5000) }).length).toBeLessThanOrEqual(8193);
});

test("any input of a peer stays one line of visible text in one field", () => {
  const text = fc.string({ unit: "binary", maxLength: 60 });
  fc.assert(
    fc.property(text, text, (message, value) => {
      const written = line(message, { v: value });
      expect(written).not.toMatch(/[\p{Cc}\p{Cf}\p{Cs}\p{Zl}\p{Zp}]/u);
      expect(written).toMatch(/ v=([^\s"=\\]+|"([^"\\]|\\.)*")$/u);
    }),
    { seed: 11, numRuns: 1000 },
  );
});

test("a line for the journal has a priority, no time and no padding", () => {
  const written = (["debug", "info", "warn", "error"] as const).map((level) =>
    journalLine(time, level, "c1", "x", { a: 1 }),
  );
  expect(written).toEqual(["<7>DEBUG [c1] x a=1", "<6>INFO  [c1] x a=1", "<4>WARN  [c1] x a=1", "<3>ERROR [c1] x a=1"]);
});
