import { type ArgsDef, type CommandDef, runCommand } from "citty";
import { ConfigErrors } from "../app/config/index.ts";
import { UserError } from "../base/errors.ts";
import { nearest } from "../base/suggest.ts";
import { checkCommand } from "./check.ts";
import { checkArguments, commonOptions, confOption, givenOptions } from "./options.ts";
import type { Output } from "./output.ts";
import { serveCommand } from "./serve.ts";
import { type UsageLine, usage } from "./usage.ts";
import { commit, version } from "./version.ts";

interface Command {
  readonly line: UsageLine;
  /** Runs with the arguments after the command's name; the exit code. */
  run(argv: readonly string[]): Promise<number>;
}

const versionLine = `srs ${version} (${commit})`;

const options: ArgsDef = { ...confOption, ...commonOptions };

/** Runs one command line, without the program's name; the exit code. Mistakes of the operator's are told, not thrown. */
export async function run(argv: readonly string[], output: Output): Promise<number> {
  try {
    return await dispatch(argv, output);
  } catch (error) {
    if (!(error instanceof UserError)) throw error;
    const lines = error instanceof ConfigErrors ? error.lines : [`srs: ${oneLine(error.message)}`];
    for (const line of lines) output.err(line);
    return 1;
  }
}

async function dispatch(argv: readonly string[], output: Output): Promise<number> {
  const serve = command("srs --conf FILE", "Run the server", serveCommand);
  const check = command("srs check --conf FILE", "Print the configuration with every default", checkCommand(output));
  const commands: ReadonlyMap<string, Command> = new Map([["check", check]]);

  const name = argv[0]?.startsWith("-") ? undefined : argv[0];
  const chosen = name === undefined ? serve : commands.get(name);
  if (chosen === undefined) throw new UserError(unknownCommand(String(name), [...commands.keys()]));
  const rest = name === undefined ? argv : argv.slice(1);
  const given = givenOptions(rest, options);
  if (given.has("help")) {
    const shown = name === undefined ? [serve, ...commands.values()] : [chosen];
    const calls = shown.map(({ line }) => line);
    output.out(usage(`${versionLine}, an RTMP server`, calls, options));
    return 0;
  }
  if (given.has("version")) {
    output.out(versionLine);
    return 0;
  }
  checkArguments(rest, options);
  return chosen.run(rest);
}

function command<A extends ArgsDef>(call: string, does: string, definition: CommandDef<A>): Command {
  return {
    line: { call, does },
    async run(argv) {
      const { result } = await runCommand(definition, { rawArgs: [...argv] });
      return typeof result === "number" ? result : 0;
    },
  };
}

function unknownCommand(name: string, known: readonly string[]): string {
  const meant = nearest(name, known);
  return `unknown command "${name}"${meant === undefined ? "; srs --help lists them" : `; did you mean "${meant}"?`}`;
}

function oneLine(message: string): string {
  return message.replaceAll(/\s*\n\s*/g, " ");
}
