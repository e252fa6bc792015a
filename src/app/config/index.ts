export type { Environment } from "../../config/file/environment.ts";
export { ConfigErrors } from "../../config/file/errors.ts";
export { type Config, rootTable, type VhostConfig } from "./blocks.ts";
export {
  configSecrets,
  effectiveToml,
  isStandardInput,
  type Loaded,
  loadConfig,
  parseConfig,
  readConfigText,
  shortToml,
} from "./load.ts";
