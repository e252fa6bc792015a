import type { Problem } from "../../config/validate.ts";
import { clusterProblems } from "../../features/cluster/config.ts";
import { edgeProblems } from "../../features/edge/config.ts";
import { engineProblems } from "../../features/transcode/engine-problems.ts";
import { type Config, defaultVhost } from "./blocks.ts";
import { vhostProblems } from "./vhost-names.ts";

/** Values that are right each by itself, but not together. Addresses to listen on are checked by `endpointProblems`. */
export function combinationProblems(values: Config): Problem[] {
  const problems: Problem[] = [...vhostProblems(values.vhost.keys()), ...clusterProblems(values.cluster)];
  for (const [name, { edge }] of values.vhost)
    for (const { key, message } of edgeProblems(edge, values.cluster.registry.length > 0))
      problems.push({ path: ["vhost", name, "edge", key], message });
  problems.push(...engineProblems(values.vhost, defaultVhost));
  return problems;
}
