import { defineCommand } from "citty";
import { loadConfig, shortToml } from "../app/config/index.ts";
import { UserError } from "../base/errors.ts";
import { commonOptions } from "./options.ts";
import type { Output } from "./output.ts";

/** What `srs convert` is told. */
export const convertOptions = {
  file: { type: "positional", required: false },
  ...commonOptions,
} as const;

/** `srs convert FILE`: prints a configuration as the shortest TOML that says the same; a wrong one throws. */
export function convertCommand({ out, err }: Output) {
  return defineCommand({
    meta: { name: "convert" },
    args: convertOptions,
    run({ args }) {
      if (args.file === undefined) throw new UserError("which file? Give it as in srs convert srs.conf");
      const { config, warnings } = loadConfig(args.file);
      for (const warning of warnings) err(warning);
      out(shortToml(config));
      return 0;
    },
  });
}
