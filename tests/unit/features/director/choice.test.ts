import { describe, expect, test } from "bun:test";
import type { NodeLoad } from "../../../../src/live/ports/nodes.ts";
import { criteria, FleetStage, idle } from "../../../support/fleet-stage.ts";

describe("A client is sent", () => {
  test("to a node that is alive, has room for its weight and does not drain, by an address that the client can use", () => {
    const stage = new FleetStage();
    const dead = stage.known({ id: "dead" }, false);
    stage.set({ id: "a" }, { id: "b", draining: true }, { id: "c", weight: 0 }, { id: "d", advertise: [] });
    stage.nodes.others = [...stage.nodes.others, dead, { ...dead, alive: true, state: undefined }];
    expect(stage.choice.choose(stage.nodes.all(), criteria("x"))).toMatchObject({
      id: "a",
      url: "rtmp://a:1935",
      isSelf: false,
    });
    expect(stage.choice.choose(stage.nodes.all(), criteria("x", { schemes: ["http", "https"] }))?.url).toBe(
      "https://a:443",
    );
    expect(stage.choice.choose(stage.nodes.all(), criteria("x", { schemes: ["http"] }))).toBeUndefined();
  });

  test("to the same node again while that is fit, and moves alone when its node goes", () => {
    const stage = new FleetStage();
    const load = { ...idle, connections: 500 };
    const all = ["a", "b", "c", "d"].map((id) => ({ id, load }));
    const chosen = () =>
      Array.from({ length: 200 }, (_, at) => stage.choice.rank(stage.nodes.all(), criteria(`client ${at}`))[0]?.id);
    stage.set(...all);
    const before = chosen();
    expect(chosen()).toEqual(before);
    stage.set(...all.filter(({ id }) => id !== "b"));
    const after = chosen();
    expect(after.filter((id, at) => before[at] !== "b" && before[at] !== id)).toEqual([]);
    expect(new Set(after).size).toBe(3);
  });

  test("to the node that it has, even if others have less load, until that node is full or gone", () => {
    const stage = new FleetStage();
    const full = { ...idle, connections: 1000 };
    const current = criteria("x", { current: "a" });
    stage.set({ id: "a", load: { ...idle, connections: 900 } }, { id: "b" });
    expect(stage.choice.choose(stage.nodes.all(), current)?.id).toBe("a");
    stage.set({ id: "a", load: full }, { id: "b" });
    expect(stage.choice.choose(stage.nodes.all(), current)?.id).toBe("b");
    stage.set({ id: "b" });
    expect(stage.choice.choose(stage.nodes.all(), current)?.id).toBe("b");
  });

  test("to nodes of its zone while these have room, then elsewhere", () => {
    const stage = new FleetStage();
    const near = { id: "near", zone: "west", load: { ...idle, connections: 800 } };
    stage.set(near, { id: "far", zone: "east" });
    expect(stage.spread(50, { zone: "west" })).toEqual(new Map([["near", 50]]));
    stage.set({ ...near, load: { ...idle, connections: 950 } }, { id: "far", zone: "east" });
    expect(stage.spread(50, { zone: "west" })).toEqual(new Map([["far", 50]]));
  });

  test.each<[string, Partial<NodeLoad>]>([
    ["connections", { connections: 700 }],
    ["line", { kbps: 700_000, maxKbps: 1_000_000 }],
    ["processor", { cpu: 0.9 }],
  ])("to another node than the one whose %s has most to do", (_, load) => {
    const stage = new FleetStage();
    const light = { connections: 100, kbps: 100_000, maxKbps: 1_000_000, cpu: 0.3 };
    stage.set({ id: "busy", load: { ...idle, ...light, ...load } }, { id: "light", load: { ...idle, ...light } });
    expect(stage.spread(100)).toEqual(new Map([["light", 100]]));
  });

  test("not to the same node as all others, even if known loads are a second old", () => {
    const stage = new FleetStage();
    const load = { ...idle, connections: 100 };
    stage.set({ id: "a", load: idle }, { id: "b", load }, { id: "c", load });
    const counts = stage.spread(400);
    expect([counts.get("a"), counts.get("b"), counts.get("c")].map((count) => Math.round((count ?? 0) / 20))).toEqual([
      10, 5, 5,
    ]);
  });
});

test("A client counts as on its way until its node's numbers include it, or have had the time to", () => {
  const stage = new FleetStage();
  const counts = () => stage.choice.standings(stage.nodes.all(), criteria("x"))[1]?.onTheWay;
  const sent = (count: number) => stage.spread(count);
  stage.set({ id: "a" });
  stage.clock.advance(1000);
  sent(5);
  expect(counts()).toBe(5);
  stage.clock.advance(50);
  stage.set({ id: "a", load: { ...idle, connections: 3 } });
  expect(counts()).toBe(2);
  sent(4);
  expect(counts()).toBe(6);
  // One more has come, and the other one never will.
  stage.clock.advance(1000);
  stage.set({ id: "a", load: { ...idle, connections: 7 } });
  expect(counts()).toBe(0);
});

test("No more than a bounded number of clients counts as on their way to a node whose numbers stay old", () => {
  const stage = new FleetStage();
  stage.set({ id: "a" });
  stage.spread(10_100);
  expect(stage.choice.standings(stage.nodes.all(), criteria("x"))[1]?.onTheWay).toBe(10_000);
});
