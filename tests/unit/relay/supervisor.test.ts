import { describe, expect, test } from "bun:test";
import { type AttemptReport, Supervisor } from "../../../src/relay/supervisor.ts";
import { FakeClock } from "../../support/fake-clock.ts";
import { mulberry32 } from "../../support/random.ts";
import { RecordingLog } from "../../support/recording-log.ts";

interface Tried {
  readonly at: number;
  readonly report: AttemptReport;
  aborted: number;
}

function stage(random = () => 0.5) {
  const clock = new FakeClock();
  const log = new RecordingLog();
  const tried: Tried[] = [];
  const supervisor = new Supervisor({
    clock,
    random,
    log,
    what: "forward",
    fields: { to: "edge:1935", stream: "live/show" },
    begin: (report) => {
      const attempt = { at: clock.now(), report, aborted: 0 };
      tried.push(attempt);
      return { abort: () => attempt.aborted++ };
    },
  });
  const last = () => {
    const attempt = tried.at(-1);
    if (attempt === undefined) throw new Error("nothing was tried");
    return attempt;
  };
  /** The attempt under way fails, and the next begins when it is time. */
  const fail = (error: string, permanent = false) => {
    last().report.failed(error, permanent ? "refused" : "lost");
    const { length } = tried;
    const from = clock.now();
    while (tried.length === length) clock.advance(125);
    return clock.now() - from;
  };
  return { clock, log, tried, supervisor, last, fail };
}

describe("the cycle", () => {
  test("tries another target without waiting, and without a line for the first one's failure", () => {
    const { supervisor, last, clock, tried, log, fail } = stage();
    supervisor.start();
    last().report.failed("has no live/show", "elsewhere");
    clock.advance(50);
    expect(tried).toHaveLength(2);
    expect(log.take(/^(?:info|warn)/)).toEqual([]);
    // The place that was left does not make the next failure a later one.
    expect(fail("connection refused")).toBe(500);
    last().report.running("srs/2");
    clock.advance(10_000);
    last().report.failed("closed", "elsewhere");
    clock.advance(50);
    expect(tried).toHaveLength(4);
    expect(log.lines.at(-1)).toBe("warn forward lost to=edge:1935 stream=live/show error=closed retry_ms=50");
  });

  test("begins at start, and only once", () => {
    const { supervisor, tried, clock } = stage();
    expect(supervisor.status).toEqual({ state: "stopped" });
    supervisor.start();
    supervisor.start();
    expect(tried).toHaveLength(1);
    expect(supervisor.status).toEqual({
      state: "connecting",
      since: clock.wall(),
      attempt: 1,
      lastError: undefined,
    });
  });

  test("counts as running when the attempt says so", () => {
    const { supervisor, last, clock } = stage();
    supervisor.start();
    clock.advance(100);
    last().report.running("srs/2");
    expect(supervisor.status).toEqual({ state: "running", since: clock.wall(), server: "srs/2" });
  });

  test("waits after a failure, reports until when and why, and retries for ever", () => {
    const { supervisor, last, clock, tried } = stage();
    supervisor.start();
    last().report.failed("connection refused", "lost");
    expect(supervisor.status).toEqual({
      state: "waiting",
      since: clock.wall(),
      attempt: 1,
      nextRetryAt: clock.wall() + 500,
      lastError: "connection refused",
    });
    clock.advance(499);
    expect(tried).toHaveLength(1);
    clock.advance(1);
    expect(tried).toHaveLength(2);
    expect(supervisor.status).toMatchObject({ state: "connecting", attempt: 2, lastError: "connection refused" });
    for (let i = 0; i < 1000; i++) {
      last().report.failed("connection refused", "lost");
      clock.advance(5000);
    }
    expect(tried).toHaveLength(1002);
  });

  test("waits longer and longer, up to 5 s", () => {
    const { supervisor, fail } = stage();
    supervisor.start();
    expect(Array.from({ length: 6 }, () => fail("no"))).toEqual([500, 1000, 2000, 4000, 5000, 5000]);
  });

  test("spreads its waits randomly by a quarter either way", () => {
    const { supervisor, last, clock } = stage(mulberry32(1));
    supervisor.start();
    const waits: number[] = [];
    for (let i = 0; i < 200; i++) {
      last().report.failed("no", "lost");
      const { status } = supervisor;
      if (status.state === "waiting") waits.push(status.nextRetryAt - status.since);
      clock.runUntilIdle();
    }
    const late = waits.slice(10);
    expect(Math.min(...late)).toBeGreaterThanOrEqual(3750);
    expect(Math.max(...late)).toBeLessThan(6250);
    expect(Math.max(...late) - Math.min(...late)).toBeGreaterThan(2000);
  });

  test("begins with short waits again after a connection that lived for longer than the first of them", () => {
    const { supervisor, fail, last, clock } = stage();
    supervisor.start();
    for (let i = 0; i < 4; i++) fail("no");
    last().report.running("");
    clock.advance(501);
    expect(fail("lost")).toBe(500);
  });

  test("does not treat a connection as healthy that ends as soon as it runs", () => {
    const { supervisor, fail, last } = stage();
    supervisor.start();
    for (let i = 0; i < 4; i++) {
      last().report.running("");
      fail("lost");
    }
    last().report.running("");
    expect(fail("lost")).toBe(5000);
  });

  test("retries slowly at a target that keeps refusing, but soon at first, as the refusal may pass", () => {
    const { supervisor, fail } = stage();
    supervisor.start();
    expect(Array.from({ length: 7 }, () => fail("refused", true))).toEqual([
      500, 1000, 2000, 4000, 5000, 30_000, 30_000,
    ]);
  });

  test("retries soon at the first refusals after an outage, too, however long that was", () => {
    const { supervisor, fail } = stage();
    supervisor.start();
    for (let i = 0; i < 20; i++) fail("connection refused");
    expect(Array.from({ length: 6 }, () => fail("refused", true))).toEqual([5000, 5000, 5000, 5000, 5000, 30_000]);
    expect(fail("connection refused")).toBe(5000);
    expect(fail("refused", true)).toBe(5000);
  });

  test("retries soon again after a refusal that has passed", () => {
    const { supervisor, fail, last, clock } = stage();
    supervisor.start();
    for (let i = 0; i < 6; i++) fail("refused", true);
    last().report.running("");
    clock.advance(1000);
    fail("lost");
    expect(fail("refused", true)).toBe(1000);
    for (let i = 0; i < 4; i++) fail("refused", true);
    last().report.running("");
    clock.advance(1000);
    expect(fail("refused", true)).toBe(500);
  });

  test("can be told to retry soon after a refusal, but makes at most two attempts a second", () => {
    const { supervisor, tried, clock, fail, last } = stage();
    supervisor.retrySoon();
    expect(tried).toHaveLength(0);
    supervisor.start();
    for (let i = 0; i < 10; i++) fail("no", true);
    last().report.failed("no", "refused");
    const { length } = tried;
    clock.advance(10_000);
    expect(tried).toHaveLength(length);
    supervisor.retrySoon();
    clock.advance(0);
    expect(tried).toHaveLength(length + 1);
    for (let i = 0; i < 100; i++) {
      last().report.failed("no", "refused");
      supervisor.retrySoon();
      clock.advance(50);
    }
    expect(tried).toHaveLength(length + 11);
    last().report.running("");
    supervisor.retrySoon();
    expect(supervisor.status.state).toBe("running");
  });

  test("accepts an attempt that fails before it has begun", () => {
    const clock = new FakeClock();
    let count = 0;
    const supervisor = new Supervisor({
      clock,
      random: () => 0.5,
      log: new RecordingLog(),
      what: "forward",
      fields: {},
      begin: (report) => {
        count++;
        report.failed("at once", "lost");
        return { abort: () => expect.unreachable() };
      },
    });
    supervisor.start();
    clock.advance(10_000);
    expect(count).toBe(5);
    supervisor.stop();
    expect(clock.timers).toBe(0);
  });
});

describe("an attempt", () => {
  test("has no effect after it has failed", () => {
    const { supervisor, last, tried, clock } = stage();
    supervisor.start();
    const { report } = last();
    report.failed("one", "lost");
    report.running("too late");
    report.failed("two", "lost");
    expect(supervisor.status).toMatchObject({ state: "waiting", lastError: "one" });
    clock.advance(500);
    report.running("too late");
    report.failed("three", "lost");
    expect(supervisor.status).toMatchObject({ state: "connecting" });
    expect(tried).toHaveLength(2);
  });

  test("that was stopped has no effect on the one that follows", () => {
    const { supervisor, last, clock } = stage();
    supervisor.start();
    const { report } = last();
    supervisor.stop();
    supervisor.start();
    report.running("too late");
    report.failed("too late", "lost");
    expect(supervisor.status).toMatchObject({ state: "connecting" });
    expect(clock.timers).toBe(0);
  });
});

describe("stop", () => {
  test("leaves nothing behind at any moment, and can be followed by another start", () => {
    const moments: Record<string, (at: ReturnType<typeof stage>) => void> = {
      connecting: () => {},
      running: ({ last }) => last().report.running(""),
      waiting: ({ last }) => last().report.failed("no", "lost"),
      again: ({ fail }) => fail("no"),
    };
    for (const [name, move] of Object.entries(moments)) {
      const at = stage();
      at.supervisor.start();
      move(at);
      const { aborted } = at.last();
      at.supervisor.stop();
      expect({ name, status: at.supervisor.status, timers: at.clock.timers }).toEqual({
        name,
        status: { state: "stopped" },
        timers: 0,
      });
      expect(at.last().aborted - aborted).toBe(name === "waiting" ? 0 : 1);
      const { length } = at.tried;
      at.clock.advance(100_000);
      expect(at.tried).toHaveLength(length);
      at.supervisor.start();
      expect(at.tried).toHaveLength(length + 1);
    }
  });

  test("by detach leaves the attempt running, and reports nothing of it", () => {
    const { supervisor, last, clock, tried, log } = stage();
    supervisor.start();
    last().report.running("");
    log.take();
    supervisor.detach();
    last().report.failed("the end", "lost");
    clock.advance(100_000);
    expect([last().aborted, tried.length, clock.timers, log.take()]).toEqual([0, 1, 0, []]);
  });
});

describe("the log", () => {
  test("has one line for each change, and none for repetitions", () => {
    const { supervisor, last, fail, log, clock } = stage();
    supervisor.start();
    fail("connection refused");
    expect(log.take()).toEqual([
      "warn forward failed to=edge:1935 stream=live/show error=connection refused retry_ms=500",
    ]);
    for (let i = 0; i < 10; i++) fail("connection refused");
    expect(log.take(/^(?!debug)/)).toEqual([]);
    for (let i = 0; i < 40; i++) fail("connection refused");
    log.take();
    fail("no route to host");
    expect(log.take(/^(?!debug)/)).toEqual([
      "warn forward failed to=edge:1935 stream=live/show error=no route to host retry_ms=5000",
    ]);
    last().report.running("srs/2");
    expect(log.take()).toEqual([
      "info forward running to=edge:1935 stream=live/show server=srs/2 outage_seconds=248 attempt=53",
    ]);
    clock.advance(1000);
    fail("no route to host");
    expect(log.take()).toEqual(["warn forward lost to=edge:1935 stream=live/show error=no route to host retry_ms=500"]);
  });
});

describe("a relay whose places fail in turn", () => {
  test("logs each of their errors once, however often they alternate", () => {
    const { supervisor, last, fail, log, clock } = stage();
    supervisor.start();
    for (let round = 0; round < 50; round++) {
      fail("refused: no such stream");
      fail("no media within 5 s");
    }
    expect(log.take(/^warn forward failed/)).toEqual([
      "warn forward failed to=edge:1935 stream=live/show error=refused: no such stream retry_ms=500",
      "warn forward failed to=edge:1935 stream=live/show error=no media within 5 s retry_ms=1000",
    ]);
    last().report.running("srs/2");
    clock.advance(1000);
    fail("no media within 5 s");
    fail("refused: no such stream");
    expect(log.take(/^warn/)).toHaveLength(2);
  });

  test("has few lines for an error that differs each time", () => {
    const { supervisor, fail, log } = stage();
    supervisor.start();
    for (let attempt = 0; attempt < 100; attempt++) fail(`refused: request ${attempt}`);
    expect(log.take(/^warn forward failed/)).toHaveLength(8);
  });
});

describe("a target that accepts and closes at once", () => {
  test("is logged twice, retried slowly, and announced when a session lasts", () => {
    const { supervisor, last, clock, tried, log } = stage();
    supervisor.start();
    for (let session = 0; session < 8; session++) {
      last().report.running("nginx");
      last().report.failed("the target closed the connection", "lost");
      const { length } = tried;
      while (tried.length === length) clock.advance(125);
    }
    expect(log.lines.filter((line) => !line.startsWith("debug") && !line.includes("still failing"))).toHaveLength(4);
    expect(log.lines.filter((line) => line.includes("still failing"))).toHaveLength(1);
    expect(clock.now()).toBeGreaterThan(60_000);
    last().report.running("nginx");
    clock.advance(5000);
    expect(log.lines.at(-1)).toStartWith("info forward running");
    last().report.failed("the target closed the connection", "lost");
    expect(log.lines.at(-1)).toStartWith("warn forward lost");
  });
});
