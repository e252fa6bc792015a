import { setAllocator } from "../app/allocator.ts";
import { runServer } from "../app/server.ts";
import { command } from "./command.ts";
import { confOptions, ignoredNames } from "./options.ts";
import { version } from "./version.ts";

/** `srs --conf FILE`: runs the server until it stops. */
export const serveCommand = command({
  call: "srs --conf FILE",
  does: "Run the server",
  options: confOptions,
  run(args, argv) {
    setAllocator(process);
    return runServer({ confPath: args.conf, environment: process.env, ignored: ignoredNames(argv), version });
  },
});
