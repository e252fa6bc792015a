import { defineCommand } from "citty";
import { runServer } from "../app/server.ts";
import { commonOptions, confOption, ignoredNames } from "./options.ts";
import { version } from "./version.ts";

/** `srs --conf FILE`: runs the server until it is told to stop. */
export const serveCommand = defineCommand({
  meta: { name: "srs" },
  args: { ...confOption, ...commonOptions },
  run({ args, rawArgs }) {
    return runServer({ confPath: args.conf, environment: process.env, ignored: ignoredNames(rawArgs), version });
  },
});
