// Loaded before the tests by bunfig.toml.
import { afterAll, beforeAll, setDefaultTimeout } from "bun:test";
import { chmodSync, mkdirSync, mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { TEST_LIMIT_MS } from "./limits.ts";

// A file that is run by itself has the same limit as in the gate: Bun's own 5 s would be a measure of the machine.
setDefaultTimeout(TEST_LIMIT_MS);

// All temporary files of a run are in one folder, which goes with the run: a test that is cut off leaves none behind.
const folder = mkdtempSync(join(tmpdir(), "srs-tests-"));
const remove = (): void => rmSync(folder, { recursive: true, force: true });
beforeAll(() => {
  // With --rerun-each the first round has removed it.
  mkdirSync(folder, { recursive: true });
  // Some servers run under another account.
  chmodSync(folder, 0o755);
});
process.env.TMPDIR = folder;
afterAll(remove);
for (const signal of ["SIGINT", "SIGTERM", "SIGHUP"] as const)
  process.once(signal, () => {
    remove();
    process.exit(1);
  });
