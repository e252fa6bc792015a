import type { ArgsDef } from "citty";
import { setAllocator } from "../app/allocator.ts";
import { loadConfig } from "../app/config/index.ts";
import { FfmpegCheck } from "../app/ffmpeg-check.ts";
import { runServer } from "../app/server.ts";
import { type Command, command } from "./command.ts";
import { commonOptions, confOption, ignoredNames } from "./options.ts";
import type { Output } from "./output.ts";
import { version } from "./version.ts";

/** The options of `srs` without a command. */
export const serveOptions = {
  ...confOption,
  test: { type: "boolean", alias: "t", description: "Test the configuration instead of running the server" },
  ...commonOptions,
} as const satisfies ArgsDef;

/** `srs --conf FILE`: runs the server until it stops, or with `-t` says whether the configuration is right. */
export function serveCommand({ out, err }: Output): Command {
  return command({
    call: "srs --conf FILE",
    does: "Run the server (srs FILE for short); without a file, on the defaults",
    options: serveOptions,
    async run(args, argv) {
      const ignored = ignoredNames(argv);
      if (args.test === true) {
        const { config, warnings } = loadConfig(args.conf, process.env, ignored);
        const ffmpegWarnings = await new FfmpegCheck().refuse(config);
        for (const warning of [...warnings, ...ffmpegWarnings]) err(warning);
        out(`${args.conf === undefined || args.conf === "-" ? "the configuration" : args.conf} is right`);
        return 0;
      }
      setAllocator(process);
      const greet = (lines: readonly string[]) => out(lines.join("\n"));
      return runServer({ confPath: args.conf, environment: process.env, ignored, version, greet });
    },
  });
}
