import { expect, test } from "bun:test";
import { NodeFlowMeter } from "../../../src/app/node-flow.ts";
import { MAX_NODE_LINKS } from "../../../src/live/ports/nodes.ts";
import type { RelayReport } from "../../../src/live/ports/report.ts";
import { ApiStage } from "../../support/api-stage.ts";

/** A meter over the streams, clients and relays of a stage; `received` is what has come in so far. */
function meterOf(stage: ApiStage) {
  const counts = { received: 0 };
  const meter = new NodeFlowMeter({
    ...{ clock: stage.clock, clients: stage.clients, streams: stage.live.streams },
    report: () => ({ relays: stage.relays, health: stage.health, received: counts.received }),
  });
  return { meter, counts };
}

const running: Partial<RelayReport> = {
  ...{ state: "running", running: true, failing: false, lastError: undefined, failingSince: undefined },
};

test("Encoders and viewers are counted without servers, which are links", () => {
  const stage = new ApiStage();
  stage.publisher();
  stage.player();
  stage.player("show", { relay: true, lagMs: 40 }, "192.0.2.9");
  stage.player("show", { relay: true, lagMs: 70 }, "192.0.2.9");
  const { encoders, viewers, links } = meterOf(stage).meter.current;
  expect([encoders, viewers]).toEqual([1, 1]);
  expect(links).toMatchObject([{ flow: "serve", to: "192.0.2.9", running: 2, lagMs: 70 }]);
});

test("Relays to one server are one link, with rates over the time between two measurements", () => {
  const stage = new ApiStage();
  const relay = (id: string, bytes: number, more: Partial<RelayReport> = {}) =>
    stage.relay({ id, to: "edge:1935/live", bytes, ...running, lagMs: 5, ...more });
  relay("f1", 1000);
  relay("f2", 0, { state: "waiting", running: false, failing: true, lastError: "rtmp://edge/live/key?token=x failed" });
  const { meter, counts } = meterOf(stage);
  expect(meter.current).toMatchObject({ kbpsIn: 0, links: [{ kbps: 0, running: 1, failing: 1 }] });
  stage.clock.advance(1000);
  stage.relays.length = 0;
  relay("f1", 126_000);
  relay("f3", 125_000);
  relay("p1", 0, { flow: "pull", to: "rtmps://origin:443" });
  counts.received = 250_000;
  const { kbpsIn, links } = meter.current;
  expect(kbpsIn).toBe(2000);
  expect(links).toMatchObject([
    { flow: "push", to: "edge:1935", running: 2, failing: 0, kbps: 2000, error: undefined },
    { flow: "pull", to: "origin:443", running: 1, kbps: 0 },
  ]);
});

test("A link's error is reported without secrets, and of many links the failing ones", () => {
  const stage = new ApiStage();
  for (let at = 0; at < 100; at++) stage.relay({ id: `f${at}`, to: `edge${at}:1935`, ...running });
  stage.relay({ id: "x", to: "last:1935", lastError: "rtmp://h/live/show?token=secret is wrong" });
  const { links } = meterOf(stage).meter.current;
  expect(links).toHaveLength(MAX_NODE_LINKS);
  expect(links[0]?.to).toBe("last:1935");
  expect(links[0]?.error).not.toContain("secret");
});

test("A flow is measured at most once a second, however many callers ask", () => {
  const stage = new ApiStage();
  const { meter } = meterOf(stage);
  const first = meter.current;
  stage.clock.advance(500);
  expect(meter.current).toBe(first);
  stage.clock.advance(500);
  expect(meter.current).not.toBe(first);
});
