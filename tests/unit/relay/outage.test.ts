import { describe, expect, test } from "bun:test";
import { type AttemptReport, Supervisor } from "../../../src/relay/supervisor.ts";
import { FakeClock } from "../../support/fake-clock.ts";
import { RecordingLog } from "../../support/recording-log.ts";

/** A relay whose attempts fail for this reason as soon as they begin, or run while there is none. */
function stage() {
  const clock = new FakeClock();
  const log = new RecordingLog();
  const at: { problem: string | undefined; report: AttemptReport | undefined } = {
    problem: undefined,
    report: undefined,
  };
  const supervisor = new Supervisor({
    clock,
    random: () => 0.5,
    log,
    what: "forward",
    fields: { to: "edge:1935" },
    begin: (report) => {
      at.report = report;
      if (at.problem === undefined) clock.soon(() => report.running("srs/2"));
      else report.failed(at.problem, "lost");
      return { abort: () => undefined };
    },
  });
  return { clock, log, at, supervisor };
}

describe("An outage that lasts", () => {
  test("is logged again after 1, 5 and 15 minutes and then each hour, with its start, attempts and newest error", () => {
    const { supervisor, at, log, clock } = stage();
    clock.advance(5000);
    at.problem = "connection refused";
    supervisor.start();
    clock.advance(3.5 * 3_600_000);
    const [first, ...again] = log.take(/^(?!debug)/);
    expect(first).toBe("warn forward failed to=edge:1935 error=connection refused retry_ms=500");
    const told = again.map((line) => {
      const [, seconds, attempts] =
        /^warn forward still failing to=edge:1935 error=connection refused since=2026-01-01T00:00:05.000Z outage_seconds=(\d+) attempts=(\d+) retry_ms=5000$/.exec(
          line,
        ) ?? [];
      expect(Number(attempts)).toBeGreaterThan(Number(seconds) / 5);
      return Math.floor(Number(seconds) / 60);
    });
    expect(told).toEqual([1, 5, 15, 60, 120, 180]);
  });

  test("ends when the relay runs, which logs its duration, and the next one is counted from its own start", () => {
    const { supervisor, at, log, clock } = stage();
    at.problem = "connection refused";
    supervisor.start();
    clock.advance(600_000);
    log.take();
    at.problem = undefined;
    clock.advance(5000);
    expect(log.take()[0]).toMatch(/^info forward running .*outage_seconds=60\d /);
    clock.advance(3_600_000);
    at.problem = "connection reset by peer";
    at.report?.failed(at.problem, "lost");
    clock.advance(55_000);
    expect(log.take(/^(?!debug)/)).toEqual([
      "warn forward lost to=edge:1935 error=connection reset by peer retry_ms=500",
    ]);
    clock.advance(10_000);
    expect(log.take(/^(?!debug)/)).toHaveLength(1);
  });
});
