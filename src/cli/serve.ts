import { defineCommand } from "citty";
import { runServer } from "../app/server.ts";
import { commonOptions, confOption } from "./options.ts";
import { version } from "./version.ts";

/** `srs --conf FILE`: runs the server until it is told to stop. */
export const serveCommand = defineCommand({
  meta: { name: "srs" },
  args: { ...confOption, ...commonOptions },
  run({ args }) {
    return runServer({ confPath: args.conf, environment: process.env, version });
  },
});
