import { existsSync } from "node:fs";
import { join } from "node:path";

/** Where the gate puts promtool when the system has none. */
export const unpackedPromtool = join(import.meta.dir, "../../dist/tools/promtool");

/** The path of Prometheus's checker; undefined where there is none. */
export function findPromtool(): string | undefined {
  return Bun.which("promtool") ?? (existsSync(unpackedPromtool) ? unpackedPromtool : undefined);
}

/** The same for the file of a test, with the reason in the output where its tests are left out. */
export function promtoolFor(file: string): string | undefined {
  const path = findPromtool();
  if (path === undefined) process.stdout.write(`skipped: ${file} needs promtool\n`);
  return path;
}
