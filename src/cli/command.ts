import { type ArgsDef, type ParsedArgs, parseArgs } from "citty";
import type { UsageLine } from "./usage.ts";

/** One command, such as `srs check`. */
export interface Command {
  readonly line: UsageLine;
  readonly options: ArgsDef;
  /** Runs with the arguments after the command's name; returns the exit code. */
  run(argv: readonly string[]): Promise<number>;
}

/** The definition of a command. */
export interface CommandDefinition<A extends ArgsDef> {
  /** How to call it, and what it does: a line of the help. */
  readonly call: string;
  readonly does: string;
  readonly options: A;
  /** `args` are the values of the options by name, `argv` the words they were read from; the exit code. */
  run(args: ParsedArgs<A>, argv: readonly string[]): number | Promise<number>;
}

/** A command whose options are declared and read by citty. */
export function command<const A extends ArgsDef>({ call, does, options, run }: CommandDefinition<A>): Command {
  return {
    line: { call, does },
    options,
    run: async (argv) => run(parseArgs<A>([...argv], options), argv),
  };
}
