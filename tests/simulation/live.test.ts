import { expect, test } from "bun:test";
import { Backup } from "../support/simulation/backup.ts";
import { Simulation, type SimulationTotals } from "../support/simulation/simulation.ts";

function simulate(seed: number, steps: number, totals: SimulationTotals, faults?: number): void {
  const simulation = new Simulation(seed, faults);
  try {
    simulation.run(steps);
  } catch (error) {
    throw new Error(`seed ${seed}: ${error instanceof Error ? error.message : error}`, { cause: error });
  }
  for (const key of Object.keys(totals) as (keyof SimulationTotals)[]) totals[key] += simulation.totals[key];
}

test("whatever publishers and readers do, readers get no garbage, and lose no more than is counted", () => {
  const totals = { packets: 0, joined: 0, lost: 0, keptUp: 0, switches: 0, inStep: 0 };
  for (let seed = 1; seed <= 60; seed++) simulate(seed, 500, totals);
  // It does what it is meant to do.
  expect(totals.packets).toBeGreaterThan(20_000);
  expect(totals.joined).toBeGreaterThan(200);
  expect(totals.lost).toBeGreaterThan(5000);
  expect(totals.keptUp).toBeGreaterThan(20);
  expect(totals.switches).toBeGreaterThan(100);
  expect(totals.inStep).toBeGreaterThan(5);
}, 120_000);

// Each found a fault of its own once.
test.each([2069, 2077, 2188, 2293, 2378, 3104])(
  "sources that fail all the time damage no reader's stream (seed %i)",
  (seed) => {
    const totals = { packets: 0, joined: 0, lost: 0, keptUp: 0, switches: 0, inStep: 0 };
    simulate(seed, 700, totals, 0.07);
    expect(totals.packets).toBeGreaterThan(100);
  },
);

test.each([
  [1, 0],
  [2, 80],
  [3, 400],
  [4, 0],
  [5, 4000],
  [6, 6000],
  [7, 900],
  [8, 1500],
] as const)(
  "in a week with a fault every twenty minutes and one source always good, viewers wait no longer, and time jumps no further, than necessary (seed %i, one way %i ms late)",
  (seed, lateMs) => {
    const backup = new Backup(seed, lateMs);
    backup.run(504);
    const { pause, picturePause, pictureStep, soundStep } = backup.longest;
    const GOP_MS = 1000;
    // A way that is a little late is waited for.
    expect(pause).toBeLessThanOrEqual(backup.switchAfter + (lateMs === 0 ? 40 : GOP_MS));
    expect(picturePause).toBeLessThanOrEqual(backup.switchAfter + GOP_MS);
    expect(pictureStep).toBeLessThanOrEqual(GOP_MS);
    // Sound is held, and needs no key frame: not a frame of it is missing, but where a way that was late comes before its time.
    expect(soundStep).toBeLessThanOrEqual(lateMs <= 400 ? 40 : GOP_MS);
    // The way that is not late gives what viewers have had none of at once; what they may be behind then is bounded.
    expect(backup.ahead).toBeLessThan(lateMs === 0 ? GOP_MS : 10_000 + GOP_MS);
    // It does what it is meant to do.
    const { switches } = backup;
    expect(switches.length).toBeGreaterThan(60);
    if (lateMs <= GOP_MS) expect(switches.filter(({ inStep }) => inStep).length).toBeGreaterThan(30);
    expect(new Set(switches.map(({ why }) => why))).toEqual(new Set(["lost", "stalled", "ended"]));
  },
  120_000,
);
