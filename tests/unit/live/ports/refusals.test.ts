import { expect, test } from "bun:test";
import { Refusals } from "../../../../src/live/ports/refusals.ts";
import { FakeClock } from "../../../support/fake-clock.ts";
import { RecordingLog } from "../../../support/recording-log.ts";

test("a few refusals make a line each, and a flood makes ten lines and a count every ten seconds, for each rule", () => {
  const clock = new FakeClock();
  const log = new RecordingLog();
  const refusals = new Refusals(clock, log);
  const add = (rule: string, addr: string) => refusals.add({ rule, log, message: "no", fields: { addr } });
  const pass = (ms: number) => {
    clock.advance(ms);
    return log.lines.splice(0);
  };
  for (let i = 0; i < 1000; i++) add("flood", "192.0.2.1");
  add("rare", "192.0.2.2");
  expect(log.lines.splice(0)).toEqual([...Array(10).fill("warn no addr=192.0.2.1"), "warn no addr=192.0.2.2"]);
  expect(pass(9000)).toEqual([]);
  expect(pass(1000)).toEqual(["warn more clients refused reason=flood refused=990"]);
  expect(pass(60_000)).toEqual([]);
  expect(clock.timers).toBe(0);
  add("flood", "192.0.2.3");
  expect(log.lines).toEqual(["warn no addr=192.0.2.3"]);
  expect([...refusals.totals]).toEqual([
    ["flood", 1001],
    ["rare", 1],
  ]);
});

test("everyday refusals are counted, and logged only at the level debug", () => {
  const [clock, log] = [new FakeClock(), new RecordingLog()];
  const refusals = new Refusals(clock, log);
  for (let i = 0; i < 20; i++) refusals.add({ rule: "not_found", log, message: "no", fields: {}, level: "debug" });
  clock.advance(60_000);
  expect([refusals.totals.get("not_found"), new Set(log.lines)]).toEqual([20, new Set(["debug no"])]);
});
