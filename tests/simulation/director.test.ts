import { expect, test } from "bun:test";
import fc from "fast-check";
import { criteria, FleetStage, idle } from "../support/fleet-stage.ts";

/** Nodes of different size, some with clients already. */
const fleets = fc.array(
  fc.record({
    weight: fc.constantFrom(50, 100, 100, 100, 200),
    maxConnections: fc.constantFrom(1000, 1000, 2000, 4000),
    connections: fc.nat(300),
  }),
  { minLength: 2, maxLength: 8 },
);

test("Any uneven load ends within 10 % of even, with loads that nodes report each second", () => {
  fc.assert(
    fc.property(fleets, fc.nat(), (fleet, seed) => {
      const stage = new FleetStage();
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
          const id = stage.choice.choose(stage.nodes.all(), criteria(`client ${seed} ${at}`))?.id;
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
