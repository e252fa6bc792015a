import { existsSync, readdirSync, statSync } from "node:fs";
import { join } from "node:path";

const root = join(import.meta.dir, "../../..");
const path = join(root, "dist/srs");

/** What the executable is made of. */
const sources = ["src", "build.ts", "package.json"];

function newest(path: string): number {
  const stat = statSync(path);
  if (!stat.isDirectory()) return stat.mtimeMs;
  return readdirSync(path).reduce((latest, name) => Math.max(latest, newest(join(path, name))), stat.mtimeMs);
}

let ready: string | undefined;

/** The compiled executable, compiled first when it is missing or older than the sources; or the one that `E2E_EXECUTABLE` names. */
export function executable(): string {
  ready ??= process.env.E2E_EXECUTABLE;
  if (ready !== undefined) return ready;
  const sourceTime = Math.max(...sources.map((name) => newest(join(root, name))));
  if (!existsSync(path) || statSync(path).mtimeMs < sourceTime) {
    const built = Bun.spawnSync([process.execPath, "run", "build.ts"], { cwd: root });
    if (built.exitCode !== 0) throw new Error(`build.ts failed:\n${built.stdout}${built.stderr}`);
  }
  ready = path;
  return ready;
}
