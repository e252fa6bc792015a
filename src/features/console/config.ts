import { flag } from "../../config/key.ts";
import { table, type ValueOf } from "../../config/table.ts";

/** `[http_api.console]` */
export const consoleTable = table("The console, a page for operators at /console/ of the API's address.", {
  enabled: flag({ default: true, doc: "Whether there is a console.", reload: "live" }),
});

/** Configuration of the console. */
export type ConsoleConfig = ValueOf<typeof consoleTable>;
