import { expect, test } from "bun:test";
import { accessRequest } from "../../../support/access.ts";
import { HooksStage } from "../../../support/hooks-stage.ts";

/** Clients ask to play, at an even rate; what became of each, in the order of the answers. */
async function storm(stage: HooksStage, perSecond: number, seconds: number): Promise<string[]> {
  const outcomes: string[] = [];
  const stepMs = 50;
  for (let asked = 0, ms = 0; ms < seconds * 1000; ms += stepMs) {
    for (const due = ((ms + stepMs) * perSecond) / 1000; asked < due; asked++)
      void Promise.resolve(stage.hooks.check(accessRequest({ clientId: `c${asked}` }))).then((refusal) =>
        outcomes.push(refusal?.kind ?? "allowed"),
      );
    await stage.pass(stepMs);
  }
  await stage.pass(4000);
  return outcomes;
}

test("a back end that is too slow for all clients decides about as many of them as it can", async () => {
  const stage = new HooksStage({ on_connect: [], on_stop: [] });
  // 48 calls of 200 ms each are 240 answers a second.
  stage.backEnds.fate = () => ({ thereMs: 100, backMs: 100 });
  const outcomes = await storm(stage, 500, 10);
  expect(outcomes.length).toBe(5000);
  const allowed = outcomes.filter((outcome) => outcome === "allowed").length;
  expect(allowed).toBeGreaterThan(1900);
});

test("a back end that hangs is called for few of the waiting clients, and all are refused in time", async () => {
  const stage = new HooksStage({ on_connect: [], on_stop: [] });
  let calls = 0;
  stage.backEnds.fate = () => {
    calls++;
    return { hangs: true };
  };
  const outcomes = await storm(stage, 500, 10);
  expect(outcomes.filter((outcome) => outcome === "unavailable").length).toBe(5000);
  // 48 in each quarter of the timeout, 750 ms.
  expect(calls).toBeLessThan((48 * 14) / 0.75);
  expect(stage.backEnds.maxUnderWay).toBeLessThanOrEqual(48);
});

test("back ends are notified of clients that leave together some in each turn of the event loop, in order, and none is dropped", async () => {
  const stage = new HooksStage({ on_connect: [], on_play: [] });
  const clients = Array.from({ length: 10_000 }, (_, at) => stage.client(`c${at}`));
  for (const client of clients) await stage.hooks.checkConnect(connectOf(client.id));
  const tasks = clients.map((client) => stage.play(client));
  for (const [at, client] of clients.entries()) {
    client.ended(tasks[at] as (typeof tasks)[number], "unpublished");
    client.disconnected(undefined);
  }
  expect(stage.hooks.report().now?.hooks_waiting).toBe(256);
  expect(stage.hooks.idle).toBe(false);
  await stage.pass(60_000);
  expect(stage.hooks.idle).toBe(true);
  expect(stage.hooks.report().since).toEqual({
    hook_calls: 20_000,
    hook_failures: 0,
    hook_drops: 0,
    hook_targets_left_out: 0,
  });
  const told = Map.groupBy(stage.backEnds.received, ({ body }) => body.client_id);
  const orders = new Set([...told.values()].map((calls) => calls.map(({ body }) => body.action).join()));
  expect([told.size, ...orders]).toEqual([10_000, "on_stop,on_close"]);
});

test.each([
  [405, true],
  [404, true],
  [429, false],
  [503, false],
])("a notification answered with status %i delays later ones for seconds only: %p", async (status, isFreed) => {
  const stage = new HooksStage({ on_connect: [] });
  stage.backEnds.fate = ({ body }) => (body.action === "on_forward" ? { status } : {});
  const client = stage.client("c1");
  await stage.check({ action: "publish" });
  const task = stage.publish(client);
  client.ended(task, "unpublished");
  await stage.pass(20_000);
  const events = stage.backEnds.received.map(({ body }) => body.action);
  expect(events.filter((event) => event === "on_forward").length).toBeGreaterThan(3);
  expect(events.includes("on_unpublish")).toBe(isFreed);
});

function connectOf(clientId: string) {
  return { ...accessRequest({ clientId }), app: "live", vhost: "__defaultVhost__" };
}
