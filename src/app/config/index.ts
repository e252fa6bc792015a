export type { Config, VhostConfig } from "./blocks.ts";
export { ConfigErrors } from "./errors.ts";
export { effectiveToml, loadConfig, parseConfig } from "./load.ts";
