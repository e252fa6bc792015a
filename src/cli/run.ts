import { benchCommands } from "./bench.ts";
import { checkCommand } from "./check.ts";
import type { Command } from "./command.ts";
import { convertCommand } from "./convert.ts";
import { type CommandSet, dispatch } from "./dispatch.ts";
import { forwardCommands, kickCommand, switchCommand } from "./operate.ts";
import type { Output } from "./output.ts";
import { plainWords } from "./plain-words.ts";
import { reloadCommand } from "./reload.ts";
import { serveCommand, serveOptions } from "./serve.ts";
import { signCommand } from "./sign.ts";
import { statusCommand, topCommand } from "./status.ts";
import { upgradeCommand } from "./upgrade.ts";
import { commit, version } from "./version.ts";

const versionLine = `srs ${version} (${commit})`;

/** All commands, in the order of the help. */
export function rootCommands(output: Output): CommandSet {
  return {
    name: "srs",
    line: { call: "srs", does: "" },
    alone: serveCommand(output),
    commands: new Map<string, Command | CommandSet>([
      ["check", checkCommand(output)],
      ["convert", convertCommand(output)],
      ["reload", reloadCommand(output)],
      ["upgrade", upgradeCommand(output)],
      ["status", statusCommand(output)],
      ["top", topCommand(output)],
      ["kick", kickCommand(output)],
      ["forward", forwardCommands(output, versionLine)],
      ["switch", switchCommand(output)],
      ["sign", signCommand(output)],
      ["bench", benchCommands(output, versionLine)],
    ]),
    options: serveOptions,
    mistake: 1,
    version: versionLine,
  };
}

/** Runs one command line, without the program's name; returns the exit code. Mistakes of the operator are reported, not thrown. */
export async function run(argv: readonly string[], output: Output): Promise<number> {
  return dispatch(rootCommands(output), plainWords(argv), output);
}
