import { readdirSync } from "node:fs";
import { executable } from "../../../tests/support/e2e/executable.ts";
import { Stage } from "../../../tests/support/e2e/stage.ts";
import { ffmpegsOf } from "../../../tests/support/e2e/transcode.ts";
import { until } from "../../../tests/support/e2e/wait.ts";
import { median } from "../../growth.ts";
import type { Finding, ProofContext } from "../proof.ts";
import { SOUND, startEngines } from "./engines.ts";

const ENGINES = 20;
/** Rounds in a full run, and in a short one. */
const ROUNDS = 100;
const SHORT_ROUNDS = 8;
const FULL_MINUTES = 8;
/**
 * After a fifth of the rounds has warmed the runtime up, the next tenth is compared with the last one. The garbage collector lets a busy
 * server grow from 110 to 170 MiB in 30 rounds, though a forced collection frees it all.
 */
const LOOKS_PART = 0.1;
const WARM_PART = 0.2;
/** Maximum growth; in a full run, a leak of 40 KiB for each start of an engine exceeds it. */
const MORE_MIB = 50;

/** Twenty engines are started and stopped again and again: no process, no descriptor and no memory is left. */
export async function startAndStop({ minutes }: ProofContext): Promise<readonly Finding[]> {
  await using stage = new Stage();
  const server = await startEngines(stage, { sound: SOUND });
  const { program } = server;
  const rounds = minutes >= FULL_MINUTES ? ROUNDS : SHORT_ROUNDS;
  const [descriptors, memory, left]: [number[], number[], number[]] = [[], [], []];
  for (let round = 1; round <= rounds; round++) {
    const url = server.url("live/s{}");
    const load = ["publish", url, "-n", `${ENGINES}`, "--kbps", "100", "--seconds", "600"];
    const encoders = stage.start("encoders", [executable(), "bench", ...load]);
    await until("all run", () => program.count(/transcode running/) >= ENGINES * round);
    encoders.signal("SIGINT");
    await encoders.ended();
    await until("all have ended", () => ffmpegsOf(program.pid).length === 0);
    await until("all is closed", () => readdirSync(`/proc/${program.pid}/fd`).length <= (descriptors[0] ?? 1000));
    left.push(ffmpegsOf(program.pid).length);
    descriptors.push(readdirSync(`/proc/${program.pid}/fd`).length);
    memory.push(program.rss());
  }
  const [warm, looks] = [Math.round(rounds * WARM_PART), Math.max(1, Math.round(rounds * LOOKS_PART))];
  const early = median(memory.slice(warm, warm + looks));
  const late = median(memory.slice(-looks));
  const [firstFds = 0, lastFds = 0] = [descriptors[0], descriptors.at(-1)];
  return [
    {
      what: `processes after ${rounds} rounds`,
      ok: left.every((count) => count === 0),
      seen: `at most ${Math.max(...left)} left`,
    },
    { what: "descriptors", ok: lastFds <= firstFds, seen: `${firstFds}, at the end ${lastFds}` },
    {
      what: "memory of the server",
      ok: late < early + MORE_MIB,
      seen: `${early.toFixed(0)} MiB, at the end ${late.toFixed(0)} MiB`,
    },
  ];
}
