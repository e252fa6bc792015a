import { expect, test } from "bun:test";
import fc from "fast-check";
import { journalJsonLine, jsonLine } from "../../../../src/io/log/log-json.ts";

const time = new Date(Date.UTC(2026, 10, 23, 1, 2, 3, 45));

test("a line is an object with time in UTC, level, id, msg and the event's fields", () => {
  expect(jsonLine(time, "info", "c17", "publish started", { addr: "192.168.1.9:52144", bytes: 3, on: true })).toBe(
    '{"time":"2026-11-23T01:02:03.045Z","level":"info","id":"c17","msg":"publish started","addr":"192.168.1.9:52144","bytes":3,"on":true}',
  );
});

test("a line has no id if the log has none, and no field that is undefined", () => {
  expect(JSON.parse(jsonLine(time, "warn", "", "x", { a: undefined }))).toEqual({
    time: "2026-11-23T01:02:03.045Z",
    level: "warn",
    msg: "x",
  });
});

test("a field cannot take the place of time, level, id or msg", () => {
  const line = jsonLine(time, "info", "c1", "x", { time: 1, level: 2, id: 3, msg: 4 });
  expect(JSON.parse(line)).toEqual({
    time: time.toISOString(),
    level: "info",
    id: "c1",
    msg: "x",
    time_: 1,
    level_: 2,
    id_: 3,
    msg_: 4,
  });
});

test("a line for the journal begins with its priority", () => {
  expect(journalJsonLine(time, "error", "", "x", {})).toStartWith('<3>{"time":');
});

test("a line with any input of a peer is one JSON object of visible text with the same values", () => {
  const text = fc.string({ unit: "binary", maxLength: 60 });
  fc.assert(
    fc.property(text, text, text, fc.double(), (message, name, value, number) => {
      const line = jsonLine(time, "info", "c1", message, { [`f${name}`]: value, number });
      expect(line).not.toMatch(/[\p{Cc}\p{Cf}\p{Cs}\p{Zl}\p{Zp}]/u);
      const read = JSON.parse(line) as Record<string, unknown>;
      expect(read.msg).toBe(message);
      expect(read[`f${name}`]).toBe(value);
      expect(read.number).toBe(Number.isFinite(number) ? number + 0 : null);
    }),
    { seed: 12, numRuns: 1000 },
  );
});

test("long messages and values are cut, in a line that is still JSON", () => {
  const fields = Object.fromEntries(Array.from({ length: 100 }, (_, at) => [`k${at}`, "\u{1f600}".repeat(2000)]));
  const line = jsonLine(time, "info", "", "\n".repeat(5000), fields);
  expect(line.length).toBeLessThan(64 * 1024);
  expect(Object.keys(JSON.parse(line) as object)).toHaveLength(3 + 64);
});
