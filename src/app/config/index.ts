export { type Config, rootTable, type VhostConfig } from "./blocks.ts";
export type { Environment } from "./environment.ts";
export { ConfigErrors } from "./errors.ts";
export { configSecrets, effectiveToml, type Loaded, loadConfig, parseConfig, shortToml } from "./load.ts";
