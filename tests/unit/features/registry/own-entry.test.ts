import { describe, expect, test } from "bun:test";
import { OwnEntry } from "../../../../src/features/registry/own-entry.ts";
import { nodeState } from "../../../support/api-stage.ts";

const counts = { published: 0, relayed: 0 };

/** Number of renewals with an entry's text among so many, while nothing changes. */
function written(renewals: number, others: number): number {
  const entry = new OwnEntry();
  const texts = Array.from({ length: renewals }, () => entry.next(nodeState("a1"), counts, others));
  return texts.filter((text) => text !== undefined).length;
}

describe("A node's own entry", () => {
  test("is written again every fifth time, and less often where many nodes read it", () => {
    expect([0, 50, 100, 1000].map((others) => written(1000, others))).toEqual([200, 200, 100, 10]);
  });

  test("is written at once when the node drains, or its load changes by much, however many nodes there are", () => {
    const entry = new OwnEntry();
    const state = nodeState("a1");
    const load = { ...state.load, connections: state.load.connections + Math.ceil(state.load.maxConnections / 20) };
    const next = (now: typeof state) => entry.next(now, counts, 1000) !== undefined;
    expect([state, state, { ...state, load }, { ...state, load }].map(next)).toEqual([true, false, true, false]);
    expect(next({ ...state, load, draining: true })).toBe(true);
  });
});
