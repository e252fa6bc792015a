import { describe, expect, test } from "bun:test";
import { RelayLogLimit } from "../../../src/relay/relay-log-limit.ts";
import { type AttemptReport, Supervisor } from "../../../src/relay/supervisor.ts";
import { FakeClock } from "../../support/fake-clock.ts";
import { RecordingLog } from "../../support/recording-log.ts";

/** Relays that share their limits; their targets fail while there is a problem. */
function stage() {
  const clock = new FakeClock();
  const log = new RecordingLog();
  const logLimit = new RelayLogLimit(clock);
  const at: { problem: string | undefined } = { problem: undefined };
  const running = new Set<AttemptReport>();
  const start = (count: number, to = "edge:1935") => {
    for (let i = 1; i <= count; i++)
      new Supervisor({
        clock,
        random: () => 0.5,
        log: log.with(`f${i}`),
        what: "forward",
        fields: { to, stream: `live/${i}` },
        logLimit,
        begin: (report) => {
          if (at.problem !== undefined) report.failed(at.problem, "lost");
          else {
            running.add(report);
            clock.soon(() => report.running("srs/2"));
          }
          return { abort: () => undefined };
        },
      }).start();
  };
  /** Every running relay loses its target, which is then dead for this reason. */
  const die = (problem: string) => {
    at.problem = problem;
    for (const report of [...running]) report.failed("connection reset by peer", "lost");
    running.clear();
  };
  /** The lines since the last call, without debug lines. */
  const take = () => log.take(/^(?!debug)/);
  return { clock, log, at, start, die, take };
}

/** The ten relays that get a line, each with its own id and stream. */
function ten(line: (id: string) => string): string[] {
  return Array.from({ length: 10 }, (_, at): string => expect.stringMatching(new RegExp(line(`${at + 1}`))));
}

describe("A target of many streams", () => {
  test("gets ten lines and one with the number of the others when it dies, at each reminder, and when it runs again", () => {
    const { clock, at, start, die, take } = stage();
    start(200);
    clock.advance(20_000);
    expect(take()).toHaveLength(200);

    die("connection refused");
    clock.advance(20_000);
    expect(take()).toEqual([
      ...ten((id) => `^warn f${id} forward lost to=edge:1935 stream=live/${id} error=connection reset by peer `),
      ...ten((id) => `^warn f${id} forward failed to=edge:1935 stream=live/${id} error=connection refused `),
      "warn forward lost for more streams to=edge:1935 streams=190",
      "warn forward failed for more streams to=edge:1935 streams=190",
    ]);

    for (const minutes of [1, 5, 15, 60]) {
      clock.advance(minutes * 60_000 + 20_000 - clock.now());
      clock.advance(20_000);
      expect(take()).toEqual([
        ...ten((id) => `^warn f${id} forward still failing to=edge:1935 stream=live/${id} .*outage_seconds=`),
        "warn forward still failing for more streams to=edge:1935 streams=190",
      ]);
    }

    at.problem = undefined;
    clock.advance(20_000);
    expect(take()).toEqual([
      ...ten((id) => `^info f${id} forward running to=edge:1935 stream=live/${id} .*outage_seconds=36`),
      "info forward running for more streams to=edge:1935 streams=190",
    ]);
  });

  test("has the lines of the other streams at level debug", () => {
    const { clock, log, at, start } = stage();
    at.problem = "connection refused";
    start(12);
    clock.advance(400);
    expect(log.take(/forward failed/)).toHaveLength(12);
    clock.advance(20_000);
    expect(log.take(/for more/)).toEqual(["warn forward failed for more streams to=edge:1935 streams=2"]);
  });

  test("leaves other targets their lines", () => {
    const { clock, at, start, take } = stage();
    at.problem = "connection refused";
    start(12);
    start(1, "other:1935");
    clock.advance(400);
    const lines = take();
    expect(lines).toHaveLength(11);
    expect(lines.at(-1)).toStartWith("warn f1 forward failed to=other:1935 stream=live/1 ");
  });
});

test("Two thousand targets, each of one stream, have a line each", () => {
  const { clock, at, start, take } = stage();
  at.problem = "connection refused";
  for (let target = 0; target < 2000; target++) start(1, `edge-${target}:1935`);
  clock.advance(20_000);
  expect(take()).toHaveLength(2000);
});
