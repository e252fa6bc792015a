import type { Named, PeerResource } from "../config/resources.ts";
import { resourcesOf } from "../config/resources-of.ts";
import type { Examined } from "../features/doctor/examine.ts";
import { upstreamVhost } from "../features/edge/address.ts";
import { type Config, type Loaded, rootTable } from "./config/index.ts";

/** Examines a configuration for `srs check --probe`. */
export function examinedOf({ config, origin }: Loaded): Examined {
  return {
    resources: resourcesOf(rootTable, config),
    vhosts: [...config.vhost.keys()],
    maxConnections: config.max_connections,
    origin,
    vhostFor: (peer) => vhostFor(config, peer),
  };
}

/** The vhost name that a peer receives when a vhost's streams are sent there, or fetched from there. */
function vhostFor({ vhost: vhosts }: Config, { resource, path }: Named<PeerResource>): string | undefined {
  const [table, vhost] = path;
  if (table !== "vhost" || typeof vhost !== "string" || !resource.hasVhost) return undefined;
  const template = resource.flow === "from" ? vhosts.get(vhost)?.edge.vhost : undefined;
  return upstreamVhost(template ?? "", vhost);
}
