import { type Command, command } from "./command.ts";
import { confOptions, ignoredNames } from "./options.ts";
import type { Output } from "./output.ts";
import { askRunning } from "./running.ts";

/** Longer than the limit for the start of a new process. */
const ANSWER_MS = 45_000;

/** `srs upgrade`: makes the running server start this program in its place, and drain; 1 when it did not. */
export function upgradeCommand(output: Output): Command {
  return command({
    call: "srs upgrade --conf FILE",
    does: "Make the running server start this program in its place",
    options: confOptions,
    run(args, argv) {
      const signal = "send it SIGHUP after the program's file was replaced";
      const request = { command: "upgrade", argument: process.execPath, signal, timeoutMs: ANSWER_MS } as const;
      return askRunning({ conf: args.conf, ignored: ignoredNames(argv) }, request, output);
    },
  });
}
