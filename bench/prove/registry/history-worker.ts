// One process of the registry's histories: runs every STEPth seed from FROM to TO, and reports its progress in lines of JSON.
import { writeSync } from "node:fs";
import { messageOf } from "../../../src/base/errors.ts";
import { RegistryHistory } from "../../../tests/support/simulation/registry-history.ts";
import type { HistoryForm } from "../../../tests/support/simulation/registry-scope.ts";
import type { Failed, WorkerNews } from "./histories.ts";

const TELL_MS = 1000;

const [form = "direct", ...numbers] = process.argv.slice(2);
const [from = 1, step = 1, to = 0] = numbers.map(Number);
let failed: Failed[] = [];
let toldAt = 0;
let seed = from;
const tell = () => {
  const news: WorkerNews = { next: seed, failed, rss: process.memoryUsage.rss() };
  writeSync(1, `${JSON.stringify(news)}\n`);
  failed = [];
  toldAt = performance.now();
};
while (seed <= to) {
  const found = run(seed);
  if (found !== undefined) failed.push(found);
  seed += step;
  if (failed.length > 0 || performance.now() - toldAt > TELL_MS) tell();
}
tell();

function run(seed: number): Failed | undefined {
  const history = new RegistryHistory(seed, form as HistoryForm);
  try {
    history.run();
  } catch (error) {
    history.wrong.push(messageOf(error));
  }
  const [wrong] = history.wrong;
  return wrong === undefined ? undefined : { seed, wrong, events: history.events };
}
