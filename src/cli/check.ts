import { defineCommand } from "citty";
import { effectiveToml, loadConfig } from "../app/config/index.ts";
import { examinedOf } from "../app/examine.ts";
import { systemProbes } from "../app/system-probes.ts";
import { examine } from "../features/doctor/examine.ts";
import { commonOptions, confOption, ignoredNames } from "./options.ts";
import type { Output } from "./output.ts";

/** The exit code when the configuration is right and something around it is not. */
const PROBLEMS = 2;

/** What `srs check` is told. */
export const checkOptions = {
  ...confOption,
  probe: { type: "boolean", description: "Look at ports, files and limits, and dial every target and origin" },
  ...commonOptions,
} as const;

/** `srs check`: prints the effective configuration, or what is found around it (`--probe`); a wrong one throws. */
export function checkCommand({ out, err }: Output) {
  return defineCommand({
    meta: { name: "check" },
    args: checkOptions,
    async run({ args, rawArgs }) {
      const loaded = loadConfig(args.conf, process.env, ignoredNames(rawArgs));
      for (const warning of loaded.warnings) err(warning);
      if (!args.probe) {
        out(effectiveToml(loaded));
        return 0;
      }
      const { topology, problems } = await examine(examinedOf(loaded), args.conf, systemProbes(loaded.config));
      out(topology);
      for (const problem of problems) err(problem);
      if (problems.length > 0) return PROBLEMS;
      out("no problem found");
      return 0;
    },
  });
}
