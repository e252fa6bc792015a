import { describe, expect, test } from "bun:test";
import type { HookResult } from "../../../../src/features/hooks/answer.ts";
import { Calls } from "../../../../src/features/hooks/calls.ts";
import { parseHookUrl } from "../../../../src/features/hooks/hook-url.ts";
import { FakeBackEnds, passTime } from "../../../support/fake-back-end.ts";
import { FakeClock } from "../../../support/fake-clock.ts";
import { RecordingLog } from "../../../support/recording-log.ts";

const one = parseHookUrl("http://one.example/hooks");
const two = parseHookUrl("http://two.example/hooks");
const settings = { timeoutMs: 3000, secret: "" };

class Stage {
  readonly clock = new FakeClock();
  readonly backEnds = new FakeBackEnds(this.clock);
  readonly log = new RecordingLog();
  readonly results: string[] = [];
  #ids = 0;
  readonly calls = new Calls({
    clock: this.clock,
    log: this.log,
    httpPost: this.backEnds.post,
    randomNumber: () => 0.5,
    randomHex: () => String(++this.#ids),
  });

  ask(client: string, url = one, event = "on_play"): void {
    void this.calls.ask(client, url, { action: event, client_id: client }, settings).then((result) => {
      this.results.push(`${client} ${said(result)}`);
    });
  }

  notify(client: string, event: string, url = one): void {
    this.calls.notify(client, url, { action: event, client_id: client }, settings);
  }

  pass(ms: number): Promise<void> {
    return passTime(this.clock, ms);
  }

  counts(event: string, to = "http://one.example:80") {
    const { allowed, refused, failed, dropped, waiting } =
      this.calls.reports().find((report) => report.event === event && report.to === to) ?? {};
    return { allowed, refused, failed, dropped, waiting };
  }
}

function said(result: HookResult): string {
  return result.kind === "failed" ? result.problem : result.kind;
}

describe("A decision", () => {
  test("is requested once, and is the back end's answer", async () => {
    const stage = new Stage();
    stage.backEnds.fate = ({ body }) => ({ text: body.client_id === "c2" ? "1" : "0" });
    for (const client of ["c1", "c2"]) stage.ask(client);
    await stage.pass(100);
    expect(stage.results).toEqual(["c1 allowed", "c2 refused"]);
    expect(stage.backEnds.take()).toEqual(["on_play c1", "on_play c2"]);
    expect(stage.calls.idle).toBe(true);
  });

  test("fails within its timeout, whether the back end hangs or calls wait for it, and does not delay others", async () => {
    const stage = new Stage();
    stage.backEnds.fate = ({ url }) => ({ hangs: url === one.href });
    for (let client = 0; client < 200; client++) stage.ask(`c${client}`);
    await stage.pass(100);
    expect(stage.backEnds.underWay).toBe(48);
    stage.ask("other", two);
    await stage.pass(100);
    expect(stage.results).toEqual(["other allowed"]);
    await stage.pass(3000);
    expect(stage.results.length).toBe(201);
    expect(new Set(stage.results.slice(1).map((text) => text.replace(/^c\d+ /, "")))).toEqual(
      new Set(["no answer within 3 s", "it was not asked, as calls before this one took 2.25 s"]),
    );
    expect(stage.backEnds.underWay).toBe(0);
    expect(stage.calls.idle).toBe(true);
  });

  test("is not delayed by notifications that hang, even at the same back end", async () => {
    const stage = new Stage();
    stage.backEnds.fate = ({ body }) => ({ hangs: body.action === "on_stop" });
    for (let client = 0; client < 200; client++) stage.notify(`c${client}`, "on_stop");
    stage.ask("new");
    await stage.pass(100);
    expect(stage.results).toEqual(["new allowed"]);
    expect(stage.backEnds.maxUnderWay).toBe(17);
  });

  test("comes after the client's earlier notifications to the same back end", async () => {
    const stage = new Stage();
    let isDown = true;
    stage.backEnds.fate = () => (isDown ? { isLost: true, error: "connection refused" } : {});
    stage.notify("c1", "on_unpublish");
    await stage.pass(200);
    isDown = false;
    stage.ask("c1", one, "on_publish");
    await stage.pass(200);
    expect(stage.backEnds.take()).toEqual(["on_unpublish c1", "on_publish c1"]);
    expect(stage.results).toEqual(["c1 allowed"]);
  });

  test("fails for an endless answer, of which only a limited part is read", async () => {
    const stage = new Stage();
    stage.backEnds.fate = () => ({ text: "0".repeat(1_000_000) });
    stage.ask("c1");
    await stage.pass(100);
    expect(stage.results).toEqual(["c1 its answer has more than 65536 bytes"]);
  });

  test("is a no if the code of the answer is no number, however deeply that is nested", async () => {
    const stage = new Stage();
    stage.backEnds.fate = () => ({ text: `{"code":${"[".repeat(30_000)}${"]".repeat(30_000)}}` });
    stage.ask("c1");
    await stage.pass(100);
    expect(stage.results).toEqual(["c1 refused"]);
  });

  test("fails when the answer is cut off, even if the received part would allow", async () => {
    const stage = new Stage();
    stage.backEnds.fate = () => ({ error: "the server closed the connection", afterBody: true });
    stage.ask("c1");
    await stage.pass(100);
    expect(stage.results).toEqual(["c1 the server closed the connection"]);
  });
});

describe("A notification", () => {
  test("is repeated with the same id until it is delivered, and later ones wait", async () => {
    const stage = new Stage();
    let failures = 3;
    stage.backEnds.fate = () => (failures-- > 0 ? { status: 500 } : {});
    stage.notify("c1", "on_stop");
    stage.notify("c1", "on_close");
    await stage.pass(10_000);
    expect(stage.backEnds.received.map(({ id }) => id)).toEqual(["msg_1", "msg_1", "msg_1", "msg_1", "msg_2"]);
    expect(stage.counts("on_stop")).toEqual({ allowed: 1, refused: 0, failed: 3, dropped: 0, waiting: 0 });
  });

  test("of another client, or to another back end, does not wait for it", async () => {
    const stage = new Stage();
    stage.backEnds.fate = ({ url, body }) => ({ status: url === one.href && body.client_id === "c1" ? 500 : 200 });
    stage.notify("c1", "on_stop");
    stage.notify("c2", "on_stop");
    stage.notify("c1", "on_stop", two);
    await stage.pass(200);
    expect(stage.counts("on_stop")).toMatchObject({ allowed: 1, waiting: 1 });
    expect(stage.counts("on_stop", "http://two.example:80")).toMatchObject({ allowed: 1, waiting: 0 });
  });

  test("that the back end answers with an error counts as delivered", async () => {
    const stage = new Stage();
    stage.backEnds.fate = () => ({ text: '{"code":5}' });
    stage.notify("c1", "on_stop");
    await stage.pass(60_000);
    expect(stage.backEnds.take()).toEqual(["on_stop c1"]);
    expect(stage.counts("on_stop")).toMatchObject({ refused: 1, waiting: 0 });
  });

  test("is given up after ten minutes, and counted", async () => {
    const stage = new Stage();
    stage.backEnds.fate = () => ({ hangs: true });
    stage.notify("c1", "on_stop");
    await passTime(stage.clock, 700_000, 1000);
    expect(stage.counts("on_stop")).toMatchObject({ dropped: 1, waiting: 0 });
    expect(stage.calls.idle).toBe(true);
    expect(stage.clock.timers).toBe(0);
  });

  test("is dropped and counted while too many wait", async () => {
    const stage = new Stage();
    stage.backEnds.fate = () => ({ hangs: true });
    for (let at = 0; at < 40_050; at++) stage.notify(`c${at % 5000}`, "on_stop");
    stage.clock.settle();
    expect(stage.counts("on_stop")).toMatchObject({ dropped: 50, waiting: 40_000 });
    expect(stage.log.take(/dropped/)).toEqual([
      "warn hook notifications dropped hook=on_stop to=http://one.example:80 dropped=1",
    ]);
    // The others are told when the back end is back, as no further one may be dropped.
    await stage.pass(4000);
    stage.backEnds.fate = () => ({});
    await stage.pass(4000);
    expect(stage.log.take(/answers again/)).toEqual([expect.stringMatching(/ dropped=49$/)]);
  });

  test("has room while other back ends are dead, however many notifications wait for these", async () => {
    const stage = new Stage();
    const dead = parseHookUrl("http://dead.example/hooks");
    stage.backEnds.fate = ({ url }) => ({ hangs: url !== one.href });
    for (let at = 0; at < 45_000; at++) for (const url of [two, dead]) stage.notify(`c${at % 5000}`, "on_stop", url);
    stage.clock.settle();
    const waiting = [two, dead].map(({ backEnd }) => stage.counts("on_stop", backEnd).waiting ?? 0);
    expect(Math.min(...waiting)).toBeGreaterThan(25_000);
    for (let at = 0; at < 1000; at++) stage.notify(`c${at}`, "on_stop");
    await stage.pass(1000);
    expect(stage.counts("on_stop")).toEqual({ allowed: 1000, refused: 0, failed: 0, dropped: 0, waiting: 0 });
  });

  test("has one more attempt when the server stops", async () => {
    const stage = new Stage();
    let isDown = true;
    stage.backEnds.fate = () => (isDown ? { isLost: true, error: "connection refused" } : {});
    for (const client of ["c1", "c2"]) stage.notify(client, "on_stop");
    await stage.pass(400);
    isDown = false;
    stage.calls.stop();
    stage.notify("c1", "on_close");
    await stage.pass(100);
    expect(stage.backEnds.take()).toEqual(["on_stop c1", "on_stop c2", "on_close c1"]);
    isDown = true;
    stage.notify("c3", "on_stop");
    await stage.pass(100);
    expect(stage.calls.idle).toBe(true);
    expect(stage.counts("on_stop")).toMatchObject({ dropped: 1 });
  });

  test("is dropped when the server can wait no longer", async () => {
    const stage = new Stage();
    stage.backEnds.fate = () => ({ hangs: true });
    stage.notify("c1", "on_stop");
    stage.notify("c1", "on_close");
    stage.ask("c1");
    await stage.pass(100);
    stage.calls.close();
    await stage.pass(0);
    expect(stage.results).toEqual(["c1 no answer within 3 s"]);
    expect([stage.calls.idle, stage.clock.timers, stage.backEnds.underWay]).toEqual([true, 0, 0]);
  });
});

describe("An outage", () => {
  test("makes at most one line a minute, however often the back end changes", async () => {
    const stage = new Stage();
    for (let at = 0; at < 300; at++) {
      stage.backEnds.fate = () => ({ status: at % 2 === 0 ? 500 : 200 });
      stage.ask(`c${at}`);
      await stage.pass(1000);
    }
    const lines = stage.log.take();
    expect(lines.filter((line) => line.startsWith("warn")).length).toBe(5);
    expect(lines.filter((line) => line.startsWith("info")).length).toBe(5);
    expect(lines.slice(0, 2)).toEqual([
      "warn hook fails hook=on_play to=http://one.example:80 error=it answers 500 failures=1",
      "info hook answers again to=http://one.example:80",
    ]);
  });

  test("is in the report until the back end answers again", async () => {
    const stage = new Stage();
    stage.backEnds.fate = () => ({ status: 500 });
    stage.ask("c1");
    await stage.pass(100);
    expect(stage.calls.reports()[0]).toMatchObject({ lastError: "it answers 500", failingSince: expect.any(Number) });
    stage.backEnds.fate = () => ({});
    stage.ask("c1");
    await stage.pass(100);
    expect(stage.calls.reports()[0]).toMatchObject({ lastError: undefined, failingSince: undefined });
    stage.calls.forgetUnused(new Set());
    expect(stage.calls.reports()).toEqual([]);
  });
});
