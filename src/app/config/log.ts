import { choice, text } from "../../config/key.ts";
import { table } from "../../config/table.ts";
import { logLevels } from "../../io/log/log.ts";
import { logFormats } from "../../io/log/logging.ts";

/** `[log]` */
export const logTable = table("What is written to the log.", {
  level: choice(logLevels, {
    default: "info",
    doc: "Lines of a lower level are left out.",
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
    doc: "Where the log goes; SIGUSR1 opens the file again by its name, for logrotate.",
    example: "/var/log/srs/edge-1936.log",
    file: "write",
    reload: "live",
  }),
});
