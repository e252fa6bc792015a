import { defineCommand } from "citty";
import { effectiveToml, loadConfig } from "../app/config/index.ts";
import { commonOptions, confOption, confPath } from "./options.ts";
import type { Output } from "./output.ts";

/** `srs check`: prints the effective configuration; a wrong one throws. */
export function checkCommand({ out }: Output) {
  return defineCommand({
    meta: { name: "check" },
    args: { ...confOption, ...commonOptions },
    run({ args }) {
      out(effectiveToml(loadConfig(confPath(args)).config));
      return 0;
    },
  });
}
