// One process of the registry's histories: runs every STEPth seed from FROM to TO, and reports its progress in lines of JSON.
import { writeSync } from "node:fs";
import { messageOf } from "../../../src/base/errors.ts";
import { RegistryHistory } from "../../../tests/support/simulation/registry-history.ts";
import type { WorkerNews } from "./histories.ts";

/** Duration of each history on its own clock, s, without the time of recovery at its end. */
const SECONDS = 60;
const TELL_MS = 1000;

const [from = 1, step = 1, to = 0] = process.argv.slice(2).map(Number);
let failed: string[] = [];
let toldAt = 0;
let seed = from;
const tell = () => {
  const news: WorkerNews = { next: seed, failed };
  writeSync(1, `${JSON.stringify(news)}\n`);
  failed = [];
  toldAt = performance.now();
};
while (seed <= to) {
  const wrong = wrongIn(seed);
  if (wrong !== undefined) failed.push(`seed ${seed}: ${wrong}`);
  seed += step;
  if (failed.length > 0 || performance.now() - toldAt > TELL_MS) tell();
}
tell();

function wrongIn(seed: number): string | undefined {
  try {
    const history = new RegistryHistory(seed);
    history.run(SECONDS);
    return history.wrong[0];
  } catch (error) {
    return messageOf(error);
  }
}
