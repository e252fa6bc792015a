export type { Environment } from "../../config/file/environment.ts";
export { ConfigErrors } from "../../config/file/errors.ts";
export { type Config, rootTable, type VhostConfig } from "./blocks.ts";
export { configSecrets, effectiveToml, type Loaded, loadConfig, parseConfig, shortToml } from "./load.ts";
