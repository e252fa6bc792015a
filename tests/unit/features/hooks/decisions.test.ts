import { describe, expect, test } from "bun:test";
import { parseHookUrl } from "../../../../src/features/hooks/hook-url.ts";
import { GuardChain } from "../../../../src/live/ports/access.ts";
import { accessRequest } from "../../../support/access.ts";
import { HooksStage } from "../../../support/hooks-stage.ts";

const other = parseHookUrl("http://other.example/srs");

describe("A decision", () => {
  test("is the back end's, with its text for the client and the back end's name for the log", async () => {
    const stage = new HooksStage();
    stage.backEnds.fate = () => ({ text: '{"code":1,"msg":"pay first"}' });
    expect(await stage.check()).toEqual({
      kind: "denied",
      reason: "pay first",
      detail: "on_connect: code 1 from http://hooks.example:80",
    });
  });

  test.each(["deny", "allow"] as const)("that can't be obtained is as on_failure = %s says", async (onFailure) => {
    const stage = new HooksStage({ on_failure: onFailure, on_connect: [] });
    stage.backEnds.fate = () => ({ status: 500 });
    const detail = "on_play: it answers 500 from http://hooks.example:80";
    const refusal = { kind: "unavailable" as const, reason: "access could not be checked", detail };
    expect(await stage.check()).toEqual(onFailure === "deny" ? refusal : undefined);
  });

  test("that is a refusal stays one with on_failure = allow", async () => {
    const stage = new HooksStage({ on_failure: "allow" });
    stage.backEnds.fate = () => ({ status: 403 });
    expect(await stage.check()).toMatchObject({ kind: "denied" });
  });

  test("needs each URL to allow, in their order and within one timeout", async () => {
    const stage = new HooksStage({ on_connect: [], on_play: [other, ...(new HooksStage().config?.on_play ?? [])] });
    expect(await stage.check()).toBeUndefined();
    expect(stage.backEnds.received.map(({ url }) => url)).toEqual([other.href, "http://hooks.example/srs"]);
    stage.backEnds.fate = ({ url }) => ({ text: url === other.href ? "1" : "0" });
    expect(await stage.check()).toMatchObject({ kind: "denied" });
    expect(stage.backEnds.received.length).toBe(3);
    stage.backEnds.fate = ({ url }) => (url === other.href ? { backMs: 2000 } : { hangs: true });
    const asked = stage.clock.now();
    const answered = Promise.resolve(stage.hooks.check(accessRequest())).then(() => stage.clock.now() - asked);
    await stage.pass(4000);
    expect(await answered).toBeGreaterThanOrEqual(3000);
    expect(await answered).toBeLessThanOrEqual(3100);
  });

  test("of a back end that refuses counts with on_failure = allow, even if another one hangs", async () => {
    const stage = new HooksStage({
      on_failure: "allow",
      on_connect: [],
      on_play: [other, ...(new HooksStage().config?.on_play ?? [])],
    });
    stage.backEnds.fate = ({ url }) => (url === other.href ? { hangs: true } : { text: "1", backMs: 500 });
    const asked = stage.clock.now();
    const answered = Promise.resolve(stage.hooks.check(accessRequest())).then((result) => ({
      result,
      ms: stage.clock.now() - asked,
    }));
    await stage.pass(4000);
    expect((await answered).result).toMatchObject({ kind: "denied" });
    expect((await answered).ms).toBeLessThanOrEqual(3000);
  });

  test("on a connect is requested later when the stream's name leads to another vhost", async () => {
    const stage = new HooksStage();
    expect(await stage.connect({ vhost: "elsewhere" })).toBeUndefined();
    expect(stage.backEnds.take()).toEqual([]);
    expect(await stage.check()).toBeUndefined();
    expect(await stage.check()).toBeUndefined();
    expect(stage.backEnds.take()).toEqual(["on_connect c1", "on_play c1", "on_play c1"]);
  });

  test("on a connect is not requested for viewers over HTTP", async () => {
    const stage = new HooksStage();
    expect(await stage.check({ protocol: "http" })).toBeUndefined();
    expect(stage.backEnds.take()).toEqual(["on_play c1"]);
  });

  test("is reused while it is cached, for clients that differ in nothing else", async () => {
    const stage = new HooksStage({ cache: 10, on_connect: [] });
    for (const clientId of ["c1", "c2"]) await stage.check({ clientId });
    await stage.check({ clientId: "c3", address: "192.0.2.2" });
    await stage.check({ clientId: "c4", param: "?k=2" });
    expect(stage.backEnds.take()).toEqual(["on_play c1", "on_play c3", "on_play c4"]);
    await stage.pass(10_000);
    await stage.check({ clientId: "c5" });
    expect(stage.backEnds.take()).toEqual(["on_play c5"]);
    if (stage.config !== undefined) stage.config = { ...stage.config };
    await stage.check({ clientId: "c6" });
    expect(stage.backEnds.take()).toEqual(["on_play c6"]);
  });

  test("takes little memory while it is cached, however long the client's URL and the answer are", async () => {
    const stage = new HooksStage({ cache: 3600, on_connect: [] });
    stage.backEnds.fate = () => ({ text: JSON.stringify({ code: 0, data: "d".repeat(60_000) }) });
    const bytes = () => {
      Bun.gc(true);
      return process.memoryUsage().heapUsed;
    };
    const before = bytes();
    for (let at = 0; at < 500; at++) {
      void stage.hooks.check(
        accessRequest({ protocol: "http", clientId: `c${at}`, param: `?k=${at}${"x".repeat(60_000)}` }),
      );
      await stage.pass(50);
    }
    expect(stage.backEnds.received.splice(0).length).toBe(500);
    // Allowed activities that never begin are forgotten.
    await stage.pass(140_000);
    stage.backEnds.received.length = 0;
    expect(bytes() - before).toBeLessThan(15_000_000);
  });

  test("is not cached when there was no answer, nor for publishers", async () => {
    const stage = new HooksStage({ cache: 10, on_connect: [] });
    stage.backEnds.fate = () => ({ status: 500 });
    for (const clientId of ["c1", "c2"]) await stage.check({ clientId });
    stage.backEnds.fate = () => ({});
    for (const clientId of ["c3", "c4"]) await stage.check({ clientId, action: "publish" });
    expect(stage.backEnds.take().length).toBe(4);
  });

  test("that allowed a client is followed by an end, even if the client is refused later, or gone", async () => {
    const stage = new HooksStage({ on_connect: [], on_close: [] });
    const refused = stage.client("c1");
    await stage.check();
    refused.disconnected(undefined);
    await stage.pass(100);
    expect(stage.backEnds.take()).toEqual(["on_play c1", "on_stop c1"]);
    stage.backEnds.fate = () => ({ backMs: 1000 });
    const gone = stage.client("c2");
    const answer = stage.hooks.check(accessRequest({ clientId: "c2" }));
    gone.disconnected(undefined);
    await stage.pass(2000);
    expect(await answer).toBeUndefined();
    expect(stage.backEnds.take()).toEqual(["on_play c2", "on_stop c2"]);
    stage.backEnds.fate = () => ({});
    await stage.check({ clientId: "v1", protocol: "hls" });
    await stage.pass(60_000);
    await stage.check({ clientId: "v1", protocol: "hls" });
    await stage.pass(100_000);
    expect(stage.backEnds.take()).toEqual(["on_play v1", "on_play v1"]);
    await stage.pass(40_000);
    expect(stage.backEnds.take()).toEqual(["on_stop v1"]);
    expect(stage.clock.timers).toBe(0);
  });

  test("of one back end that allowed a client is followed by its end there, when another one refuses it or it leaves before", async () => {
    const mine = new HooksStage().config?.on_play ?? [];
    const both = { on_play: [other, ...mine], on_stop: [other, ...mine], on_connect: [], on_close: [] };
    const stage = new HooksStage(both);
    stage.backEnds.fate = ({ url }) => ({ text: url === other.href ? "0" : "1", backMs: 10 });
    const told = () => stage.backEnds.received.splice(0).map(({ url, body }) => `${body.action} ${new URL(url).host}`);
    expect(await stage.check()).toMatchObject({ kind: "denied" });
    await stage.pass(100);
    expect(told()).toEqual(["on_play other.example", "on_play hooks.example", "on_stop other.example"]);
    stage.backEnds.fate = () => ({ backMs: 100 });
    const guards = new GuardChain([stage.hooks], stage.clock);
    const question = guards.ask(accessRequest(), () => undefined);
    await stage.pass(50);
    question.cancel();
    await stage.pass(1000);
    expect(told()).toEqual(["on_play other.example", "on_stop other.example"]);
  });

  test("that refused a client is followed by no end but that of the connection", async () => {
    const stage = new HooksStage();
    const client = stage.client("c1");
    stage.backEnds.fate = ({ body }) => ({ text: body.action === "on_play" ? "1" : "0" });
    await stage.connect();
    await stage.check();
    client.disconnected(undefined);
    await stage.pass(100);
    expect(stage.backEnds.take()).toEqual(["on_connect c1", "on_play c1", "on_close c1"]);
  });
});
