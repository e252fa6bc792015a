import { type Command, command } from "./command.ts";
import { confOptions, ignoredNames } from "./options.ts";
import type { Output } from "./output.ts";
import { askRunning } from "./running.ts";

/** A server that takes longer than this hangs. */
const ANSWER_MS = 30_000;

/** `srs reload`: makes the running server load the changed file; 1 when it did not. */
export function reloadCommand(output: Output): Command {
  return command({
    call: "srs reload --conf FILE",
    does: "Make the running server load the changed file",
    options: confOptions,
    run: (args, argv) =>
      askRunning(
        { conf: args.conf, ignored: ignoredNames(argv) },
        { command: "reload", signal: "send it SIGHUP", timeoutMs: ANSWER_MS },
        output,
      ),
  });
}
