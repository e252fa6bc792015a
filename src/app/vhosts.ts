import { DEFAULT_VHOST } from "../rtmp/address.ts";
import type { Config, VhostConfig } from "./config/index.ts";
import { vhostKey } from "./config/vhost-names.ts";

const DEFAULT_KEY = vhostKey(DEFAULT_VHOST);

/** A vhost and its name in the configuration. */
export interface NamedVhost {
  readonly name: string;
  readonly config: VhostConfig;
}

/** Finds the vhost that serves a name, in the configuration in effect. Names are compared by `vhostKey`. */
export class Vhosts {
  readonly #configured: () => Config["vhost"];
  /** The vhosts that the index has. */
  #indexed: Config["vhost"] | undefined;
  readonly #index = new Map<string, NamedVhost>();

  constructor(configured: () => Config["vhost"]) {
    this.#configured = configured;
  }

  /** The vhost of that name, else the default one; undefined when there is neither. */
  find(name: string): NamedVhost | undefined {
    const vhosts = this.#configured();
    if (vhosts !== this.#indexed) {
      this.#index.clear();
      for (const [name, config] of vhosts) this.#index.set(vhostKey(name), { name, config });
      this.#indexed = vhosts;
    }
    return this.#index.get(vhostKey(name)) ?? this.#index.get(DEFAULT_KEY);
  }

  /** The vhost that is configured under exactly this name. */
  named(name: string): NamedVhost | undefined {
    const config = this.#configured().get(name);
    return config === undefined ? undefined : { name, config };
  }
}
