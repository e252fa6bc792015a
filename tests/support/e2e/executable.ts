import { join } from "node:path";
import { isCurrent } from "../../../scripts/current-build.ts";

const root = join(import.meta.dir, "../../..");
const path = join(root, "dist/srs");

let ready: string | undefined;

/** The compiled executable, compiled first when it is missing or older than the sources; or the one that `E2E_EXECUTABLE` names. */
export function executable(): string {
  ready ??= process.env.E2E_EXECUTABLE;
  if (ready !== undefined) return ready;
  if (!isCurrent(path)) {
    const built = Bun.spawnSync([process.execPath, "run", "build.ts"], { cwd: root });
    if (built.exitCode !== 0) throw new Error(`build.ts failed:\n${built.stdout}${built.stderr}`);
  }
  ready = path;
  return ready;
}
