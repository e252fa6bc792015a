import type { ArgsDef } from "citty";
import { benchOptions, bothCommand, playCommand, publishCommand } from "./bench.ts";
import { checkCommand, checkOptions } from "./check.ts";
import { convertCommand, convertOptions } from "./convert.ts";
import { type Command, type CommandSet, command, dispatch } from "./dispatch.ts";
import { commonOptions, confOption } from "./options.ts";
import type { Output } from "./output.ts";
import { reloadCommand } from "./reload.ts";
import { serveCommand } from "./serve.ts";
import { signCommand, signOptions } from "./sign.ts";
import { upgradeCommand } from "./upgrade.ts";
import { commit, version } from "./version.ts";

const versionLine = `srs ${version} (${commit})`;

const confOptions: ArgsDef = { ...confOption, ...commonOptions };

/** Runs one command line, without the program's name; the exit code. Mistakes of the operator's are told, not thrown. */
export async function run(argv: readonly string[], output: Output): Promise<number> {
  const check = command(
    "srs check --conf FILE",
    "Print the configuration in effect, and where each value comes from; --probe looks around it",
    checkOptions,
    checkCommand(output),
  );
  const convert = command(
    "srs convert FILE",
    "Print a configuration of SRS's (.conf) as TOML",
    convertOptions,
    convertCommand(output),
  );
  const reload = command(
    "srs reload --conf FILE",
    "Have the running server take the changed file",
    confOptions,
    reloadCommand(output),
  );
  const sign = command(
    "srs sign URL --conf FILE",
    "Sign a URL that somebody may publish to or play, for a time",
    signOptions,
    signCommand(output),
  );
  const upgrade = command(
    "srs upgrade --conf FILE",
    "Have the running server start this program in its place",
    confOptions,
    upgradeCommand(output),
  );
  const root: CommandSet = {
    name: "srs",
    line: { call: "srs", does: "" },
    alone: command("srs --conf FILE", "Run the server", confOptions, serveCommand),
    commands: new Map<string, Command | CommandSet>([
      ["check", check],
      ["convert", convert],
      ["reload", reload],
      ["upgrade", upgrade],
      ["sign", sign],
      ["bench", benchCommands(output)],
    ]),
    options: confOptions,
    mistake: 1,
    version: versionLine,
  };
  return dispatch(root, argv, output);
}

function benchCommands(output: Output): CommandSet {
  const { play, publish, both } = benchOptions;
  return {
    name: "srs bench",
    line: { call: "srs bench play|publish|both URL", does: "Measure a server (srs bench --help says how)" },
    alone: undefined,
    commands: new Map([
      ["play", command("srs bench play URL", "Play a stream many times", play, playCommand(output))],
      [
        "publish",
        command(
          "srs bench publish URL",
          "Publish streams; {} in the URL is the number of each",
          publish,
          publishCommand(output),
        ),
      ],
      ["both", command("srs bench both URL", "Publish a stream and play it many times", both, bothCommand(output))],
    ]),
    options: { ...play, ...publish, ...both },
    mistake: 2,
    version: versionLine,
  };
}
