import { type ArgsDef, parseArgs } from "citty";
import { ConfigErrors } from "../app/config/index.ts";
import { errorLine } from "../app/standard-error.ts";
import { UserError } from "../base/errors.ts";
import { maskText } from "../base/mask.ts";
import { nearest } from "../base/suggest.ts";
import type { Command } from "./command.ts";
import { checkArguments, withoutPositionals } from "./options.ts";
import type { Output } from "./output.ts";
import { otherServersWord } from "./plain-words.ts";
import { type UsageLine, usage } from "./usage.ts";

/** Commands that begin with the same words. */
export interface CommandSet {
  /** The words. */
  readonly name: string;
  /** Its line in the help of the set around it. */
  readonly line: UsageLine;
  readonly commands: ReadonlyMap<string, Command | CommandSet>;
  /** The command for the words alone, if any. */
  readonly alone: Command | undefined;
  /** Shown by the set's own help. */
  readonly options: ArgsDef;
  /** The exit code for a wrong command line. */
  readonly mistake: number;
  /** The output of `--version`, and the first line of the help. */
  readonly version: string;
}

/** Finds and runs the command of a command line; returns the exit code. Mistakes of the operator are reported, not thrown. */
export async function dispatch(set: CommandSet, argv: readonly string[], output: Output): Promise<number> {
  const name = argv[0]?.startsWith("-") ? undefined : argv[0];
  const chosen = name === undefined ? set.alone : set.commands.get(name);
  const rest = name === undefined ? argv : argv.slice(1);
  if (chosen !== undefined && "commands" in chosen) return dispatch(chosen, rest, output);
  try {
    if (name !== undefined && chosen === undefined) throw new UserError(unknownCommand(set, name));
    if (answer(set, name === undefined ? undefined : chosen, rest, output)) return 0;
    if (chosen === undefined) throw new UserError(`${set.name} what? ${[...set.commands.keys()].join(", ")}`);
    checkArguments(rest, chosen.options, `${set.name} --help`);
  } catch (error) {
    return reportMistake(error, output, set.mistake);
  }
  return chosen.run(rest).catch((error) => reportMistake(error, output, 1));
}

/** Reports a mistake of the operator and returns `code`; throws any other error. */
export function reportMistake(error: unknown, output: Output, code: number): number {
  if (!(error instanceof UserError)) throw error;
  // A mistake in a file may be in a target with a key, and under systemd this goes to the journal.
  const lines =
    error instanceof ConfigErrors ? error.lines.map(maskText) : [`srs: ${error.message.replaceAll(/\s*\n\s*/g, " ")}`];
  for (const line of lines) output.err(errorLine(line));
  return code;
}

/** Answers `--help` and `--version`, for one command or the whole set; false when neither is given. */
function answer(set: CommandSet, chosen: Command | undefined, argv: readonly string[], output: Output): boolean {
  const { alone, commands, version } = set;
  const options = withoutPositionals((chosen ?? set).options);
  const given = parseArgs([...argv], options);
  const all = [...(alone === undefined ? [] : [alone]), ...commands.values()];
  if (given.help === true) {
    const lines = (chosen === undefined ? all : [chosen]).map(({ line }) => line);
    output.out(usage(`${version}, an RTMP server`, lines, options));
  } else if (given.version === true) output.out(version);
  else return false;
  return true;
}

function unknownCommand({ name: before, commands }: CommandSet, name: string): string {
  const written = [...before.split(" ").slice(1), name].join(" ");
  const elsewhere = otherServersWord(written);
  if (elsewhere !== undefined) return `there is no command "${written}": ${elsewhere}`;
  const meant = nearest(name, [...commands.keys()]);
  return `unknown command "${written}"${meant === undefined ? `; ${before} --help lists them` : `; did you mean "${meant}"?`}`;
}
