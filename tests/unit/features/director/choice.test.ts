import { describe, expect, test } from "bun:test";
import fc from "fast-check";
import { Choice, type Wish } from "../../../../src/features/director/choice.ts";
import { type KnownNode, MemoryNodes, type NodeLoad, type NodeState } from "../../../../src/live/ports/nodes.ts";
import { nodeState } from "../../../support/api-stage.ts";
import { FakeClock } from "../../../support/fake-clock.ts";

const idle: NodeLoad = { connections: 0, maxConnections: 1000, kbps: 0, maxKbps: 0, cpu: 0 };

function wish(key: string, more: Partial<Wish> = {}): Wish {
  return { key, schemes: ["rtmp"], zone: "", current: "", unfit: () => undefined, ...more };
}

/** Nodes whose state a test sets, none of which is the one that is asked. */
class Stage {
  readonly clock = new FakeClock();
  readonly nodes = new MemoryNodes(() => nodeState("00"), this.clock);
  readonly choice = new Choice(this.clock);

  set(...states: readonly (Partial<NodeState> & { readonly id: string })[]): void {
    this.nodes.others = states.map((state) => this.known(state));
  }

  known({ id, ...more }: Partial<NodeState> & { readonly id: string }, alive = true): KnownNode {
    const state = nodeState(id, { advertise: [`rtmp://${id}:1935`, `https://${id}:443`], load: idle, ...more });
    return { isSelf: false, source: id, alive, seenAt: this.clock.now(), state, problems: [] };
  }

  /** How many of so many clients go to each node. */
  spread(count: number, more: Partial<Wish> = {}, from = 0): Map<string, number> {
    const counts = new Map<string, number>();
    for (let at = 0; at < count; at++) {
      const id = this.choice.choose(this.nodes.all(), wish(`client ${from + at}`, more))?.id ?? "none";
      counts.set(id, (counts.get(id) ?? 0) + 1);
    }
    return counts;
  }
}

describe("A client is sent", () => {
  test("to a node that lives, has room by its weight and does not drain, by an address that it can use", () => {
    const stage = new Stage();
    const dead = stage.known({ id: "dead" }, false);
    stage.set({ id: "a" }, { id: "b", draining: true }, { id: "c", weight: 0 }, { id: "d", advertise: [] });
    stage.nodes.others = [...stage.nodes.others, dead, { ...dead, alive: true, state: undefined }];
    expect(stage.choice.choose(stage.nodes.all(), wish("x"))).toMatchObject({
      id: "a",
      url: "rtmp://a:1935",
      isSelf: false,
    });
    expect(stage.choice.choose(stage.nodes.all(), wish("x", { schemes: ["http", "https"] }))?.url).toBe(
      "https://a:443",
    );
    expect(stage.choice.choose(stage.nodes.all(), wish("x", { schemes: ["http"] }))).toBeUndefined();
  });

  test("to the same node again while that is fit, and moves alone when its node goes", () => {
    const stage = new Stage();
    const load = { ...idle, connections: 500 };
    const all = ["a", "b", "c", "d"].map((id) => ({ id, load }));
    const chosen = () =>
      Array.from({ length: 200 }, (_, at) => stage.choice.rank(stage.nodes.all(), wish(`client ${at}`))[0]?.id);
    stage.set(...all);
    const before = chosen();
    expect(chosen()).toEqual(before);
    stage.set(...all.filter(({ id }) => id !== "b"));
    const after = chosen();
    expect(after.filter((id, at) => before[at] !== "b" && before[at] !== id)).toEqual([]);
    expect(new Set(after).size).toBe(3);
  });

  test("to the node that it has, though others have less to do, until that is full or gone", () => {
    const stage = new Stage();
    const full = { ...idle, connections: 1000 };
    const current = wish("x", { current: "a" });
    stage.set({ id: "a", load: { ...idle, connections: 900 } }, { id: "b" });
    expect(stage.choice.choose(stage.nodes.all(), current)?.id).toBe("a");
    stage.set({ id: "a", load: full }, { id: "b" });
    expect(stage.choice.choose(stage.nodes.all(), current)?.id).toBe("b");
    stage.set({ id: "b" });
    expect(stage.choice.choose(stage.nodes.all(), current)?.id).toBe("b");
  });

  test("to nodes of its zone while these have room, then elsewhere", () => {
    const stage = new Stage();
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
    const stage = new Stage();
    const light = { connections: 100, kbps: 100_000, maxKbps: 1_000_000, cpu: 0.3 };
    stage.set({ id: "busy", load: { ...idle, ...light, ...load } }, { id: "light", load: { ...idle, ...light } });
    expect(stage.spread(100)).toEqual(new Map([["light", 100]]));
  });

  test("not with all others to one node, though what is known of loads is a second old", () => {
    const stage = new Stage();
    const load = { ...idle, connections: 100 };
    stage.set({ id: "a", load: idle }, { id: "b", load }, { id: "c", load });
    const counts = stage.spread(400);
    expect([counts.get("a"), counts.get("b"), counts.get("c")].map((count) => Math.round((count ?? 0) / 20))).toEqual([
      10, 5, 5,
    ]);
  });
});

test("A client counts as on its way until its node's numbers have it, or have had the time to", () => {
  const stage = new Stage();
  const counts = () => stage.choice.standings(stage.nodes.all(), wish("x"))[1]?.onTheWay;
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

/** Nodes of different size, some with clients already. */
const fleets = fc.array(
  fc.record({
    weight: fc.constantFrom(50, 100, 100, 100, 200),
    maxConnections: fc.constantFrom(1000, 1000, 2000, 4000),
    connections: fc.nat(300),
  }),
  { minLength: 2, maxLength: 8 },
);

test("However uneven the load is, it ends within 10 % of even, with loads that are told each second", () => {
  fc.assert(
    fc.property(fleets, fc.nat(), (fleet, seed) => {
      const stage = new Stage();
      const nodes = fleet.map((node, at) => ({ ...node, id: `n${at}` }));
      const tell = () =>
        stage.set(
          ...nodes.map(({ id, weight, maxConnections, connections }) => {
            return { id, weight, load: { ...idle, maxConnections, connections } };
          }),
        );
      // Up to half of what all can carry comes in over 20 s.
      const shares = nodes.map(({ weight, maxConnections }) => weight * maxConnections);
      const whole = shares.reduce((sum, share) => sum + share, 0);
      const capacity = Math.min(...nodes.map(({ maxConnections }, at) => (maxConnections * whole) / (shares[at] ?? 1)));
      const already = nodes.reduce((sum, { connections }) => sum + connections, 0);
      const enough = Math.max(...nodes.map(({ connections }, at) => (1.2 * connections * whole) / (shares[at] ?? 1)));
      const total = Math.round(Math.max(enough, capacity / 2, already + 500));
      fc.pre(total < 0.9 * capacity);
      for (let at = 0; at < total - already; ) {
        tell();
        for (let of = 0; of < (total - already) / 20 && at < total - already; of++, at++) {
          stage.clock.advance(1000 / ((total - already) / 20 + 1));
          const id = stage.choice.choose(stage.nodes.all(), wish(`client ${seed} ${at}`))?.id;
          const node = nodes.find((each) => each.id === id);
          if (node !== undefined) node.connections++;
        }
      }
      const loads = nodes.map(({ connections }, at) => (connections / total / (shares[at] ?? 1)) * whole);
      expect(loads.filter((load) => load < 0.9 || load > 1.1)).toEqual([]);
    }),
    { numRuns: 60 },
  );
});
