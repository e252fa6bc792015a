import { DEFAULT_VHOST } from "../rtmp/address.ts";
import type { Config, VhostConfig } from "./config/index.ts";

/** The vhost that serves a name: the one of that name, else the default one; undefined when there is neither. */
export function findVhost(config: Config, name: string): { name: string; config: VhostConfig } | undefined {
  for (const candidate of [name, DEFAULT_VHOST]) {
    const vhost = config.vhost.get(candidate);
    if (vhost !== undefined) return { name: candidate, config: vhost };
  }
  return undefined;
}
