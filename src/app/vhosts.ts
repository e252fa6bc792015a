import { DEFAULT_VHOST } from "../rtmp/address.ts";
import type { Config, VhostConfig } from "./config/index.ts";

/** A vhost and its name in the configuration. */
export interface NamedVhost {
  readonly name: string;
  readonly config: VhostConfig;
}

/** Finds the vhost that serves a name. Names are host names: their case means nothing. */
export class Vhosts {
  readonly #vhosts = new Map<string, NamedVhost>();

  constructor(vhosts: Config["vhost"]) {
    for (const [name, config] of vhosts) this.#vhosts.set(name.toLowerCase(), { name, config });
  }

  /** The vhost of that name, else the default one; undefined when there is neither. */
  find(name: string): NamedVhost | undefined {
    return this.#vhosts.get(name.toLowerCase()) ?? this.#vhosts.get(DEFAULT_VHOST.toLowerCase());
  }
}
