import { type Srs, type SrsOptions, startSrs } from "./srs.ts";
import type { Stage } from "./stage.ts";

/** Starts an edge that fetches from these origins; `keys` are of its edge table. */
export function startEdge(
  stage: Stage,
  name: string,
  origins: readonly ({ readonly port: number } | string)[],
  keys: readonly string[] = [],
  options: SrsOptions = {},
): Promise<Srs> {
  const texts = origins.map((origin) => (typeof origin === "string" ? origin : `127.0.0.1:${origin.port}`));
  const table = ["[vhost.__defaultVhost__.edge]", `origin = ${JSON.stringify(texts)}`, ...keys].join("\n");
  return startSrs(stage, name, { ...options, more: `${table}\n${options.more ?? ""}` });
}
