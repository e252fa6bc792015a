import { defineCommand } from "citty";
import { effectiveToml, loadConfig } from "../app/config/index.ts";
import { commonOptions, confOption } from "./options.ts";
import type { Output } from "./output.ts";

/** `srs check`: prints the effective configuration; a wrong one throws. */
export function checkCommand({ out, err }: Output) {
  return defineCommand({
    meta: { name: "check" },
    args: { ...confOption, ...commonOptions },
    run({ args }) {
      const loaded = loadConfig(args.conf, process.env);
      for (const warning of loaded.warnings) err(warning);
      out(effectiveToml(loaded));
      return 0;
    },
  });
}
