import type { Named, Outside, OutsidePeer } from "../../config/resources.ts";
import { outsideOf } from "../../config/resources-of.ts";
import { upstreamVhost } from "../../features/edge/address.ts";
import { type Config, type Loaded, rootTable } from "../config/index.ts";
import { type Finding, problemLine } from "./finding.ts";
import { examineListeners } from "./listeners.ts";
import { examinePeers } from "./peers.ts";
import { drawTopology } from "./topology.ts";
import type { World } from "./world.ts";

/** What an examination found. */
export interface Examination {
  /** A drawing of what the configuration describes, with what was found at each place. */
  readonly topology: string;
  /** One line each: what, where, what to do. */
  readonly problems: readonly string[];
}

/** Looks at everything outside of the process that a configuration names, without running it. */
export async function examine(loaded: Loaded, confPath: string | undefined, world: World): Promise<Examination> {
  const { config, origin } = loaded;
  const all = outsideOf(rootTable, config);
  const listeners = all.filter(isKind("listener")).filter(({ outside }) => outside.port !== 0);
  const { findings: listening, ownNode } = await examineListeners(listeners, confPath, world);
  const own = { listeners: listeners.map(({ outside }) => outside), node: ownNode };
  const files = all.filter(isKind("file")).map((about): Finding => {
    const problem = world.fileProblem(about.outside.path, about.outside.use);
    if (problem === undefined) return { about, state: "fine", advice: undefined };
    return { about, state: problem, advice: "make it, or give this user the right to it" };
  });
  const peers = await examinePeers(all.filter(isKind("peer")), own, world, (peer) => vhostFor(config, peer));
  const findings = [...listening, ...files, ...peers];
  const rules = world.ruleProblems(config);
  const limit = world.openFilesProblem(config.max_connections);
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
function vhostFor({ vhost: vhosts }: Config, { outside, path }: Named<OutsidePeer>): string | undefined {
  const [table, vhost] = path;
  if (table !== "vhost" || typeof vhost !== "string" || !outside.hasVhost) return undefined;
  const template = outside.flow === "from" ? vhosts.get(vhost)?.edge.vhost : undefined;
  return upstreamVhost(template ?? "", vhost);
}

function isKind<K extends Outside["kind"]>(kind: K) {
  return (named: Named): named is Named<Extract<Outside, { kind: K }>> => named.outside.kind === kind;
}
