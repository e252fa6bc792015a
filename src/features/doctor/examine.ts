import type { Named, PeerResource, Resource } from "../../config/resources.ts";
import { type Finding, type Origin, problemLine } from "./finding.ts";
import { examineListeners } from "./listeners.ts";
import { examinePeers } from "./peers.ts";
import type { SystemProbes } from "./system-probes.ts";
import { drawTopology } from "./topology.ts";

/** The findings of an examination. */
export interface Examination {
  /** A drawing of the configuration as a tree, with the finding for each resource. */
  readonly topology: string;
  /** One line each: what, where, what to do. */
  readonly problems: readonly string[];
}

/** The examined part of a configuration. */
export interface Examined {
  /** All resources outside the process that the configuration names. */
  readonly resources: readonly Named<Resource>[];
  readonly vhosts: readonly string[];
  readonly maxConnections: number;
  /** Where a value is written in the configuration. */
  readonly origin: Origin;
  /** The vhost whose name a peer receives; undefined for none. */
  vhostFor(peer: Named<PeerResource>): string | undefined;
}

/** Examines every resource outside the process that a configuration names, without running the configuration. */
export async function examine(
  { resources, vhosts, maxConnections, origin, vhostFor }: Examined,
  confPath: string | undefined,
  probes: SystemProbes,
): Promise<Examination> {
  const listeners = resources.filter(isKind("listener")).filter(({ resource }) => resource.port !== 0);
  const { findings: listening, ownNode } = await examineListeners(listeners, confPath, probes);
  const own = { listeners: listeners.map(({ resource }) => resource), node: ownNode };
  const files = resources.filter(isKind("file")).map((about): Finding => {
    const problem = probes.fileProblem(about.resource.path, about.resource.use);
    if (problem === undefined) return { about, state: "fine", advice: undefined };
    return { about, state: problem, advice: "create it, or give this user access to it" };
  });
  const peers = await examinePeers(resources.filter(isKind("peer")), own, probes, vhostFor);
  const registries = await Promise.all(
    resources.filter(isKind("registry")).map(async (about): Promise<Finding> => {
      return { about, ...(await probes.registry(about.resource.server)) };
    }),
  );
  const findings = [...listening, ...files, ...registries, ...peers];
  const rules = probes.ruleProblems();
  const limit = probes.openFilesProblem(maxConnections);
  return {
    topology: drawTopology(confPath ?? "(variables alone)", vhosts, findings),
    problems: [
      ...findings.filter(({ advice }) => advice !== undefined).map((finding) => problemLine(finding, origin)),
      ...rules,
      ...(limit === undefined ? [] : [limit]),
    ],
  };
}

function isKind<K extends Resource["kind"]>(kind: K) {
  return (named: Named): named is Named<Extract<Resource, { kind: K }>> => named.resource.kind === kind;
}
