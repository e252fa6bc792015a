import { choice, text } from "../../config/key.ts";
import { table } from "../../config/table.ts";
import { logLevels } from "../../io/log/log.ts";
import { logFormats } from "../../io/log/logging.ts";

/** `[log]` */
export const logTable = table("What the log contains, and where it goes.", {
  level: choice(logLevels, {
    default: "info",
    doc: "The lowest level that is logged.",
    reload: "live",
  }),
  format: choice(logFormats, {
    default: "text",
    doc: "Lines for people, or one JSON object a line.",
    reload: "live",
  }),
  file: text({
    default: "",
    type: "the path of a file; empty for standard output",
    doc: "The log's destination; SIGUSR1 opens the file again by its name, for logrotate.",
    example: "/var/log/srs/edge-1936.log",
    file: "write",
    reload: "live",
  }),
});
