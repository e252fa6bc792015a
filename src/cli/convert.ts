import type { ArgsDef } from "citty";
import { convertConfig } from "../app/config/convert.ts";
import { errorLine } from "../app/standard-error.ts";
import { UserError } from "../base/errors.ts";
import { maskText } from "../base/mask.ts";
import { type Command, command } from "./command.ts";
import { commonOptions } from "./options.ts";
import type { Output } from "./output.ts";

/** The exit code when the TOML does not express everything in the file. */
const LEFT_OUT = 2;

const options = {
  file: { type: "positional", required: false },
  ...commonOptions,
} as const satisfies ArgsDef;

/** `srs convert FILE`: prints a configuration as the shortest equivalent TOML, as far as this server has the features. */
export function convertCommand({ out, err }: Output): Command {
  return command({
    call: "srs convert FILE",
    does: "Print a configuration of SRS's (.conf) as TOML",
    options,
    run(args) {
      if (args.file === undefined) throw new UserError("which file? Give it as in srs convert srs.conf");
      const { toml, messages, isWhole } = convertConfig(args.file);
      for (const message of messages) err(errorLine(maskText(message)));
      out(toml);
      return isWhole ? 0 : LEFT_OUT;
    },
  });
}
