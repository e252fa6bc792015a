import type { Named, PeerResource, Resource } from "../../config/resources.ts";
import { resourcesOf } from "../../config/resources-of.ts";
import { upstreamVhost } from "../../features/edge/address.ts";
import { type Config, type Loaded, rootTable } from "../config/index.ts";
import { type Finding, problemLine } from "./finding.ts";
import { examineListeners } from "./listeners.ts";
import { examinePeers } from "./peers.ts";
import { drawTopology } from "./topology.ts";
import type { SystemProbes } from "./world.ts";

/** What an examination found. */
export interface Examination {
  /** A drawing of what the configuration describes, with what was found at each place. */
  readonly topology: string;
  /** One line each: what, where, what to do. */
  readonly problems: readonly string[];
}

/** Looks at everything outside of the process that a configuration names, without running it. */
export async function examine(
  loaded: Loaded,
  confPath: string | undefined,
  probes: SystemProbes,
): Promise<Examination> {
  const { config, origin } = loaded;
  const all = resourcesOf(rootTable, config);
  const listeners = all.filter(isKind("listener")).filter(({ resource }) => resource.port !== 0);
  const { findings: listening, ownNode } = await examineListeners(listeners, confPath, probes);
  const own = { listeners: listeners.map(({ resource }) => resource), node: ownNode };
  const files = all.filter(isKind("file")).map((about): Finding => {
    const problem = probes.fileProblem(about.resource.path, about.resource.use);
    if (problem === undefined) return { about, state: "fine", advice: undefined };
    return { about, state: problem, advice: "make it, or give this user the right to it" };
  });
  const peers = await examinePeers(all.filter(isKind("peer")), own, probes, (peer) => vhostFor(config, peer));
  const findings = [...listening, ...files, ...peers];
  const rules = probes.ruleProblems(config);
  const limit = probes.openFilesProblem(config.max_connections);
  return {
    topology: drawTopology(confPath ?? "(variables alone)", [...config.vhost.keys()], findings),
    problems: [
      ...findings.filter(({ advice }) => advice !== undefined).map((finding) => problemLine(finding, origin)),
      ...rules,
      ...(limit === undefined ? [] : [limit]),
    ],
  };
}

/** What a peer of a vhost is told as the vhost's name when streams go there, or are fetched from there. */
function vhostFor({ vhost: vhosts }: Config, { resource, path }: Named<PeerResource>): string | undefined {
  const [table, vhost] = path;
  if (table !== "vhost" || typeof vhost !== "string" || !resource.hasVhost) return undefined;
  const template = resource.flow === "from" ? vhosts.get(vhost)?.edge.vhost : undefined;
  return upstreamVhost(template ?? "", vhost);
}

function isKind<K extends Resource["kind"]>(kind: K) {
  return (named: Named): named is Named<Extract<Resource, { kind: K }>> => named.resource.kind === kind;
}
