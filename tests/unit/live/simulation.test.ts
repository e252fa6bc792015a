import { expect, test } from "bun:test";
import { Simulation, type SimulationTotals } from "../../support/simulation/simulation.ts";

function simulate(seed: number, steps: number, totals: SimulationTotals): void {
  const simulation = new Simulation(seed);
  try {
    simulation.run(steps);
  } catch (error) {
    throw new Error(`seed ${seed}: ${error instanceof Error ? error.message : error}`, { cause: error });
  }
  for (const key of Object.keys(totals) as (keyof SimulationTotals)[]) totals[key] += simulation.totals[key];
}

test("whatever publishers and readers do, nobody gets garbage, and nobody loses more than is counted", () => {
  const totals = { packets: 0, joined: 0, lost: 0, keptUp: 0, switches: 0, inStep: 0 };
  for (let seed = 1; seed <= 40; seed++) simulate(seed, 500, totals);
  // It does what it is meant to do.
  expect(totals.packets).toBeGreaterThan(20_000);
  expect(totals.joined).toBeGreaterThan(200);
  expect(totals.lost).toBeGreaterThan(5000);
  expect(totals.keptUp).toBeGreaterThan(20);
  expect(totals.switches).toBeGreaterThan(100);
  expect(totals.inStep).toBeGreaterThan(5);
}, 30_000);
