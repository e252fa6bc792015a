export type { Config, VhostConfig } from "./blocks.ts";
export { ConfigErrors } from "./errors.ts";
export { effectiveToml, type Loaded, loadConfig, parseConfig, shortToml } from "./load.ts";
