import { choice } from "../../config/key.ts";
import { table } from "../../config/table.ts";
import { logLevels } from "../../io/log.ts";

/** `[log]` */
export const logTable = table("What is written to the log, on standard output.", {
  level: choice(logLevels, {
    default: "info",
    doc: "Lines of a lower level are left out.",
    reload: "live",
  }),
});
