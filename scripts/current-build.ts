// Is the compiled executable made of the sources that are here?
import { existsSync, readdirSync, statSync } from "node:fs";
import { join } from "node:path";

const root = join(import.meta.dir, "..");
/** What the executable is made of, files and folders of the repository. */
export const sources = [
  "src",
  "build.ts",
  "package.json",
  "package-lock.json",
  "scripts/bundle-page.ts",
  "scripts/commit.ts",
];

/** Whether the file exists and no source is newer. */
export function isCurrent(executable: string): boolean {
  if (!existsSync(executable)) return false;
  return statSync(executable).mtimeMs >= Math.max(...sources.map((name) => newest(join(root, name))));
}

function newest(path: string): number {
  const stat = statSync(path);
  if (!stat.isDirectory()) return stat.mtimeMs;
  return readdirSync(path).reduce((latest, name) => Math.max(latest, newest(join(path, name))), stat.mtimeMs);
}
