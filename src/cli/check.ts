import type { ArgsDef } from "citty";
import { effectiveToml, loadConfig } from "../app/config/index.ts";
import { examinedOf } from "../app/examine.ts";
import { FfmpegCheck } from "../app/ffmpeg-check.ts";
import { systemProbes } from "../app/system-probes.ts";
import { examine } from "../features/doctor/examine.ts";
import { type Command, command } from "./command.ts";
import { commonOptions, confOption, ignoredNames } from "./options.ts";
import type { Output } from "./output.ts";

/** The exit code when the configuration is right and `--probe` finds a problem around it. */
const PROBLEMS = 2;

const options = {
  ...confOption,
  probe: { type: "boolean", description: "Examine ports, files and limits, and dial every target and origin" },
  ...commonOptions,
} as const satisfies ArgsDef;

/** `srs check`: prints the effective configuration, or the findings of `--probe`; a wrong configuration throws. */
export function checkCommand({ out, err }: Output): Command {
  return command({
    call: "srs check --conf FILE",
    does: "Print the configuration in effect and the source of each value; --probe also examines ports, files, limits and targets",
    options,
    async run(args, argv) {
      const loaded = loadConfig(args.conf, process.env, ignoredNames(argv));
      const ffmpegWarnings = await new FfmpegCheck().refuse(loaded.config);
      for (const warning of [...loaded.warnings, ...ffmpegWarnings]) err(warning);
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
